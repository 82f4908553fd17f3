import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyRing, localProvider, makeKey, openKeyFile } from 'bulwark/keys'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'
import { editText } from '../person.ts'

let home: string
const homes: string[] = []
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'bulwark-cli-keys-'))
  homes.push(home)
})
afterAll(() => {
  for (const each of homes) rmSync(each, { recursive: true, force: true })
})

const MASTER = makeKey()

interface Person {
  readonly env?: Io['env']
  readonly input?: string
  /** What the person does with the text in the editor, each time it opens. */
  readonly edits?: ((text: string) => string)[]
}

async function bulwark(line: string, { env = { BULWARK_MASTER_KEY: MASTER }, input = '', edits = [] }: Person = {}) {
  let out = ''
  let err = ''
  const io = {
    version: '1.2.3',
    cwd: home,
    width: 80,
    colour: false,
    live: false,
    env,
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    input: async () => input,
    edit: async (text: string) => edits.shift()?.(text) ?? text,
  } as unknown as Io
  const code = await run(line.split(' '), io)
  return { code, out, err }
}

describe('keys in the environment', () => {
  test('are made whole, and nothing but the key is printed to where it is piped', async () => {
    const { code, out } = await bulwark('keys new', { env: {} })
    expect([code, out.trim().split('\n').length]).toEqual([0, 1])
    expect(() => keyRing(out.trim())).not.toThrow()
  })

  test('are rotated in two steps, through which everything opens', async () => {
    const [old] = [makeKey()]
    const first = (await bulwark('keys rotate', { env: { BULWARK_KEYS: old } })).out.trim()
    const second = (await bulwark('keys rotate', { env: { BULWARK_KEYS: first } })).out.trim()
    const [before, published, changed] = [old, first, second].map((text) => keyRing(text))
    expect(published?.active('x')?.id).toBe(before?.active('x')?.id)
    expect(published?.usable('x').map(({ id }) => id)).toContain(changed?.active('x')?.id)
    expect(changed?.usable('x').map(({ id }) => id)).toContain(before?.active('x')?.id)
    expect(changed?.active('x')?.id).not.toBe(before?.active('x')?.id)
    expect(
      keyRing((await bulwark('keys rotate', { env: { BULWARK_KEYS: second } })).out.trim()).keys.map(
        ({ state }) => state,
      ),
    ).toEqual(['next', 'active', 'retired'])
  })

  test('are revoked by id, unless that was the last active one', async () => {
    const [a, b] = [makeKey(), makeKey()]
    const env = { BULWARK_KEYS: `${a},${b}` }
    const [first, second] = keyRing(env.BULWARK_KEYS).keys
    const { out } = await bulwark(`keys revoke ${second?.id}`, { env })
    expect(keyRing(out.trim()).keys.map(({ state }) => state)).toEqual(['active', 'revoked'])
    expect(await bulwark(`keys revoke ${first?.id}`, { env })).toMatchObject({ code: 2, out: '' })
    expect(await bulwark('keys revoke ffffffffffff', { env })).toMatchObject({ code: 2, out: '' })
  })

  test('are listed without their secrets, with what is to be done', async () => {
    const old = makeKey(Date.now() - 200 * 86_400_000)
    const env = { BULWARK_KEYS: `${old},${makeKey()}` }
    const { code, out } = await bulwark('keys status', { env })
    expect(code).toBe(1)
    expect(out).toMatch(/^ {2}[0-9a-f]{12} {2}active, 200 days old\n {2}[0-9a-f]{12} {2}retired, 0 days old\n/)
    expect(out).toMatch(/is 200 days old\. Rotate it\./)
    expect((await bulwark('keys status --max-age 300d', { env })).code).toBe(0)
    const json = await bulwark('keys status --json', { env })
    expect(JSON.parse(json.out)).toMatchObject({
      keys: [{ state: 'active' }, { state: 'retired' }],
      problems: [/200 days/].map(() => expect.stringContaining('200 days')),
    })
    expect(out + json.out).not.toContain(old.slice(12, 40))
  })

  test('that are missing or weak are wrong usage, and no crash', async () => {
    expect(await bulwark('keys status', { env: {} })).toMatchObject({
      code: 2,
      err: expect.stringContaining('there are no keys'),
    })
    const { code, err } = await bulwark('keys status', {
      env: { BULWARK_KEYS: 'change-me-change-me-change-me-change-me' },
    })
    expect([code, err]).toEqual([2, expect.stringContaining('it repeats itself')])
    expect(err).not.toContain('change-me')
  })
})

