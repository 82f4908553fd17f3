import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundlePreloads, writeBundle } from '../scripts/bundle.ts'

const FIXTURES = fileURLToPath(new URL('./protections/ssrf/fixtures/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'bulwark-outgoing-'))
const preload = join(folder, 'preload.js')
const preloadBaseline = join(folder, 'preload-baseline.js')

beforeAll(async () => {
  writeBundle(await bundlePreloads(), folder)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Starts an old app, asks it, and stops it. */
async function asked(file: string, env: Readonly<Record<string, string>>, paths: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, ['--no-warnings', '--import', preload, join(FIXTURES, file)], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  try {
    const port = await new Promise<string>((resolve, reject) => {
      child.stdout.once('data', (chunk) => resolve(String(chunk).trim()))
      child.once('exit', () => reject(new Error('the app did not start')))
    })
    const answers: string[] = []
    for (const path of paths) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`)
      answers.push(`${answer.status} ${await answer.text()}`)
    }
    return answers
  } finally {
    child.stdin.end()
  }
}

describe.each(['old-app.cjs', 'old-app.mjs'])('%s, which nobody touched', (file) => {
  test('calls what it chose itself, and no inner machine that a client named', async () => {
    const paths = ['/own', '/own?q=harbour', '/fetch?q=127.0.0.1', '/fetch?q=0x7f.1', '/request?q=localhost']
    expect(await asked(file, {}, paths)).toEqual([
      '200 inner',
      '200 inner',
      '403 BlockedError',
      '403 BlockedError',
      '403 BlockedError',
    ])
  }, 60_000)

  test('calls what its owner allowed', async () => {
    const paths = ['/fetch?q=127.0.0.1', '/request?q=localhost']
    expect(await asked(file, { BULWARK_SSRF_ALLOW: 'localhost, 127.0.0.0/8' }, paths)).toEqual([
      '200 inner',
      '200 inner',
    ])
  }, 60_000)

  test('computes sums, and nothing that acts', async () => {
    const paths = ['/sum?q=2*21', '/sum?q=process.pid', '/load?q=node:dgram']
    expect(await asked(file, {}, paths)).toEqual(['200 42', '403 BlockedError', '403 BlockedError'])
  }, 60_000)

  test('makes plain data of bytes, and nothing else', async () => {
    const revived = (value: unknown): string =>
      `/revive?q=${encodeURIComponent(v8.serialize(value).toString('base64'))}`
    const paths = [revived({ tea: 'Assam' }), revived({ tea: /(a+)+$/ })]
    expect(await asked(file, {}, paths)).toEqual(['200 object', '403 BlockedError'])
    expect(await asked(file, { BULWARK_FIREWALL: 'observe' }, paths)).toEqual(['200 object', '200 object'])
  }, 60_000)

  test('finds prototypes as they were, whatever a request wrote there', async () => {
    const merged = `/merge?q=${encodeURIComponent('{"__proto__":{"polluted":"yes"}}')}`
    const paths = ['/look', merged, '/look']
    expect(await asked(file, {}, paths)).toEqual(['200 undefined', '200 merged', '200 undefined'])
    expect(await asked(file, { BULWARK_FIREWALL: 'observe' }, paths)).toEqual([
      '200 undefined',
      '200 merged',
      '200 yes',
    ])
  }, 60_000)

  test('does as it always did while the firewall is off', async () => {
    expect(await asked(file, { BULWARK_FIREWALL: 'off' }, ['/fetch?q=127.0.0.1', '/sum?q=typeof%20process'])).toEqual([
      '200 inner',
      '200 object',
    ])
  }, 60_000)
})

describe('the baseline', () => {
  /** What an old app answers to the same question, with its headers. */
  async function answerOf(
    file: string,
    env: Readonly<Record<string, string>>,
    preloads: readonly string[] = [preloadBaseline],
  ): Promise<Response> {
    const args = ['--no-warnings', ...preloads.flatMap((each) => ['--import', each]), join(FIXTURES, file)]
    const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    let log = ''
    child.stderr.on('data', (chunk) => {
      log += String(chunk)
    })
    try {
      const port = await new Promise<string>((resolve, reject) => {
        child.stdout.once('data', (chunk) => resolve(String(chunk).trim()))
        child.once('exit', () => reject(new Error(log)))
      })
      return await fetch(`http://127.0.0.1:${port}/sum?q=process.pid`)
    } finally {
      child.stdin.end()
    }
  }

  function policyFile(text: string): string {
    const file = join(folder, `policy-${Math.random().toString(36).slice(2)}.json`)
    writeFileSync(file, text)
    return file
  }

  test.each(['old-app.cjs', 'old-app.mjs'])(
    'stands around %s with its own entry only, which holds the sinks as well, alone or after them',
    async (file) => {
      const plain = await answerOf(file, { BULWARK_BASELINE: 'enforce' }, [preload])
      expect([plain.status, plain.headers.get('x-content-type-options')]).toEqual([403, null])
      for (const preloads of [[preloadBaseline], [preload, preloadBaseline]]) {
        const kept = await answerOf(file, {}, preloads)
        expect([kept.status, kept.headers.get('x-content-type-options')]).toEqual([403, 'nosniff'])
      }
    },
    20_000,
  )

  test('leaves the sinks to their own word, and only looks on when it is told so', async () => {
    const alone = await answerOf('old-app.cjs', { BULWARK_FIREWALL: 'off' })
    expect([alone.status, alone.headers.get('x-content-type-options')]).toEqual([200, 'nosniff'])
    const looking = await answerOf('old-app.cjs', { BULWARK_BASELINE: 'observe' })
    expect([looking.status, looking.headers.get('x-content-type-options')]).toEqual([403, null])
  }, 60_000)

  test('follows a policy in a file, unless it is off', async () => {
    const file = policyFile('{"headers": {"referrerPolicy": "same-origin"}}')
    const answer = await answerOf('old-app.cjs', { BULWARK_POLICY: file })
    expect([answer.headers.get('x-content-type-options'), answer.headers.get('referrer-policy')]).toEqual([
      'nosniff',
      'same-origin',
    ])
    const off = await answerOf('old-app.cjs', { BULWARK_POLICY: file, BULWARK_BASELINE: 'off' })
    expect(off.headers.get('x-content-type-options')).toBe(null)
  }, 60_000)

  test.each([
    ['no JSON', '{', /cannot be read as JSON/],
    ['a list', '[]', /a policy is an object/],
    ['a key that means nothing', '{"header": {}}', /did you mean "headers"/],
  ])(
    'with %s in that file the app does not start',
    async (_what, text, why) => {
      await expect(answerOf('old-app.cjs', { BULWARK_POLICY: policyFile(text) })).rejects.toThrow(why)
    },
    20_000,
  )

  test('that is neither on nor off keeps the app from starting', async () => {
    await expect(answerOf('old-app.cjs', { BULWARK_BASELINE: 'on' })).rejects.toThrow(/BULWARK_BASELINE is none of/)
  }, 60_000)
})
