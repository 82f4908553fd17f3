import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudit } from 'bulwark/audit'
import { makeKey } from 'bulwark/keys'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'
import type { LoadedApp } from '../routes/load.ts'
import { probeReport, scanResult } from './samples.ts'

const [KEY, MASTER] = [makeKey(), makeKey()]
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const app: LoadedApp = {
  ...{ name: 'blog', roles: ['guest'], permissions: { 'post:read': { guest: 'yes' } } },
  routes: [{ method: 'GET', path: '/', allow: 'post:read', at: 'a.js:1', isDeclared: true, loadsObject: false }],
}

let home = ''
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'bulwark-cli-json-'))
  writeFileSync(join(home, 'app.js'), '')
  const trail = openAudit({ folder: join(home, 'trail'), keys: KEY, app: 'journal', events: false })
  trail.add({ action: 'post.delete', by: 'u1', security: { id: 'i1', ip: '192.0.2.1' } })
  await trail.flush()
  trail.close()
  await bulwark('keys new --file keys.sealed')
  await bulwark('keys rotate --file keys.sealed')
  await bulwark('secrets set TOKEN', 'a b')
  await bulwark('tls dev app.bulwark.test')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

async function bulwark(line: string, input = ''): Promise<string> {
  let out = ''
  const io = {
    ...{ version: '1.2.3', cwd: home, width: 80, colour: false, live: false },
    env: { BULWARK_KEYS: KEY, BULWARK_MASTER_KEY: MASTER },
    out: (text: string) => void (out += text),
    err: () => {},
    interrupted: () => new AbortController().signal,
    input: async () => input,
    scanner: async () => ({ scan: async () => scanResult }),
    prober: async () => ({ probe: async () => probeReport, exitCodeOf: () => 0, probes: [] }),
    routes: async () => ({ apps: [app] }),
  } as unknown as Io
  await run(line.split(' '), io)
  return out
}

/** Every value in a document, with the keys that lead to it. */
function* valuesIn(value: unknown, path = ''): Generator<readonly [path: string, value: unknown]> {
  if (typeof value !== 'object' || value === null) yield [path, value]
  else for (const [key, each] of Object.entries(value)) yield* valuesIn(each, `${path}/${key}`)
}

/** Each command that knows --json, by what its document calls itself. */
const COMMANDS: Readonly<Record<string, string>> = {
  'scan --json': 'bulwark scan',
  'probe http://127.0.0.1:1 --json': 'bulwark probe',
  'routes app.js --json': 'bulwark routes',
  'keys status --json': 'bulwark keys status',
  'keys status --json --file keys.sealed': 'bulwark keys status',
  'secrets get --json': 'bulwark secrets get',
  'secrets get TOKEN --json': 'bulwark secrets get',
  'tls check .bulwark/authority.pem --json': 'bulwark tls check',
  'audit verify trail --json': 'bulwark audit verify',
  'audit show trail --json': 'bulwark audit show',
  'explain --json': 'bulwark explain',
  'explain csrf --json': 'bulwark explain',
  'explain csrf/cross-site-form --json': 'bulwark explain',
  'explain BULWARK_SIZE_INVALID --json': 'bulwark explain',
}

describe.each(Object.entries(COMMANDS))('%s', (line, tool) => {
  test('says its form, who wrote it, and times as texts of ISO 8601 in UTC', async () => {
    const out = await bulwark(line)
    // The trail is lines, each of them a document.
    const documents = line.startsWith('audit show') ? out.trim().split('\n') : [out]
    expect(documents.length).toBeGreaterThan(0)
    for (const text of documents) {
      const document = JSON.parse(text) as Record<string, unknown>
      expect(document).toMatchObject({ form: 1, tool, version: '1.2.3' })
      expect(Object.keys(document).slice(0, 3)).toEqual(['form', 'tool', 'version'])
      for (const [path, value] of valuesIn(document)) {
        // Milliseconds or seconds since 1970 would be as large.
        if (typeof value === 'number') expect(value, path).toBeLessThan(1e9)
        if (typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]/.test(value)) expect(value, path).toMatch(ISO)
      }
    }
  })
})

test('the times are there', async () => {
  expect(JSON.parse(await bulwark('probe http://127.0.0.1:1 --json')).started).toMatch(ISO)
  expect(JSON.parse(await bulwark('tls check .bulwark/authority.pem --json')).certificate.expires).toMatch(ISO)
  const { keys } = JSON.parse(await bulwark('keys status --json --file keys.sealed'))
  const next = keys.find(({ activeFrom }: { activeFrom?: string }) => activeFrom !== undefined)
  expect(next).toMatchObject({ created: expect.stringMatching(ISO), activeFrom: expect.stringMatching(ISO) })
})

test('secrets are read by their names', async () => {
  expect(JSON.parse(await bulwark('secrets get --json'))).toMatchObject({ names: ['TOKEN'] })
  expect(JSON.parse(await bulwark('secrets get TOKEN --json'))).toMatchObject({ name: 'TOKEN', value: 'a b' })
})

test('no command writes a document in another way', () => {
  const cli = new URL('../', import.meta.url).pathname
  for (const folder of ['commands', 'db', 'routes']) {
    for (const file of readdirSync(join(cli, folder)).filter((name) => /(?<!\.test)\.ts$/.test(name))) {
      const source = readFileSync(join(cli, folder, file), 'utf8')
      const isOwn = /JSON\.stringify\([^)]*(?:undefined|null), 2\)|out\(.*JSON\.stringify/.test(source)
      expect([`${folder}/${file}`, isOwn]).toEqual([`${folder}/${file}`, false])
    }
  }
})
