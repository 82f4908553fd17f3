import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readAudit, verifyAudit } from 'bulwark/audit'
import { keyRing } from 'bulwark/keys'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startBlog } from './blog/app.ts'
import { openBrowser } from './browser.ts'
import { type Credentials, grace, mary } from './shared/seed.ts'

const keys = 'bL0g-audit-4d8c1e7a9f2b6d3c5e0f-of-this-test'
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blog-audit-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

test('what an admin does to people, and what others were stopped from doing, is in the trail', async () => {
  const blog = await startBlog({ keys, audit: folder, onEvent: () => {} })
  const signedIn = async ({ email, password }: Credentials) => {
    const mine = openBrowser(blog.origin)
    expect((await mine.submit('/sign-in', '/sign-in', { email, password })).status).toBe(303)
    return mine
  }
  const [admin, author] = [await signedIn(mary), await signedIn(grace)]
  expect((await author.visit('/admin')).status).toBe(403)
  const page = (await admin.visit('/admin')).text
  const id = /admin\/people\/([^/"]+)\/role/.exec(page)?.[1] ?? ''
  expect((await admin.submit('/admin', `/admin/people/${id}/role`, { role: 'admin' })).status).toBe(303)
  await blog.close()

  const entries: string[] = []
  for await (const line of readAudit(folder)) {
    if (line.do === 'did')
      entries.push(`${line.action} ${line.on} ${JSON.stringify(line.details)} by ${line.by && 'somebody'}`)
    if (line.do === 'event') entries.push(`${line.outcome} ${line.risk} ${line.path} by ${line.user && 'somebody'}`)
  }
  expect(entries).toContain(`person.role person ${id} {"role":"admin"} by somebody`)
  expect(entries).toContain('denied missing-authorization /admin by somebody')
  expect(entries.some((entry) => entry.startsWith('reported account-takeover'))).toBe(true)
  expect(await verifyAudit(folder, keyRing(keys))).toMatchObject({ verdict: 'whole', files: [{ isEnded: true }] })
})
