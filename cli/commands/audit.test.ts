import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAudit } from 'bulwark/audit'
import { makeKey } from 'bulwark/keys'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'

const KEY = makeKey()
let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bulwark-cli-audit-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function bulwark(line: string, env: Io['env'] = { BULWARK_KEYS: KEY }) {
  let [out, err] = ['', '']
  const io = {
    ...{ version: '1.2.3', cwd: home, width: 80, colour: false, live: false, env },
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  } as unknown as Io
  const code = await run(line.split(' '), io)
  return { code, out, err }
}

/** Answers the head of what was written. */
async function record(): Promise<string> {
  const trail = openAudit({ folder: join(home, 'trail'), keys: KEY, app: 'journal', events: false })
  trail.add({ action: 'post.delete', by: 'u1', on: 'post 12', security: { id: 'i1', ip: '192.0.2.1' } })
  trail.add({ action: 'role.change', by: 'u2', on: 'person u3', details: { role: 'admin\u001b[2J' } })
  await trail.flush()
  const head = trail.head()
  trail.close()
  return head
}

describe('audit verify', () => {
  test('tells that a trail is whole, within 80 columns', async () => {
    const head = await record()
    const { code, out } = await bulwark(`audit verify trail --head ${head}`)
    expect(code).toBe(0)
    expect(out).toMatch(
      /^Every line is as it was written\.\n\n\d{8}T\d{9}Z-\d+-\w{6}\.audit\.ndjson\n {2}has +4 lines, \d/,
    )
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(JSON.parse((await bulwark('audit verify trail --json')).out)).toMatchObject({
      verdict: 'whole',
      files: [{ lines: 4, isEnded: true, faults: [] }],
    })
  })

  test('names the line that was changed', async () => {
    await record()
    const file = join(home, 'trail', readdirSync(join(home, 'trail'))[0] ?? '')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"by":"u1"', '"by":"u9"'))
    const { code, out } = await bulwark('audit verify trail')
    expect(code).toBe(1)
    expect(out).toMatch(/^Something was changed[\s\S]*! +line 2: this line was changed/)
  })

  test('misses a head that was noted and is not there', async () => {
    await record()
    const { code, out } = await bulwark(`audit verify trail --head ${'A'.repeat(43)}`)
    expect(code).toBe(1)
    expect(out).toContain('No line has the seal')
  })

  test('tells nothing without the key', async () => {
    await record()
    const { code, out } = await bulwark('audit verify trail', { BULWARK_KEYS: makeKey() })
    expect(code).toBe(3)
    expect(out).toMatch(/^It cannot be told/)
    expect(await bulwark('audit verify trail', {})).toMatchObject({ code: 2, err: expect.stringContaining('no keys') })
  })
})

describe('audit show', () => {
  test('prints entries a line each, and nothing that could change the screen', async () => {
    await record()
    const { code, out } = await bulwark('audit show trail', {})
    expect(code).toBe(0)
    expect(out.split('\n').map((line) => line.slice(26))).toEqual([
      `begins: journal, process ${process.pid}`,
      'u1 did post.delete to post 12 from 192.0.2.1',
      'u2 did role.change to person u3 {"role":"admin\\u001b[2J"}',
      'ends',
      '',
    ])
  })

  test('of one user, of one risk, or since a time', async () => {
    await record()
    expect((await bulwark('audit show trail --user u2')).out).toMatch(/^\S+ {2}u2 did role\.change[^\n]*\n$/)
    expect((await bulwark('audit show trail --risk csrf')).out).toBe('')
    expect((await bulwark('audit show trail --since 1h')).out.split('\n')).toHaveLength(5)
    const json = (await bulwark('audit show trail --user u1 --json')).out
    expect(JSON.parse(json)).toMatchObject({ do: 'did', by: 'u1', on: 'post 12' })
  })
})

test.each([
  'audit',
  'audit dance',
  'audit show',
  'audit show a b',
  'audit show nowhere',
  'audit show . --head x',
  'audit show . --since x',
])('%s is wrong usage', async (line) => {
  expect((await bulwark(line)).code).toBe(2)
})
