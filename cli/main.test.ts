import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Io, ProbeReport, Prober, ScanResult } from './io.ts'
import { run } from './main.ts'
import { probeReport, scanResult } from './reporters/samples.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-cli-'))
mkdirSync(join(home, 'app'))
writeFileSync(join(home, 'app/file.js'), '')
writeFileSync(join(home, 'probe.json'), '{}')
afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Engines {
  readonly scan?: ScanResult | Error
  readonly probe?: ProbeReport | Error
  readonly exit?: 0 | 1 | 3
}

/** Runs a command line against engines that answer what the test says, and remember what they were asked. */
async function bulwark(line: string, { scan, probe, exit = 0 }: Engines = {}) {
  let out = ''
  let err = ''
  const asked: Record<string, unknown>[] = []
  const answer = <T>(value: T | Error | undefined): Promise<T> => {
    if (value instanceof Error) return Promise.reject(value)
    return value === undefined ? Promise.reject(new Error('the engine must not be asked')) : Promise.resolve(value)
  }
  const prober = {
    probe: (options: object) => {
      asked.push({ ...options })
      return answer(probe)
    },
    exitCodeOf: (_: unknown, failOn: string) => {
      asked.push({ failOn })
      return exit
    },
    readConfig: (file: string) => Promise.resolve({ url: 'http://127.0.0.1:1', from: file }),
  }
  const io: Io = {
    version: '1.2.3',
    cwd: home,
    width: 80,
    colour: false,
    live: false,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    interrupted: () => new AbortController().signal,
    env: {},
    input: () => Promise.resolve(''),
    edit: (text) => Promise.resolve(text),
    scanner: () =>
      Promise.resolve({
        scan: (options: object) => {
          asked.push({ ...options })
          return answer(scan)
        },
      }),
    prober: () => Promise.resolve(prober as unknown as Prober),
    routes: () => Promise.reject(new Error('the engine must not be asked')),
  }
  const code = await run(
    line.split(' ').filter((part) => part !== ''),
    io,
  )
  return { code, out, err, asked }
}

describe('the command line', () => {
  test('without a command shows its help, as wrong usage', async () => {
    const { code, out } = await bulwark('')
    expect(code).toBe(2)
    expect(out).toContain('scan [DIR]')
  })

  test.each(['--help', '-h', 'help'])('%s shows the help', async (line) => {
    const { code, out, err } = await bulwark(line)
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('Exit codes')
  })

  test.each(['scan --help', 'scan -h', 'help scan', 'scan --json --help'])(
    '%s shows the help of that command',
    async (line) => {
      const { code, out } = await bulwark(line)
      expect(code).toBe(0)
      expect(out).toContain('bulwark scan [DIR] [options]')
    },
  )

  test.each(['--version', '-v'])('%s tells the version', async (line) => {
    expect(await bulwark(line)).toMatchObject({ code: 0, out: '1.2.3\n' })
  })

  test.each([
    ['scna', 'unknown command "scna"', 'did you mean "bulwark scan"?'],
    ['frobnicate', 'unknown command "frobnicate"', 'see bulwark --help'],
    ['scan --jsn', 'unknown option --jsn', 'did you mean --json?'],
    ['scan --fail-on', "'--fail-on <value>' argument missing", 'see bulwark scan --help'],
    ['scan --fail-on severe', '--fail-on must be one of low, medium, high, critical, not "severe"', ''],
    ['scan app app', 'scan takes one folder, not 2', ''],
    ['scan nowhere', 'there is no folder nowhere', ''],
    ['scan app/file.js', 'app/file.js is a file; scan takes a folder', ''],
    ['probe a b', 'probe takes one address, not 2', ''],
    ['probe', 'which app? Give its address', ''],
    ['probe http://127.0.0.1:1 --config nowhere.json', 'there is no file nowhere.json', ''],
    ['explain a b', 'explain takes one word, not 2', ''],
    ['explain BULWARK_KEYS_WEEK', 'nothing is called "BULWARK_KEYS_WEEK"', 'BULWARK_KEYS_WEAK'],
  ])('%s is wrong usage, and says why', async (line, message, hint) => {
    const { code, out, err } = await bulwark(line)
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(`bulwark: ${message.startsWith("'") ? 'Option ' : ''}${message}`)
    expect(err).toContain(hint)
  })
})

