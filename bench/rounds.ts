import type { Settings } from './arguments.ts'
import { type Case, casesOf, facts, type Scenario, scenarios } from './cases.ts'
import { checkAnswer, checkRefusals, credentialsOf } from './checks.ts'
import { Child, type Pins } from './child.ts'
import { describe, type LoadNews, type LoadOrder, type LoadResult, type ServerNews } from './messages.ts'
import { cpuPerRequest, type Window } from './numbers.ts'
import { requestOf } from './requests.ts'

/** A bound for the fastest server there is, not a goal. */
const MOST_REQUESTS = 2_000_000

/** What one round measured of one scenario under one stack. */
export interface Sample extends Case {
  readonly scenario: Scenario
  /** From 0. */
  readonly round: number
  /** Microseconds of CPU that the server spent on a request. */
  readonly cpu: number
  readonly requestsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  /** Milliseconds. */
  readonly p99: number
}

/** Starts every case once and throws at the first that is missing, answers wrongly, or does not protect. */
export async function rehearse(settings: Settings): Promise<void> {
  for (const one of casesOf(settings.frameworks, settings.stacks)) {
    await withServer(one, undefined, async (_server, port) => {
      const credentials = await credentialsOf(port, one.stack)
      for (const scenario of scenarios) await checkAnswer(port, one.stack, scenario, credentials)
      await checkRefusals(port, one)
    })
  }
}

/** Measures all cases, each in a fresh process per round, in reversed order every other round. */
export async function measure(
  settings: Settings,
  pins: Pins,
  note: (line: string) => void,
): Promise<readonly Sample[]> {
  const cases = casesOf(settings.frameworks, settings.stacks)
  const load = new Child<LoadNews>('load', [], pins.load)
  const samples: Sample[] = []
  try {
    for (let round = 0; round < settings.rounds; round++) {
      for (const one of round % 2 === 0 ? cases : [...cases].reverse()) {
        note(`round ${round + 1} of ${settings.rounds}: ${one.framework} ${one.stack}`)
        samples.push(...(await measureCase(one, round, settings, pins, load)))
      }
    }
  } finally {
    await load.stop()
  }
  return samples
}

function measureCase(
  one: Case,
  round: number,
  settings: Settings,
  pins: Pins,
  load: Child<LoadNews>,
): Promise<Sample[]> {
  return withServer(one, pins.server, async (server, port) => {
    const credentials = await credentialsOf(port, one.stack)
    const samples: Sample[] = []
    for (const scenario of scenarios) {
      const { status, prefix, suffix } = facts[scenario].expected
      const { connections, seconds } = settings
      const isCold = samples.length === 0
      const warmSeconds = isCold ? settings.coldSeconds : settings.warmSeconds
      const warmRequests = isCold ? settings.coldRequests : 0
      const request = requestOf(scenario, credentials)
      const order = {
        port,
        request,
        status,
        prefix,
        suffix,
        connections,
        warmSeconds,
        warmRequests,
        seconds,
        maxRequests: MOST_REQUESTS,
      }
      await checkAnswer(port, one.stack, scenario, credentials)
      const { result, windows } = await underLoad(order, server, load)
      await checkAnswer(port, one.stack, scenario, credentials)
      const { p50, p99, requests } = result
      samples.push({
        ...one,
        scenario,
        round,
        cpu: cpuPerRequest(windows),
        requestsPerSecond: requests / result.seconds,
        p50,
        p99,
      })
    }
    return samples
  })
}

/** Warms the server up, and measures it while the load lasts. */
export async function underLoad(
  order: LoadOrder,
  server: Child<ServerNews>,
  load: Child<LoadNews>,
): Promise<{ result: LoadResult; windows: readonly Window[] }> {
  load.send(order)
  const warm = await load.next()
  if (!('warm' in warm)) throw new Error('failure' in warm ? warm.failure : 'the load ended before it was warm')
  server.send('start')
  const done = await load.next()
  if (!('result' in done)) throw new Error('failure' in done ? done.failure : 'the load did not end')
  server.send('stop')
  const news = await server.next()
  if (!('windows' in news)) throw new Error('failure' in news ? news.failure : 'the server did not measure')
  return { result: done.result, windows: news.windows }
}

async function withServer<T>(
  { framework, stack }: Case,
  pin: number | undefined,
  work: (server: Child<ServerNews>, port: number) => Promise<T>,
): Promise<T> {
  const server = new Child<ServerNews>('server', [framework, stack], pin)
  try {
    const news = await server.next()
    if (!('port' in news)) throw new Error('failure' in news ? news.failure : 'the server did not start')
    return await work(server, news.port)
  } catch (cause) {
    const said = server.said === '' ? '' : `\nThe server said:\n${server.said}`
    throw new Error(`${framework} ${stack}: ${describe(cause)}${said}`)
  } finally {
    await server.stop()
  }
}
