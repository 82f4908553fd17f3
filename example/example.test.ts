import { startBlog } from './blog/app.ts'
import { blogSuite } from './suite.ts'
import { startUnsafe } from './unsafe/app.ts'

blogSuite('the blog', () => startBlog({ policy: (own) => ({ ...own, proxies: 'loopback' }), onEvent: () => {} }))
blogSuite('the unsafe twin', startUnsafe)
