import { execFileSync, spawnSync } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keyRing } from '../keys/ring.ts'
import { type AuditOptions, type AuditTrail, openAudit } from './trail.ts'
import { readAudit, verifyAudit } from './verify.ts'

const KEY = 'k3yF0rTheTrail-7d1e6a0c9b8f4e2d5a1b-audit'
const OTHER = 'an0ther-9f8e7d6c5b4a39281706f5e4d3c2b1a0-key'
const ring = keyRing(KEY)

let folder: string
let trails: AuditTrail[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bulwark-audit-'))
})
afterEach(() => {
  for (const trail of trails) trail.close()
  trails = []
  rmSync(folder, { recursive: true, force: true })
})

function open(options: Partial<AuditOptions> = {}): AuditTrail {
  const trail = openAudit({ folder, keys: KEY, events: false, ...options })
  trails.push(trail)
  return trail
}

function files(): string[] {
  return readdirSync(folder).sort()
}

/** Changes the text of the only file. */
function forge(change: (text: string) => string): void {
  const file = join(folder, files()[0] ?? '')
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

async function lines(): Promise<object[]> {
  const all: object[] = []
  for await (const { seal: _seal, file: _file, ...line } of readAudit(folder)) all.push(line)
  return all
}

function publish(event: object): void {
  channel('bulwark:event').publish({
    ...{ at: Date.now(), outcome: 'denied', guard: 'csrf', risk: 'csrf', reason: 'another site asked for it' },
    ...event,
  })
}

describe('a trail', () => {
  test('holds what the app says that somebody did, and verifies', async () => {
    const trail = open({ app: 'journal', now: () => 1_700_000_000_000 })
    trail.add({ action: 'post.delete', by: 'u1', on: 'post 12', details: { title: 'On\nlogs', drafts: 2 } })
    trail.add({ action: 'sign-out', security: { id: 'i1', ip: '192.0.2.1' } })
    trail.close()
    const at = '2023-11-14T22:13:20.000Z'
    expect(await lines()).toEqual([
      { n: 0, do: 'begin', at, app: 'journal', pid: process.pid, key: ring.keys[0]?.id, others: {} },
      {
        n: 1,
        do: 'did',
        at,
        action: 'post.delete',
        by: 'u1',
        on: 'post 12',
        details: { title: 'On\nlogs', drafts: 2 },
      },
      { n: 2, do: 'did', at, action: 'sign-out', incident: 'i1', ip: '192.0.2.1' },
      { n: 3, do: 'end', at },
    ])
    expect(await verifyAudit(folder, ring)).toMatchObject({
      verdict: 'whole',
      files: [{ lines: 4, isEnded: true, faults: [], from: at, to: at }],
      older: [],
    })
  })

  test('holds the events of the process, without what clients and databases say in errors', async () => {
    const trail = open({ events: true })
    const request = { id: 'i2', method: 'POST', path: `/posts\r\n${'x'.repeat(3000)}`, ip: '192.0.2.9' }
    publish({ request, user: 'u2', error: new TypeError('secret of the database') })
    await trail.flush()
    const [, event] = await lines()
    expect(event).toMatchObject({
      do: 'event',
      outcome: 'denied',
      guard: 'csrf',
      user: 'u2',
      error: 'TypeError',
      incident: 'i2',
    })
    const text = readFileSync(join(folder, files()[0] ?? ''), 'utf8')
    expect(text).not.toContain('secret of the database')
    expect(text.split('\n')).toHaveLength(3)
    expect(text.length).toBeLessThan(3500)
    trail.close()
    publish({ reason: 'after the end' })
    expect(readFileSync(join(folder, files()[0] ?? ''), 'utf8')).not.toContain('after the end')
  })

  test('counts what a flood makes of one kind, and still shows the other kinds', async () => {
    let time = 1_700_000_000_000
    const trail = open({ events: true, perMinute: 3, now: () => time })
    for (let i = 0; i < 1000; i++) publish({ at: time })
    publish({ at: time, guard: 'cors', risk: 'cors' })
    time += 61_000
    trail.close()
    const all = await lines()
    expect(all.filter((line) => 'guard' in line && line.guard === 'csrf')).toHaveLength(4)
    expect(all).toContainEqual(
      expect.objectContaining({ do: 'more', guard: 'csrf', risk: 'csrf', outcome: 'denied', many: 997 }),
    )
    expect(all).toContainEqual(expect.objectContaining({ do: 'event', guard: 'cors' }))
  })

  test('is for its owner only', () => {
    const inner = join(folder, 'new', 'trail')
    open({ folder: inner })
    expect(statSync(inner).mode & 0o777).toBe(0o700)
    expect(statSync(join(inner, readdirSync(inner)[0] ?? '')).mode & 0o777).toBe(0o600)
  })

  test('begins another file when one is large enough, and the files hold together', async () => {
    const trail = open({ maxSize: 2048 })
    for (let i = 0; i < 30; i++) {
      trail.add({ action: 'fill', details: { i, text: 'x'.repeat(100) } })
      await trail.flush()
    }
    trail.close()
    expect(files().length).toBeGreaterThan(2)
    const report = await verifyAudit(folder, ring)
    expect(report).toMatchObject({ verdict: 'whole', older: [] })
    expect(report.files.every(({ isEnded }) => isEnded)).toBe(true)
    expect((await lines()).filter((line) => 'action' in line)).toHaveLength(30)
  })

  test('of two processes is two files', async () => {
    const [a, b] = [open(), open()]
    a.add({ action: 'one' })
    b.add({ action: 'two' })
    await Promise.all([a.flush(), b.flush()])
    expect(files()).toHaveLength(2)
    expect((await verifyAudit(folder, ring)).verdict).toBe('whole')
  })

  test('takes no folder that cannot be written to, no size that is none, and no weak key', () => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    expect(() => open({ folder: file })).toThrow(/^BULWARK_POLICY_INVALID[\s\S]*audit\.folder/)
    expect(() => open({ maxSize: 'big' })).toThrow(/^BULWARK_SIZE_INVALID/)
    expect(() => open({ keys: 'short' })).toThrow(/^BULWARK_KEYS_WEAK/)
  })
})

