import type { BlogOptions } from '../blog/app.ts'

/** How the demo's blog differs from the one that `npm start` runs: in nothing. */
export const demoPolicy: NonNullable<BlogOptions['policy']> = {}
