import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import type { Express } from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Letter } from './base/letters.ts'
import { KEY, OTHER_PASSWORD, PASSWORD } from './test-world.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const letters: Letter[] = []
let folder: string
let server: Server

/** The example of the README as it stands there, with the packages where they are in this repository. */
async function exampleApp(): Promise<Express> {
  const readme = readFileSync(join(HERE, 'README.md'), 'utf8')
  const [, code = ''] = /```ts\n(import \{ html\b.*?)```/s.exec(readme) ?? []
  const at = (path: string): string => JSON.stringify(pathToFileURL(join(HERE, '..', path)).href)
  const { port } = server.address() as AddressInfo
  const text = code
    .replace("'bulwark/accounts'", at('accounts/index.ts'))
    .replace("'bulwark/accounts/stores/sqlite'", at('accounts/stores/sqlite.ts'))
    .replace("'bulwark/express'", at('adapters/express.ts'))
    .replace("'bulwark/stores/sqlite'", at('stores/sqlite.ts'))
    .replace("'bulwark'", at('index.ts'))
    .replace("'express'", JSON.stringify(pathToFileURL(createRequire(import.meta.url).resolve('express')).href))
    .replace(
      "import { mailer } from './mailer.ts'",
      'const mailer = { send: (letter) => globalThis.exampleLetters.push(letter) }',
    )
    .replace('process.env.BULWARK_KEYS', JSON.stringify(KEY))
    .replaceAll("'journal.db'", JSON.stringify(join(folder, 'journal.db')))
    .replace("'https://journal.example'", `'http://localhost:${port}'`)
    .replace('...policy, accessControl', 'onEvent() {}, ...policy, accessControl')
    .replace('app.listen(3000)', 'export { app }')
  Object.assign(globalThis, { exampleLetters: letters })
  const file = join(folder, 'example.mjs')
  writeFileSync(file, (await transform(text, { loader: 'ts' })).code)
  return ((await import(/* @vite-ignore */ file)) as { app: Express }).app
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-accounts-'))
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.on('request', await exampleApp())
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  rmSync(folder, { recursive: true })
})

/** A browser as far as cookies and forms go. */
function newBrowser() {
  const jar = new Map<string, string>()
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  return async (path: string, form?: Record<string, string>) => {
    const answer = await fetch(new URL(path, origin), {
      redirect: 'manual',
      headers: { origin, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/)
      jar.set(name, value)
    }
    return { status: answer.status, to: answer.headers.get('location'), text: await answer.text() }
  }
}

/** The link of the newest letter, once one has come since. */
async function nextLink(count: number): Promise<URL> {
  for (let i = 0; i < 200 && letters.length <= count; i++) await new Promise((resolve) => setTimeout(resolve, 10))
  return new URL(/http\S+/.exec(letters.at(-1)?.text ?? '')?.[0] ?? '')
}

test('the example of the README carries an account through its life', async () => {
  const browser = newBrowser()
  const ann = { email: 'ann@example.org', password: PASSWORD }
  expect(await browser('/account')).toMatchObject({ status: 401 })
  expect(await browser('/register', { ...ann, password: 'short' })).toMatchObject({
    status: 422,
    text: expect.stringContaining('at least 15 characters'),
  })
  expect(await browser('/register', ann)).toMatchObject({ status: 303, to: '/check-your-mail' })
  const link = await nextLink(0)
  const token = link.searchParams.get('token') ?? ''
  for (let i = 0; i < 2; i++) expect((await browser(link.href)).text).toContain(`value="${token}"`)
  expect(await browser('/verify-email', { token })).toMatchObject({ status: 303, to: '/' })
  expect(JSON.parse((await browser('/account')).text)).toMatchObject({ email: ann.email, roles: ['reader'] })

  const phone = newBrowser()
  expect(await phone('/sign-in', { ...ann, password: OTHER_PASSWORD })).toMatchObject({
    status: 401,
    text: '<p role="alert">The e-mail address or the password is wrong.</p>',
  })
  expect(await phone('/sign-in', ann)).toMatchObject({ status: 303, to: '/' })
  expect(await phone('/account')).toMatchObject({ status: 200 })

  const count = letters.length
  expect(await browser('/forgot', ann)).toMatchObject({ status: 303 })
  const reset = (await nextLink(count)).searchParams.get('token') ?? ''
  expect(await browser('/reset-password', { token: reset, password: OTHER_PASSWORD })).toMatchObject({ to: '/sign-in' })
  expect(await phone('/account')).toMatchObject({ status: 401 })
  expect(await browser('/reset-password', { token: reset, password: PASSWORD })).toMatchObject({ status: 400 })

  expect(await browser('/sign-in', { ...ann, password: OTHER_PASSWORD })).toMatchObject({ to: '/' })
  expect(await browser('/close', {})).toMatchObject({ status: 303, to: '/' })
  expect(await browser('/account')).toMatchObject({ status: 401 })
  expect(await browser('/sign-in', { ...ann, password: OTHER_PASSWORD })).toMatchObject({ status: 401 })
})