describe('a sealed file of keys', () => {
  test('is made, rotated and revoked while an app follows it', async () => {
    expect(await bulwark('keys new --file keys.sealed')).toMatchObject({ code: 0 })
    const ring = await openKeyFile({ file: join(home, 'keys.sealed'), provider: localProvider(MASTER) })
    ring.close()
    const first = ring.active('x')?.id ?? ''
    const rotated = await bulwark('keys rotate --file keys.sealed --publish 2h')
    expect(rotated.out).toMatch(/^[0-9a-f]{12} becomes active \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$/)
    await ring.reload()
    expect(ring.keys.map(({ state }) => state)).toEqual(['next', 'active'])
    expect(await bulwark(`keys revoke ${first} --file keys.sealed`)).toMatchObject({ code: 0 })
    await ring.reload()
    expect(ring.usable('x').map(({ id }) => id)).toEqual([rotated.out.slice(0, 12)])
    expect((await bulwark('keys rotate --file keys.sealed --publish 0s --for cookies')).out).toContain(' is active\n')
    expect((await bulwark('keys status --file keys.sealed')).out).toMatch(
      /active, 0 days old, for cookies\n.* active, 0 days old\n.* revoked/,
    )
  })

  test('needs its master key, from the environment or from a file', async () => {
    expect(await bulwark('keys new --file keys.sealed', { env: {} })).toMatchObject({
      code: 2,
      err: expect.stringContaining('no master key'),
    })
    writeFileSync(join(home, 'master.key'), `${MASTER}\n`)
    chmodSync(join(home, 'master.key'), 0o644)
    const env = { BULWARK_MASTER_KEY_FILE: 'master.key' }
    expect(await bulwark('keys new --file keys.sealed', { env })).toMatchObject({
      code: 0,
      err: expect.stringContaining('chmod 600'),
    })
    expect(await bulwark('keys status --file keys.sealed')).toMatchObject({ code: 0 })
    const wrong = await bulwark('keys status --file keys.sealed', { env: { BULWARK_MASTER_KEY: makeKey() } })
    expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining('sealed with another key') })
    expect(await bulwark('keys new --file keys.sealed')).toMatchObject({
      code: 2,
      err: expect.stringContaining('a file already'),
    })
  })
})

describe('secrets', () => {
  test('are edited, listed and read', async () => {
    const edits = [(text: string) => `${text}DATABASE_URL=postgres://a:b@c/d\nTOKEN="a b"\n`]
    expect(await bulwark('secrets edit', { edits })).toMatchObject({ code: 0, out: 'sealed 2 secrets\n' })
    expect(readFileSync(join(home, 'secrets.sealed'), 'utf8')).not.toContain('postgres')
    expect((await bulwark('secrets get')).out).toBe('DATABASE_URL\nTOKEN\n')
    expect((await bulwark('secrets get TOKEN')).out).toBe('a b\n')
    expect(JSON.parse((await bulwark('secrets get TOKEN --json')).out)).toMatchObject({ name: 'TOKEN', value: 'a b' })
    expect(await bulwark('secrets get NOTHING')).toMatchObject({ code: 1, out: '' })
    expect(await bulwark('secrets get constructor')).toMatchObject({ code: 1, out: '' })
  })

  test('with a slip open again with what is wrong on top, and nothing typed is lost', async () => {
    const seen: string[] = []
    const edits = [
      () => 'A=1\nhunter2\n',
      (text: string) => {
        seen.push(text)
        return text.replace('hunter2', 'B=hunter2')
      },
    ]
    expect(await bulwark('secrets edit', { edits })).toMatchObject({ code: 0 })
    expect(seen).toEqual(['# line 2 is no NAME=value\nA=1\nhunter2\n'])
    expect((await bulwark('secrets get B')).out).toBe('hunter2\n')
  })

  test('are set from a pipe, whatever they hold', async () => {
    for (const [name, value] of [
      ['A', 'one'],
      ['B', 'two\nlines'],
      ['A', '"quoted" = #x'],
      ['C', ' blanks '],
    ] as const)
      expect(await bulwark(`secrets set ${name}`, { input: `${value}\n` })).toMatchObject({ code: 0 })
    const read = async (name: string): Promise<string> =>
      JSON.parse((await bulwark(`secrets get ${name} --json`)).out).value
    expect([await read('A'), await read('B'), await read('C')]).toEqual(['"quoted" = #x', 'two\nlines', ' blanks '])
    expect((await bulwark('secrets get')).out).toBe('A\nB\nC\n')
    expect(await bulwark('secrets set 1=2', { input: 'x' })).toMatchObject({ code: 2 })
  })
})

