import { startBlog } from './blog/app.ts'

const { origin } = await startBlog({ port: Number(process.env['PORT'] ?? 0) })
console.log(`The blog is at ${origin}. Sign in as ada (correct horse battery) or grace (hopper rows the boat).`)
