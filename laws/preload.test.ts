import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUNDLED, bundlePreloads, differencesFrom, writeBundle } from '../scripts/bundle.ts'
import { importsOf } from './imports.ts'
import { borrow, emptyFolder, type Packed, packAll, program, unpack } from './packed.ts'
import { ROOT } from './tree.ts'

const tarballs = emptyFolder()
const home = emptyFolder()
const planted = emptyFolder()
let files: ReadonlyMap<string, string>
let packed: Packed

beforeAll(async () => {
  files = await bundlePreloads()
  packed = (await packAll(tarballs)).library
  await unpack(packed, 'bulwark', home)
  borrow('express', home)
  writeFileSync(join(home, 'app.mjs'), APP)
}, 60_000)

afterAll(() => {
  for (const folder of [tarballs, home, planted]) rmSync(folder, { recursive: true, force: true })
})

test('the preloads that were built are made of the sources as they are now: run "npm run build"', () => {
  expect(differencesFrom(files, join(ROOT, BUNDLED))).toEqual([])
})

test('a bundle that is older than its modules, incomplete, or not alone would be found', () => {
  expect(differencesFrom(files, join(planted, 'missing'))).toEqual([...files.keys()])
  writeBundle(files, planted)
  expect(differencesFrom(files, planted)).toEqual([])
  writeFileSync(join(planted, 'shared.js'), `${files.get('shared.js')}// older\n`)
  writeFileSync(join(planted, 'shared-2.js'), '')
  expect(differencesFrom(files, planted).sort()).toEqual(['shared-2.js', 'shared.js'])
  writeBundle(files, planted)
  expect(differencesFrom(files, planted)).toEqual([])
})

test('a preload is one file behind its entry, with nothing but Node beside it, and the package holds no second form of it', () => {
  const imports = (name: string): unknown[] =>
    importsOf(name, files.get(name) ?? '')
      .map(({ specifier }) => specifier)
      .filter((specifier) => !specifier?.startsWith('node:'))
  expect([...files.keys()].sort()).toEqual(['preload-baseline.js', 'preload.js', 'shared.js'])
  expect(imports('preload.js')).toEqual(['./shared.js'])
  expect(imports('shared.js')).toEqual([])
  expect(imports('preload-baseline.js')).toEqual(['./shared.js'])
  expect(packed.files.filter((path) => /preload|bundled/.test(path)).sort()).toEqual([
    'dist/bundled/preload-baseline.js',
    'dist/bundled/preload.js',
    'dist/bundled/shared.js',
    'dist/preload-baseline.d.ts',
    'dist/preload.d.ts',
  ])
})

/** An app with a policy of its own, and so with a second copy of everything. It asks itself, and prints what it was answered. */
const APP = `
import { subscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import Module from 'node:module'
import net from 'node:net'
import vm from 'node:vm'
const functions = () => [fs.readFileSync, fs.promises.open, vm.Script, Function, Module._load, net.Socket.prototype.connect, fetch]
const before = functions()
const { BlockedError, BulwarkError } = await import('bulwark')
const { bulwark } = await import('bulwark/express')
const { default: express } = await import('express')

const events = []
subscribe('bulwark:event', ({ guard, outcome }) => {
  if (outcome === 'denied') events.push(guard)
})
const app = express()
app.use(bulwark({ mode: 'enforce', headers: {}, ssrf: { allow: ['127.0.0.1'] }, runtimeVersion: { off: 'not the subject' } }))
app.get('/own', (req, res) => res.send('own'))
app.get('/thrown', (req, res) => res.send(fs.readFileSync('/srv/none/' + req.query.q)))
app.get('/caught', (req, res) => {
  try {
    fs.readFileSync('/srv/none/' + req.query.q)
  } catch (error) {
    res.json([error.name, error instanceof BlockedError, error instanceof BulwarkError, error instanceof TypeError])
  }
})
app.get('/called', async (req, res) => res.send(await (await fetch(req.query.q)).text()))
const server = app.listen(0, '127.0.0.1', async () => {
  const origin = 'http://127.0.0.1:' + server.address().port
  const ask = async (path, q) => {
    const answer = await fetch(origin + path + '?q=' + encodeURIComponent(q))
    const text = await answer.text()
    const policies = answer.headers.get('content-security-policy')?.split(', ').length ?? 0
    return [answer.status, /json/.test(answer.headers.get('content-type')) ? JSON.parse(text) : text, policies]
  }
  const out = { thrown: await ask('/thrown', '../../etc/passwd'), caught: await ask('/caught', '../../etc/passwd') }
  out.called = await ask('/called', origin + '/own')
  out.events = events
  out.once = functions().every((one, i) => one === before[i])
  console.log(JSON.stringify(out))
  process.exit()
})
`

describe('an app that has a policy of its own', () => {
  interface Told {
    readonly thrown: readonly [number, { readonly status: number; readonly incident: string }, number]
    readonly caught: readonly unknown[]
    readonly called: readonly unknown[]
    readonly events: readonly string[]
    readonly once: boolean
  }

  test.each(['bulwark/firewall', 'bulwark/baseline', 'bulwark/firewall bulwark/baseline'])(
    'and what was packed as %s know the same of it',
    async (names) => {
      const preloads = names.split(' ').flatMap((name) => ['--import', name])
      const { out, err } = await program(process.execPath, ['--no-warnings', ...preloads, 'app.mjs'], home)
      expect(out, err).not.toBe('')
      const told = JSON.parse(out) as Told
      // The adapter of the one copy answers a call that the other one has stopped.
      expect([told.thrown[0], told.thrown[1].status]).toEqual([403, 403])
      expect(told.thrown[1].incident).toMatch(/^[0-9a-f]{16}$/)
      expect(told.caught[1]).toEqual(['BlockedError', true, true, false])
      expect(told.called.slice(0, 2)).toEqual([200, 'own'])
      expect(told.events).toEqual(['path-traversal', 'path-traversal'])
      expect(told.once, 'functions of Node.js were replaced once').toBe(true)
    },
    30_000,
  )

  test('reads its own lines in a stack, and names of Bulwark behind them', async () => {
    const script = `import http from 'node:http'
import { readFileSync } from 'node:fs'
const server = http.createServer(function answer(req, res) {
  try { readFileSync('/srv/none/' + new URL(req.url, 'http://a').searchParams.get('q')) } catch (error) { res.end(error.stack) }
}).listen(0, '127.0.0.1', async () => {
  console.log(await (await fetch('http://127.0.0.1:' + server.address().port + '/?q=../../etc/passwd')).text())
  process.exit()
})`
    writeFileSync(join(home, 'stack.mjs'), script)
    const { out, err } = await program(process.execPath, ['--import', 'bulwark/firewall', 'stack.mjs'], home)
    expect(out, err).toMatch(/^BlockedError: BULWARK_CALL_BLOCKED/)
    expect(out).toMatch(/at consult \(.*bundled\/shared\.js:\d+/)
    expect(out).toMatch(/at Server\.answer \(.*stack\.mjs:4/)
  })
})