describe('another master key', () => {
  test('takes the place of the old one, for keys and for secrets', async () => {
    const next = makeKey()
    const env = { BULWARK_MASTER_KEY: MASTER, BULWARK_NEW_MASTER_KEY: next }
    await bulwark('keys new --file keys.sealed')
    await bulwark('secrets set A', { input: '1' })
    const [before] = JSON.parse((await bulwark('keys status --json --file keys.sealed')).out).keys
    expect(await bulwark('keys reseal --file keys.sealed', { env })).toMatchObject({ code: 0 })
    expect(await bulwark('secrets reseal', { env })).toMatchObject({ code: 0 })
    for (const line of ['keys status --file keys.sealed', 'secrets get A'])
      expect(await bulwark(line)).toMatchObject({ code: 2 })
    const now = { env: { BULWARK_MASTER_KEY: next } }
    expect(JSON.parse((await bulwark('keys status --json --file keys.sealed', now)).out).keys).toEqual([before])
    expect((await bulwark('secrets get A', now)).out).toBe('1\n')
    expect(statSync(join(home, 'keys.sealed')).mode & 0o777).toBe(0o600)
    // With the old key the file does not open any more, and it stays as it is.
    expect(await bulwark('secrets reseal', { env })).toMatchObject({ code: 2 })
    expect((await bulwark('secrets get A', now)).out).toBe('1\n')
  })
})

describe('an editor', () => {
  test('gets a file that only its user can read, which is gone afterwards', async () => {
    const script = join(home, 'editor.sh')
    writeFileSync(
      script,
      `#!/bin/sh\nstat -c '%a' "$2" > "${home}/mode"\necho "$2" > "${home}/name"\necho "$1=1" >> "$2"\n`,
      { mode: 0o755 },
    )
    expect(await editText('A=0\n', { ...process.env, VISUAL: `${script} B` })).toBe('A=0\nB=1\n')
    expect(readFileSync(join(home, 'mode'), 'utf8')).toBe('600\n')
    expect(existsSync(readFileSync(join(home, 'name'), 'utf8').trim())).toBe(false)
  })

  test('that fails changes nothing', async () => {
    await expect(editText('A=0', { ...process.env, VISUAL: '', EDITOR: 'false' })).rejects.toThrow(
      /nothing was changed/,
    )
    await expect(editText('A=0', {})).rejects.toThrow(/there is no editor/)
  })
})

test.each([
  'keys',
  'keys dance',
  'keys new extra',
  'keys revoke',
  'keys reseal',
  'secrets reseal x',
  'keys rotate --publish 1h',
  'keys rotate --file keys.sealed --publish soon',
  'secrets',
  'secrets dance',
  'secrets set',
  'secrets edit x',
])('%s is wrong usage', async (line) => {
  expect(await bulwark(line, { env: { BULWARK_MASTER_KEY: MASTER, BULWARK_KEYS: MASTER } })).toMatchObject({
    code: 2,
    out: '',
  })
  expect(readdirSync(home)).toEqual([])
})

test.each<readonly [string, RegExp]>([
  ['keys', /^bulwark: say what to do: bulwark keys new, status, rotate, revoke or reseal\n/],
  ['keys revok abcd', /^bulwark: keys cannot "revok"\n {2}did you mean revoke\?\n/],
  ['keys status extra', /^bulwark: keys status does not know what to do with "extra"\n/],
  ['keys new --json', /^bulwark: --json is for keys status\n/],
  ['keys new --file nowhere/k', /^bulwark: nowhere\/k: there is no such folder\n {2}make it first\n/],
  ['keys new --file .', /^bulwark: \.: this is a folder\n {2}name a file in it\n/],
  ['keys status --file k', /^bulwark: k: there is no such file\n/],
  ['secrets dit', /^bulwark: secrets cannot "dit"\n {2}did you mean edit\?\n/],
  ['secrets set 1=2', /^bulwark: "1=2" is no name for a secret\n {2}letters, digits/],
  ['secrets get a b', /^bulwark: secrets get does not know what to do with "b"\n/],
])('%s says what to do, on lines that fit', async (line, said) => {
  const { code, err } = await bulwark(line)
  expect([code, err]).toEqual([2, expect.stringMatching(said)])
  expect(Math.max(...err.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
})

test('a master key that is too short is named as such, on lines that fit', async () => {
  const { err } = await bulwark('keys new --file k', { env: { BULWARK_MASTER_KEY: 'short' } })
  expect(err.split('\n')[0]).toMatch(/^bulwark: the master key: a key must be/)
  expect(Math.max(...err.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
})

test('files of keys are for their owner only', async () => {
  await bulwark('keys new --file keys.sealed')
  expect(statSync(join(home, 'keys.sealed')).mode & 0o777).toBe(0o600)
})
