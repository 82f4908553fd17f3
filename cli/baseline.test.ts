import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Io, ScanResult } from './io.ts'
import { run } from './main.ts'
import { scanResult } from './reporters/samples.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bulwark-cli-baseline-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function bulwark(line: string, result: ScanResult = scanResult) {
  let [out, err] = ['', '']
  const io = {
    ...{ version: '1.2.3', cwd: home, width: 80, colour: false, live: false, env: {} },
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    scanner: async () => ({ scan: async () => result }),
  } as unknown as Io
  const code = await run(line.split(' '), io)
  return { code, out, err }
}

test('what an old app begins with is told of no more, and what is new is', async () => {
  const [first, ...others] = scanResult.findings
  const before = { ...scanResult, findings: others }
  expect(await bulwark('scan --write-baseline known.json', before)).toMatchObject({
    code: 0,
    err: 'bulwark: 3 findings are in known.json from now on\n',
  })
  const moved = { ...before, findings: others.map((each) => ({ ...each, place: { ...each.place, line: 7 } })) }
  expect(await bulwark('scan --baseline known.json --json --fail-on low', moved as ScanResult)).toMatchObject({
    code: 0,
    err: 'bulwark: 3 known from known.json; 0 in it are no longer found\n',
  })
  const { code, out } = await bulwark('scan --baseline known.json --json --fail-on low')
  expect(code).toBe(1)
  expect(JSON.parse(out).findings).toEqual([first])
  const fewer = { ...scanResult, findings: others.slice(1) }
  expect((await bulwark('scan --baseline known.json', fewer)).err).toContain('2 known from known.json; 1 in it are no')
})

test('a baseline is the same text for the same findings, whatever their order', async () => {
  await bulwark('scan --write-baseline a.json')
  await bulwark('scan --write-baseline b.json', { ...scanResult, findings: [...scanResult.findings].reverse() })
  const [a, b] = ['a.json', 'b.json'].map((name) => readFileSync(join(home, name), 'utf8'))
  expect(a).toBe(b)
  expect(Object.values(JSON.parse(a ?? '').findings)[0]).toEqual({
    rule: 'fingerprint/x-powered-by',
    file: 'src/app.ts',
  })
})

test('SARIF is written beside the text', async () => {
  expect((await bulwark('scan --sarif out.sarif')).out).toContain('open-redirect')
  expect(JSON.parse(readFileSync(join(home, 'out.sarif'), 'utf8')).runs[0].results).toHaveLength(4)
})

test('a file that is none, or of another kind, is wrong usage and no pass', async () => {
  expect((await bulwark('scan --baseline nowhere.json')).code).toBe(2)
  for (const text of ['', '[]', '{"form":2,"findings":{}}']) {
    writeFileSync(join(home, 'odd.json'), text)
    expect((await bulwark('scan --baseline odd.json')).code).toBe(2)
  }
  expect((await bulwark('scan --baseline a.json --write-baseline a.json')).code).toBe(2)
})
