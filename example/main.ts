import { startBlog } from './blog/app.ts'

const { env } = process
const { origin } = await startBlog({
  port: Number(env['PORT'] ?? 0),
  origin: env['BLOG_ORIGIN'],
  file: env['BLOG_FILE'] ?? 'blog.db',
  databaseUrl: env['DATABASE_URL'],
  redisUrl: env['REDIS_URL'],
  policy: (own) => ({
    ...own,
    // Without keys of its own, browsers that are known are forgotten whenever the blog starts anew.
    keys: env['BULWARK_KEYS'],
    proxies: env['BLOG_PROXY'] === 'loopback' ? 'loopback' : 'none',
  }),
})
console.log(`The blog is at ${origin}
Sign in as ada@example.org (correct horse battery), grace@example.org (hopper rows the boat),
or mary@example.org (fossils by the sea wall), who is an admin.`)
