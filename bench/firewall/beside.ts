import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask } from '../ask.ts'
import { Child, type Pins, type Surroundings } from '../child.ts'
import { describe, type LoadNews, type ServerNews } from '../messages.ts'
import { cpuPerRequest } from '../numbers.ts'
import { underLoad } from '../rounds.ts'
import { attacks, type Errand, errands, type Kind, PAGE, type Protection, protections, TEMPLATE } from './apps.ts'

export interface Pace {
  readonly rounds: number
  readonly coldSeconds: number
  readonly warmSeconds: number
  readonly seconds: number
}

/** What one round measured of one errand. */
export interface Sample {
  readonly kind: Kind
  readonly protection: Protection
  readonly errand: string
  readonly round: number
  /** Microseconds of the app's process for each request. */
  readonly cpu: number
}

/** What became of an attack on one app: it was stopped, or it got what it came for. */
export interface Tried {
  readonly kind: Kind
  readonly protection: Protection
  readonly status: number
  readonly stopped: boolean
}

export interface Beside {
  readonly samples: readonly Sample[]
  readonly tried: readonly Tried[]
}

const AROUND: Readonly<Record<Protection, Surroundings>> = {
  bare: {},
  preload: { options: ['--import', 'bulwark/firewall'] },
  policy: {},
  whole: {},
  // Without a token it asks nobody for anything.
  aikido: { options: ['-r', '@aikidosec/firewall'], env: { AIKIDO_BLOCK: 'true', AIKIDO_TOKEN: '' } },
}
/** A bound for the fastest server there is, not a goal. */
const MOST_REQUESTS = 2_000_000
const CONNECTIONS = 8

/**
 * Measures the same apps under every protection, each in a process of its own and all of them in every round. Throws where an app answers
 * wrongly, or where an attack fails without a protection or works in spite of Bulwark.
 */
export async function measureBeside(
  chosen: readonly Kind[],
  env: Readonly<Record<string, string>>,
  pace: Pace,
  pins: Pins,
  note: (line: string) => void,
): Promise<Beside> {
  const folder = filesFolder()
  const load = new Child<LoadNews>('load', [], pins.load)
  const samples: Sample[] = []
  const tried: Tried[] = []
  try {
    for (let round = 0; round < pace.rounds; round++) {
      for (const kind of chosen) {
        for (const protection of round % 2 === 0 ? protections : [...protections].reverse()) {
          note(`round ${round + 1} of ${pace.rounds}: ${kind} ${protection}`)
          await withApp(kind, protection, { ...env, BENCH_FOLDER: folder }, pins.server, async (app, port) => {
            samples.push(...(await measureApp(app, port, kind, protection, round, pace, load)))
            if (round === 0) tried.push(await attack(port, kind, protection))
          })
        }
      }
    }
  } finally {
    await load.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { samples, tried }
}

async function measureApp(
  app: Child<ServerNews>,
  port: number,
  kind: Kind,
  protection: Protection,
  round: number,
  pace: Pace,
  load: Child<LoadNews>,
): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (const { name, kinds, request, prefix, suffix } of errands) {
    if (!kinds.includes(kind)) continue
    await check(port, { name, request, prefix })
    const isCold = samples.length === 0
    const { windows } = await underLoad(
      {
        port,
        request,
        status: 200,
        prefix,
        suffix,
        connections: CONNECTIONS,
        warmSeconds: isCold ? pace.coldSeconds : pace.warmSeconds,
        warmRequests: isCold ? 3000 : 300,
        seconds: pace.seconds,
        maxRequests: MOST_REQUESTS,
      },
      app,
      load,
    )
    samples.push({ kind, protection, errand: name, round, cpu: cpuPerRequest(windows) })
  }
  return samples
}

async function check(
  port: number,
  { name, request, prefix }: Pick<Errand, 'name' | 'request' | 'prefix'>,
): Promise<void> {
  const { status, body } = await ask(port, request)
  if (status !== 200 || !body.startsWith(prefix)) throw new Error(`${name}: answered ${status}: ${body.slice(0, 300)}`)
}

async function attack(port: number, kind: Kind, protection: Protection): Promise<Tried> {
  const { request, loot } = attacks[kind]
  const { status, body } = await ask(port, request)
  const stopped = !body.includes(loot)
  // The policy alone refuses some of it before any route sees it.
  const expected = { bare: false, preload: true, policy: stopped, whole: true, aikido: stopped }[protection]
  if (stopped !== expected) {
    throw new Error(`the attack was ${stopped ? '' : 'not '}stopped (${status}): ${body.slice(0, 300)}`)
  }
  return { kind, protection, status, stopped }
}

async function withApp(
  kind: Kind,
  protection: Protection,
  given: Readonly<Record<string, string>>,
  pin: number | undefined,
  work: (app: Child<ServerNews>, port: number) => Promise<void>,
): Promise<void> {
  const { options = [], env = {} } = AROUND[protection]
  const around = { options, env: { ...env, ...given } }
  const app = new Child<ServerNews>('firewall/app', [kind, protection], pin, around)
  try {
    const news = await app.next()
    if (!('port' in news)) throw new Error('failure' in news ? news.failure : 'the app did not start')
    await work(app, news.port)
  } catch (cause) {
    throw new Error(`${kind} ${protection}: ${describe(cause)}${app.said === '' ? '' : `\nThe app said:\n${app.said}`}`)
  } finally {
    await app.stop()
  }
}

/** What the apps serve and read, and a secret beside it. */
function filesFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-bench-'))
  mkdirSync(join(folder, 'static'))
  mkdirSync(join(folder, 'templates'))
  writeFileSync(join(folder, 'static', 'page.html'), PAGE)
  writeFileSync(join(folder, 'templates', 'welcome.html'), TEMPLATE)
  writeFileSync(join(folder, 'secret.html'), 'the secret of NAME')
  return folder
}