describe('a change shows', () => {
  async function recorded(): Promise<string> {
    const trail = open()
    for (const action of ['one', 'two', 'three']) trail.add({ action, by: 'mallory' })
    await trail.flush()
    const head = trail.head()
    trail.close()
    return head
  }
  const faults = async (): Promise<unknown> => (await verifyAudit(folder, ring)).files[0]?.faults

  test('when a word is another one', async () => {
    await recorded()
    forge((text) => text.replace('"action":"two","by":"mallory"', '"action":"two","by":"alice"'))
    expect(await faults()).toEqual([{ line: 3, what: expect.stringContaining('was changed') }])
  })

  test('when a line is gone, doubled, or stands elsewhere', async () => {
    for (const change of [
      (all: string[]) => all.toSpliced(2, 1),
      (all: string[]) => all.toSpliced(2, 0, all[2] ?? ''),
      (all: string[]) => [all[0], all[2], all[1], ...all.slice(3)],
      (all: string[]) => all.slice(1),
    ]) {
      rmSync(folder, { recursive: true })
      await recorded()
      forge((text) => change(text.split('\n')).join('\n'))
      expect((await verifyAudit(folder, ring)).verdict).toBe('changed')
    }
  })

  test('when a line is added behind the end, or is none', async () => {
    await recorded()
    const file = join(folder, files()[0] ?? '')
    appendFileSync(file, 'nothing\n')
    expect(await faults()).toEqual([{ line: 6, what: expect.stringContaining('no line of a trail') }])
  })

  test('when the end is cut off: by the missing end, by a head that was kept, and by a file that began later', async () => {
    const head = await recorded()
    const later = open()
    const file = join(folder, files()[0] ?? '')
    const text = readFileSync(file, 'utf8')
    truncateSync(file, text.indexOf('\n', text.indexOf('"one"')) + 1)
    later.close()
    const report = await verifyAudit(folder, ring)
    expect(report).toMatchObject({
      verdict: 'changed',
      files: [{ isEnded: false, faults: [{ line: 0, what: expect.stringContaining('lines are missing') }] }, {}],
    })
    const seals: string[] = []
    for await (const { seal } of readAudit(folder)) seals.push(seal)
    expect(seals).not.toContain(head)
  })

  test('when a file is taken away; the oldest may go, and are named', async () => {
    for (let i = 0; i < 3; i++) {
      await recorded()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const [oldest, middle] = files()
    rmSync(join(folder, oldest ?? ''))
    expect(await verifyAudit(folder, ring)).toMatchObject({ verdict: 'whole', older: [oldest] })
    await recorded()
    rmSync(join(folder, files()[1] ?? ''))
    expect((await verifyAudit(folder, ring)).verdict).toBe('changed')
    expect(middle).toBeDefined()
  })

  test('and nothing can be told with another key, or with one that is revoked', async () => {
    await recorded()
    expect((await verifyAudit(folder, keyRing(OTHER))).verdict).toBe('unknown')
    expect((await verifyAudit(folder, keyRing([OTHER, `revoked:${KEY}`]))).verdict).toBe('unknown')
    expect((await verifyAudit(folder, keyRing([OTHER, KEY]))).verdict).toBe('whole')
  })
})

describe('when things go wrong', () => {
  test('a full disk: nothing is half written, entries wait, and it is told once', async () => {
    // A file system of one size, without being root: the limit of a file's size that the shell sets, in blocks of 1 kB.
    const program = `
      import { openAudit, verifyAudit, readAudit } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))}
      process.on('SIGXFSZ', () => {})
      const troubles = []
      const options = { folder: process.argv[2], keys: '${KEY}', events: false, onTrouble: (error) => troubles.push(error.code) }
      const trail = openAudit(options)
      let refused
      for (let i = 0; i < 40 && refused === undefined; i++) {
        trail.add({ action: 'fill', details: { i, text: 'x'.repeat(100) } })
        refused = await trail.flush().then(() => undefined, (error) => error.code)
      }
      await new Promise((resolve) => setTimeout(resolve, 2300))
      const { verdict, files } = await (await import(${JSON.stringify(fileURLToPath(new URL('./verify.ts', import.meta.url)))})).verifyAudit(options.folder, (await import(${JSON.stringify(fileURLToPath(new URL('../keys/ring.ts', import.meta.url)))})).keyRing('${KEY}'))
      console.log(JSON.stringify({ refused, troubles, verdict, faults: files.flatMap((file) => file.faults) }))
      process.exit(0)
    `
    const file = join(folder, 'program.mts')
    writeFileSync(file, program)
    const inner = join(folder, 'trail')
    const out = execFileSync(
      'sh',
      ['-c', 'ulimit -f 4; exec "$0" "$@"', process.execPath, '--import', 'tsx', file, inner],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        encoding: 'utf8',
        timeout: 20_000,
      },
    )
    expect(JSON.parse(out)).toEqual({ refused: 'EFBIG', troubles: ['EFBIG'], verdict: 'whole', faults: [] })
  })

  test('a killed process leaves a file without an end, and every line that was flushed', async () => {
    const program = `
      import { openAudit } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))}
      const trail = openAudit({ folder: process.argv[2], keys: '${KEY}' })
      trail.add({ action: 'paid' })
      await trail.flush()
      process.kill(process.pid, 'SIGKILL')
    `
    const file = join(folder, 'program.mts')
    writeFileSync(file, program)
    const inner = join(folder, 'trail')
    const { signal } = spawnSync(process.execPath, ['--import', 'tsx', file, inner], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      timeout: 20_000,
    })
    expect(signal).toBe('SIGKILL')
    expect(await verifyAudit(inner, ring)).toMatchObject({ verdict: 'whole', files: [{ lines: 2, isEnded: false }] })
  })

  test('a process that just ends writes what is left', async () => {
    const program = `
      import { openAudit } from ${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))}
      openAudit({ folder: process.argv[2], keys: '${KEY}' }).add({ action: 'last' })
      process.exit(3)
    `
    const file = join(folder, 'program.mts')
    writeFileSync(file, program)
    const inner = join(folder, 'trail')
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', file, inner], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      timeout: 20_000,
    })
    expect(status).toBe(3)
    expect(existsSync(inner)).toBe(true)
    expect(await verifyAudit(inner, ring)).toMatchObject({ verdict: 'whole', files: [{ lines: 3, isEnded: true }] })
  })

  test('a clock that is set back changes times and not the order', async () => {
    let time = 1_700_000_000_000
    const trail = open({ now: () => time })
    trail.add({ action: 'before' })
    time -= 3_600_000
    trail.add({ action: 'after' })
    trail.close()
    expect((await lines()).map((line) => ('action' in line ? line.action : undefined))).toEqual([
      undefined,
      'before',
      'after',
      undefined,
    ])
    expect((await verifyAudit(folder, ring)).verdict).toBe('whole')
  })
})
