import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { find, sqlmap } from '../../scripts/services.ts'
import { type Desk, startDesk } from './desks.ts'
import { honestAnswers } from './honest.ts'

const program = find(sqlmap)

/** What it is pointed at, and what it says when it has found the hole there. */
const TARGETS: readonly (readonly [found: string, args: (origin: string) => readonly string[]])[] = [
  ['q (GET)', (origin) => ['-u', `${origin}/search?q=ham`, '-p', 'q']],
  ['#1* (URI)', (origin) => ['-u', `${origin}/shows/1*`]],
  ['name (POST)', (origin) => ['-u', `${origin}/sign-in`, '--data', 'name=ann&password=rosebud', '-p', 'name']],
]

describe.skipIf(!program)('sqlmap, looking for injections at the old desk', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulwark-sqlmap-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** The parameters that it can inject into, each by its name and its place. */
  async function look(args: readonly string[]): Promise<string[]> {
    const calm = ['--batch', '--disable-coloring', '--flush-session', '--ignore-code', '401', '--output-dir', folder]
    // Queries that are only slow are asked for elsewhere; here they would cost half a minute each.
    const depth = ['--level', '3', '--risk', '2', '--technique', 'BEUS', '--dbms', 'sqlite', '--threads', '4']
    const { stdout } = await promisify(execFile)(program ?? '', [...args, ...calm, ...depth], {
      cwd: folder,
      // Its settings and its history stay in this folder, too.
      env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder },
      timeout: 50_000,
      maxBuffer: 16 * 1024 * 1024,
    })
    expect(stdout).toMatch(/identified the following injection point|do not appear to be injectable/)
    return [...stdout.matchAll(/^Parameter: (.*)$/gm)].map(([, name = '']) => name)
  }

  async function lookEverywhere(desk: Desk): Promise<string[]> {
    const found: string[] = []
    for (const [, args] of TARGETS) found.push(...(await look(args(desk.origin))))
    return found
  }

  test('finds a hole at each of three places of the plain one', async () => {
    const desk = await startDesk('plain')
    try {
      expect(await lookEverywhere(desk)).toEqual(TARGETS.map(([name]) => name))
    } finally {
      await desk.close()
    }
  }, 60_000)

  test('finds none under the preload, where it is the sink that stops it, and honest people notice nothing', async () => {
    const desk = await startDesk('kept')
    try {
      const before = await honestAnswers(desk.origin)
      const honestEvents = desk.events.length
      expect(await lookEverywhere(desk)).toEqual([])
      await desk.settled()
      expect(honestEvents).toBe(0)
      // It was let try: there are no limits here, and no list of programs that are turned away.
      expect(new Set(desk.events.map(({ guard, outcome }) => `${guard} ${outcome}`))).toEqual(
        new Set(['sql-injection denied']),
      )
      for (const [name, args] of TARGETS) {
        const path = new URL(args(desk.origin)[1] ?? '').pathname.replace('1*', '')
        expect(desk.events.filter(({ request }) => request?.path.startsWith(path)).length, name).toBeGreaterThan(20)
      }
      expect(await honestAnswers(desk.origin)).toEqual(before)
    } finally {
      await desk.close()
    }
  }, 60_000)
})
