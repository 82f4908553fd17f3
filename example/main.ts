import { startBlog } from './blog/app.ts'

const { env } = process
const { origin } = await startBlog({
  port: Number(env['PORT'] ?? 0),
  file: env['BLOG_FILE'] ?? 'blog.db',
  databaseUrl: env['DATABASE_URL'],
  redisUrl: env['REDIS_URL'],
  // Without keys of its own, browsers that are known are forgotten whenever the blog starts anew.
  policy: (own) => ({ ...own, keys: env['BULWARK_KEYS'] }),
})
console.log(`The blog is at ${origin}
Sign in as ada (correct horse battery), as grace (hopper rows the boat), or as mary (fossils by the sea wall), who is an admin.`)
