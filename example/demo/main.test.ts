import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, believe } from '../wire.ts'

const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulwark-demo-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('with --once it ends by itself, with the result for people and for programs', async () => {
  const { code, out, err } = await start('--once', '--only', 'csrf/cross-site-form', '--json', 'result.json').ended
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^csrf\/cross-site-form +✗ POST \/\S+ → 303 +✓ csrf$/m)
  // Nothing but text where nobody is watching.
  expect(out).not.toContain('\u001b')
  const { attacks, totals } = JSON.parse(await readFile(join(folder, 'result.json'), 'utf8'))
  expect(attacks).toMatchObject([
    {
      id: 'csrf/cross-site-form',
      risk: 'csrf',
      unsafe: 'proven',
      protected: 'disproven',
      stoppedBy: 'csrf',
      honest: 'passes',
    },
  ])
  expect(totals).toMatchObject({ attacks: 1, provenOnUnsafe: 1, provenOnProtected: 0 })
  expect(await readFile(join(folder, 'bulwark-demo.html'), 'utf8')).toContain('csrf/cross-site-form')
}, 150_000)

test('without it the protected blog stays, the unsafe one does not, and a signal ends everything with 0', async () => {
  const demo = start('--only', 'fingerprint/product-header')
  const shown = await demo.says('Ctrl-C ends it')
  const [unsafe = '', blog = ''] = shown.match(/https:\/\/127\.0\.0\.1:\d+/g) ?? []
  for (const origin of [unsafe, blog]) believe(origin)
  expect((await ask(blog, { path: '/' })).status).toBe(200)
  await expect(ask(unsafe, { path: '/' })).rejects.toThrow('ECONNREFUSED')
  demo.stop()
  expect((await demo.ended).code).toBe(0)
  await expect(ask(blog, { path: '/' })).rejects.toThrow('ECONNREFUSED')
}, 150_000)

test('a run that is ended early is no success', async () => {
  const demo = start()
  await demo.says('─')
  demo.stop()
  const { code, out } = await demo.ended
  expect(code).toBe(130)
  expect(out).toContain('Ended early.')
}, 150_000)

test.each([
  [['--twice'], 'Unknown option'],
  [['--only', 'no-such-thing'], 'is called no-such-thing'],
  [['--json', 'no-such-folder/result.json'], 'cannot be written'],
])(
  '%s is wrong usage: it says so and ends with 2 before anything is attacked',
  async (args, words) => {
    const { code, out, err } = await start(...args).ended
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(words)
  },
  150_000,
)

interface Demo {
  readonly ended: Promise<{ readonly code: number; readonly out: string; readonly err: string }>
  /** Waits until the words are on the screen, and answers all of it. */
  says(words: string): Promise<string>
  stop(): void
}

function start(...args: string[]): Demo {
  const file = new URL('./main.ts', import.meta.url)
  const child = spawn(process.execPath, ['--import', loader, file.pathname, ...args], { cwd: folder })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return {
    ended: once(child, 'close').then(([code]) => ({ code: Number(code), out, err })),
    says: async (words) => {
      while (!out.includes(words))
        await Promise.race([
          once(child.stdout, 'data'),
          once(child, 'close').then(() => Promise.reject(new Error(err))),
        ])
      return out
    },
    stop: () => void child.kill('SIGTERM'),
  }
}
