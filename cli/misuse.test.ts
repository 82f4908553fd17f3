import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Io } from './io.ts'
import { run } from './main.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-misuse-'))
mkdirSync(join(home, 'folder'))
writeFileSync(join(home, 'app.js'), '')
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Runs a command line for which no engine may be asked: what is wrong shows before any work is done. */
async function bulwark(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const never = () => Promise.reject(new Error('the engine must not be asked'))
  const io: Io = {
    ...{ version: '1.2.3', cwd: home, width: 80, colour: false, live: false, env: {} },
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    interrupted: () => new AbortController().signal,
    input: () => Promise.resolve(''),
    edit: (text) => Promise.resolve(text),
    ...{ scanner: never, prober: never, routes: never },
  }
  return { code: await run(args, io), out, err }
}

describe('wrong usage is told in a line or two, before anything is done', () => {
  const probe = ['probe', 'http://127.0.0.1:1']
  test.each([
    [['scan', '--sarif', 'no/such/x.sarif'], /no\/such\/x\.sarif cannot be written: there is no folder no\/such/],
    [['scan', '--sarif', 'folder'], /folder cannot be written: it is a folder/],
    [['scan', '--write-baseline', 'no/such/x.json'], /cannot be written/],
    [['scan', '--baseline', 'none.json'], /there is no file none\.json/],
    [['scan', ''], /there is no folder ""/],
    [[...probe, '--sarif', 'no/such/x.sarif'], /cannot be written/],
    [[...probe, '--plain-port', 'x'], /--plain-port must be a port from 1 to 65535, not "x"/],
    [[...probe, '--plain-port', '70000'], /--plain-port must be a port/],
    [[...probe, '--ca', 'folder'], /folder is a folder/],
    [[...probe, '--config', 'folder'], /folder is a folder/],
    [['routes', 'app.js', '--write', 'no/such/x'], /cannot be written/],
    [['routes', 'folder', '--json'], /folder is a folder/],
    [['routes', 'app.js', '--check', 'folder'], /folder is a folder/],
    [['db', 'check', 'postgres://a@127.0.0.1:1/b', '--script', 'no/such/x'], /cannot be written/],
    [['db', 'check', 'postgres://a@127.0.0.1:1/b', '--queries', 'folder'], /folder is a folder/],
    [['tls', 'key', '--out', 'no/such/x'], /cannot be written/],
    [['tls', 'check', ''], /neither a file nor a server/],
    [['tls', 'check', 'folder'], /folder is a folder/],
  ])('%j', async (args, what) => {
    const { code, out, err } = await bulwark(args)
    expect(err).toMatch(what)
    expect(err.trimEnd().split('\n').length).toBeLessThanOrEqual(3)
    expect([code, out]).toEqual([2, ''])
  })
})
