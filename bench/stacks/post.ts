import { z } from 'zod'

/** What every protected stack checks of a new post. Strict, as Bulwark's own `input` is. */
export const NewPost: z.ZodType<{ title: string; text: string; tags: string[]; draft: boolean }> = z.strictObject({
  title: z.string().min(1).max(120),
  text: z.string().max(5000),
  tags: z.array(z.string().max(30)).max(10),
  draft: z.boolean(),
})
