import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningBlog, startBlog } from './blog/app.ts'
import { openBrowser } from './browser.ts'
import { ada } from './shared/seed.ts'
import type { Sql } from './shared/sql.ts'
import { openTables } from './shared/sqlite.ts'

const [FAILS, IS_WELL] = ['nothing can be written', 'all is well']

/** Takes the place of a power cut: from the outside, one of the two writes fails. */
const FAULTS: Readonly<Record<string, string>> = {
  'what everybody sees of somebody': 'BEFORE UPDATE ON people',
  'the account': 'BEFORE DELETE ON bulwark_accounts',
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulwark-closing-'))
})
afterAll(() => rm(folder, { recursive: true }))

test.each(Object.entries(FAULTS))(
  'an account is closed as a whole, also when %s could not be written',
  async (name, when) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.db`)
    const blog = await startBlog({ file, onEvent: () => {} })
    try {
      await closeTwice(blog, file, when)
    } finally {
      await blog.close()
    }
  },
  60_000,
)

async function closeTwice({ origin }: RunningBlog, file: string, when: string): Promise<void> {
  const fault = await openTables(file, ['SELECT 1'])
  const run = (text: string): Promise<unknown[]> => fault.all({ text, sql: text, values: [] } satisfies Sql)
  const browser = openBrowser(origin)
  expect((await browser.submit('/sign-in', '/sign-in', ada)).status).toBe(303)
  const close = () => browser.submit('/security/close', '/security/close', { password: ada.password })

  await run(`CREATE TRIGGER fault ${when} BEGIN SELECT RAISE(ABORT, '${FAILS}'); END`)
  expect((await close()).status).toBe(500)
  await run('DROP TRIGGER fault')

  // Whoever was told that it failed can still sign in, and do it again.
  const again = openBrowser(origin)
  expect([IS_WELL, (await again.submit('/sign-in', '/sign-in', ada)).status]).toEqual([IS_WELL, 303])
  const closed = await again.submit('/security/close', '/security/close', { password: ada.password })
  expect(closed.status).toBe(200)
  expect(closed.text).toContain('Your account is closed')

  expect((await openBrowser(origin).submit('/sign-in', '/sign-in', ada)).status).toBe(401)
  expect(await run('SELECT "displayName", website, bio FROM people WHERE id = \'1\'')).toEqual([
    { displayName: 'Somebody who left', website: '', bio: '' },
  ])
  await fault.close()
}
