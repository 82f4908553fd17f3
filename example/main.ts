import { startBlog } from './blog/app.ts'

// Without keys of its own, people are signed out whenever the blog starts anew.
const keys = process.env['BULWARK_KEYS']
const { origin } = await startBlog({
  port: Number(process.env['PORT'] ?? 0),
  ...(keys && { policy: { keys } }),
})
console.log(`The blog is at ${origin}\nSign in as ada (correct horse battery) or as grace (hopper rows the boat).`)
