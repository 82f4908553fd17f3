import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBlog } from './blog/app.ts'
import { mistakes, toVictim, type Victim } from './mistakes.ts'
import { startUnsafe } from './unsafe/app.ts'
import { draftOf } from './unsafe/drafts.ts'

test('what the twin runs for strangers can reach nothing of this process', async () => {
  const ways = [
    'typeof process + typeof require',
    'this.constructor.constructor("return typeof process")()',
    '(() => { throw { get stack() { return process.pid } } })()',
    '(() => { for (;;); })()',
  ]
  for (const code of ways) {
    const draft = await draftOf(JSON.stringify({ title: `_$$ND_FUNC$$_${code}`, body: '' }))
    expect([code, ['undefinedundefined', '', undefined].includes(draft?.title)]).toEqual([code, true])
  }
})

describe.each([
  { name: 'the unsafe twin falls to it', start: startUnsafe, falls: true },
  {
    name: 'the blog does not',
    start: () => startBlog({ policy: (own) => ({ ...own, proxies: 'loopback' }), onEvent: () => {} }),
    falls: false,
  },
])('$name', { timeout: 60_000 }, ({ start, falls }) => {
  let victim: Victim
  let close: () => Promise<void>

  beforeAll(async () => {
    const blog = await start()
    victim = await toVictim(blog.origin)
    close = blog.close
  }, 60_000)
  afterAll(() => close())

  test.each(mistakes)('$title', async ({ attack }) => {
    expect(await attack(victim)).toBe(falls)
    // Whatever happened, it is still there for everybody else.
    expect((await victim.send({ path: '/health' })).status).toBe(200)
  })
})