describe('scan', () => {
  test('reads the folder that was named, or this one', async () => {
    expect((await bulwark('scan app', { scan: scanResult })).asked).toEqual([{ root: join(home, 'app') }])
    expect((await bulwark('scan', { scan: scanResult })).asked).toEqual([{ root: home }])
  })

  test.each([
    ['low', 1],
    ['high', 1],
    ['critical', 0],
  ])('with findings up to high and --fail-on %s exits with %i', async (limit, code) => {
    const findings = scanResult.findings.filter(({ severity }) => severity !== 'critical')
    expect((await bulwark(`scan --fail-on ${limit}`, { scan: { ...scanResult, findings } })).code).toBe(code)
  })

  test('fails on high by default, and not on medium', async () => {
    const of = (severity: string) => ({
      ...scanResult,
      findings: scanResult.findings.filter((one) => one.severity === severity),
    })
    expect((await bulwark('scan', { scan: of('high') })).code).toBe(1)
    expect((await bulwark('scan', { scan: of('medium') })).code).toBe(0)
  })

  test('that read no file is never a pass', async () => {
    const nothing = { ...scanResult, findings: [], files: 0 }
    const { code, err } = await bulwark('scan', { scan: nothing })
    expect(code).toBe(3)
    expect(err).toContain('no JavaScript or TypeScript could be read')
  })

  test('that crashes exits with 3 and says so', async () => {
    const { code, err } = await bulwark('scan', { scan: new Error('boom') })
    expect(code).toBe(3)
    expect(err).toMatch(/scan could not run to the end\nError: boom/)
  })

  test('prints one JSON document with --json', async () => {
    const { out } = await bulwark('scan --json', { scan: scanResult })
    expect(JSON.parse(out)).toEqual({ form: 1, tool: 'bulwark scan', version: '1.2.3', ...scanResult })
  })
})

describe('probe', () => {
  test('hands its options to the engine', async () => {
    const { asked } = await bulwark(
      'probe http://app.test --only csrf,xss/reflected --skip redos --quick --i-own-this app.test --fail-on low',
      { probe: probeReport },
    )
    expect(asked[0]).toMatchObject({
      url: 'http://app.test',
      only: ['csrf', 'xss/reflected'],
      skip: ['redos'],
      ownThis: 'app.test',
      kinds: ['passive', 'active'],
      budget: { requests: 150, ms: 15_000 },
    })
    expect(asked[1]).toEqual({ failOn: 'low' })
  })

  test('takes lists in several pieces, and nothing else twice', async () => {
    const line = 'probe http://127.0.0.1:1 --only csrf --only xss,cors --skip redos --skip overload'
    const { asked } = await bulwark(line, { probe: probeReport })
    expect(asked[0]).toMatchObject({ only: ['csrf', 'xss', 'cors'], skip: ['redos', 'overload'] })
    const twice = await bulwark('probe --config probe.json --config other.json', { probe: probeReport })
    expect(twice).toMatchObject({ code: 2, err: expect.stringContaining('--config is there twice'), asked: [] })
  })

  test('takes the address from the configuration when none is given', async () => {
    const { asked } = await bulwark('probe --config probe.json', { probe: probeReport })
    expect(asked[0]).toMatchObject({ url: 'http://127.0.0.1:1', from: join(home, 'probe.json') })
  })

  test.each([0, 1, 3] as const)("exits with the engine's code, here %i", async (exit) => {
    expect((await bulwark('probe http://127.0.0.1:1', { probe: probeReport, exit })).code).toBe(exit)
  })

  test('says why a run without findings is no pass', async () => {
    const stopped = { why: 'target', message: 'The target stopped answering.' } as const
    const { err } = await bulwark('probe http://127.0.0.1:1', { probe: { ...probeReport, stopped }, exit: 3 })
    expect(err).toContain('so this is no pass: The target stopped answering.')
  })

  test('that is refused is wrong usage, with what to do', async () => {
    const refusal = Object.assign(new Error('app.test is not this machine.'), {
      name: 'ProberError',
      fix: 'Say --i-own-this app.test',
    })
    const { code, err } = await bulwark('probe http://app.test', { probe: refusal })
    expect(code).toBe(2)
    expect(err).toBe('bulwark: app.test is not this machine.\n  Say --i-own-this app.test\n')
  })

  test('leaves raw answers out of the JSON: they may hold cookies', async () => {
    const { out } = await bulwark('probe http://127.0.0.1:1 --json', { probe: probeReport })
    expect(out).not.toContain('sid=secret')
    expect(JSON.parse(out)).toMatchObject({
      form: 1,
      tool: 'bulwark probe',
      results: [{ probe: 'csrf/cross-site-form' }, {}, {}],
    })
  })
})

describe('explain', () => {
  test.each(['BULWARK_KEYS_WEAK', 'bulwark_keys_weak', 'keys-weak'])('%s is found', async (word) => {
    const { code, out } = await bulwark(`explain ${word}`)
    expect(code).toBe(0)
    expect(out).toMatch(/^BULWARK_KEYS_WEAK\n {2}A key is short, or not random\.\n\nWhy\n/)
  })

  test('lists everything when nothing is named', async () => {
    const { code, out } = await bulwark('explain')
    expect(code).toBe(0)
    expect(out).toContain('  BULWARK_POLICY_INVALID\n')
  })

  test('answers programs too', async () => {
    const { out } = await bulwark('explain BULWARK_SIZE_INVALID --json')
    expect(JSON.parse(out)).toMatchObject({ kind: 'error', code: 'BULWARK_SIZE_INVALID' })
  })
})

test('every help and every error page fits into 80 columns', async () => {
  const { errors } = await import('./explain/errors.ts')
  for (const line of [
    '--help',
    'scan -h',
    'probe -h',
    'keys -h',
    'secrets -h',
    'db -h',
    'tls -h',
    'explain -h',
    'explain',
    ...Object.keys(errors).map((code) => `explain ${code}`),
  ]) {
    const { out } = await bulwark(line)
    expect(
      out.split('\n').filter((text) => text.length > 80),
      line,
    ).toEqual([])
  }
})
