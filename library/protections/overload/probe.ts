import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

/** Milliseconds that an answer takes longer than the quickest page, when it costs the server more than it costs to ask. */
const HEAVY = 10
/** And how many times as long: on a busy machine everything takes longer. */
const TIMES = 3
/** A page that answers within this time has nothing of its own to wait for. */
const QUICK = 250
const ROUTES = 16
const SAMPLE = 6
const MEASURES = 4
/** Milliseconds between the first attempts of somebody who was told to come back, and at the most. */
const AGAIN = 50
const SELDOM = 800
/** Floods of one trial, and what it sends besides. */
const FLOODS = 3
const BESIDES = 100
/** How much more is asked for, and how often, when all of it was done sooner than what it cost before made believe. */
const MORE = 1.6
const MOST_TRIES = 3
/** How often it is asked whether the work of a flood is done. */
const IDLE = 16

/** Heavy work asked for by one client, and how long somebody else then waits for a page that costs nothing. */
const heavyFlood: Probe = {
  name: 'overload/heavy-flood',
  risk: 'overload',
  title: 'One client that asks for heavy work keeps everybody else waiting',
  kind: 'last',
  async *attack(target) {
    const { quick, heavy } = await measured(target)
    if (quick === undefined || heavy === undefined) return
    const outcome = await flood(target, heavy, quick)
    // What cannot be made to last within the limits of a probe is not worth an attack.
    if (outcome !== undefined) yield outcome
  },
}

export const probes: readonly Probe[] = [heavyFlood]

interface Way {
  readonly method: string
  readonly path: string
  readonly ask: Ask
  readonly status: number
  /** The quickest of its answers. */
  readonly ms: number
}

async function flood(target: Target, way: Way, quick: Way): Promise<Outcome | undefined> {
  // As long as it would be worth it to a guard to look at anything else, and a little more of that in work.
  const bearable = target.holdFor / 4
  const work = target.holdFor / 3
  const each = await costOf(target, way)
  let count = Math.ceil(work / each)
  if (count > mostOf(target)) return undefined
  let left = requestsOf(target)
  let longest = 0
  const attempt = async (asked: Way): Promise<Flood> => {
    left -= count
    const from = freshAddress()
    const start = performance.now()
    let took = 0
    const crowd = Promise.all(
      Array.from({ length: count }, () => target.send({ ...asked.ask, from, timeout: target.holdFor })),
    )
    // Should the run end meanwhile, it is told of by whoever waits for the answer.
    crowd.then(
      () => (took = performance.now() - start),
      () => undefined,
    )
    await patiently(target, quick, start + target.holdFor)
    const waited = performance.now() - start
    // What the others were answered is the evidence: it is they who did it.
    const answers = await crowd
    return {
      waited,
      took,
      isServed: answers.every(({ status }) => status === asked.status),
      answer: answers[0] as Answer,
    }
  }
  /** What was measured on a busy machine is too little for one that has become idle: then all are served, and nobody had to wait. */
  const enough = async (): Promise<Flood> => {
    for (let tries = 1; ; tries++) {
      const flood = await attempt(way)
      const more = Math.ceil(count * MORE)
      const isTooSmall = flood.waited < bearable && flood.isServed && flood.took < work
      if (!isTooSmall || tries === MOST_TRIES || more > target.burst || more * FLOODS > left) return flood
      count = more
    }
  }
  return tryOut(
    {
      control: async () => {
        const answers = [await askOther(target, quick), await askOther(target, quick), await askOther(target, quick)]
        return answers.some(({ status, ms }) => status === quick.status && ms < Math.min(QUICK, bearable / 2))
      },
      attack: async () => {
        const { waited, answer } = await enough()
        longest = Math.max(longest, waited)
        return { worked: waited >= bearable, answer }
      },
      // As many requests for next to nothing: what they cost is not the fault of the work.
      alsoHarmless: async () => {
        await idle(target, quick, bearable / 4)
        return (await attempt(quick)).waited >= longest / 2
      },
    },
    {
      method: way.method,
      path: way.path,
      message: `${count} requests of one client at once, and for ${bearable} ms nobody else gets an answer from ${quick.path}: each one takes ${Math.round(each)} ms in which the process does nothing else.`,
      remedy:
        'Do the work beside the event loop, limit it with secure({ overload: { atOnce: 4 } }), and protect the app with bulwark().',
    },
  )
}

interface Flood {
  /** Milliseconds until somebody else was answered, and until the whole crowd was. */
  readonly waited: number
  readonly took: number
  /** All of the crowd got what they asked for. */
  readonly isServed: boolean
  readonly answer: Answer
}

/** What each of a few requests at once costs, when they have to wait for one another. */
async function costOf(target: Target, way: Way): Promise<number> {
  const from = freshAddress()
  const start = performance.now()
  const answers = await Promise.all(Array.from({ length: SAMPLE }, () => target.send({ ...way.ask, from })))
  const done = answers.filter(({ status }) => status === way.status).length
  return Math.max(0.1, Math.min(way.ms, (performance.now() - start) / Math.max(1, done)))
}

/** Asks until there is the usual answer: who is told to come back has been answered, but not helped. */
async function patiently(target: Target, quick: Way, until: number): Promise<Answer> {
  const from = freshAddress()
  for (let rest = AGAIN; ; rest = Math.min(rest * 2, SELDOM)) {
    const answer = await target.send({ ...quick.ask, from, timeout: target.holdFor })
    if (answer.status === quick.status || performance.now() >= until) return answer
    await new Promise((resolve) => setTimeout(resolve, rest))
  }
}

/** Waits for the end of the work that was asked for, which a server does for those as well who have stopped waiting for it. */
async function idle(target: Target, quick: Way, within: number): Promise<void> {
  const until = performance.now() + target.holdFor
  for (let left = IDLE; left > 0 && performance.now() < until; left--) {
    const { status, ms } = await askOther(target, quick)
    if (status === quick.status && ms < within) return
    await new Promise((resolve) => setTimeout(resolve, AGAIN))
  }
}

function askOther(target: Target, { ask }: Way): Promise<Answer> {
  return target.send({ ...ask, from: freshAddress() })
}

/** How many requests one flood may be, so that all of them fit into what a probe may send. */
function mostOf(target: Target): number {
  return Math.min(target.burst, Math.floor(requestsOf(target) / FLOODS))
}

function requestsOf(target: Target): number {
  return target.burst * 2 + BESIDES
}

/** The page that costs least, and the one that costs most, where that is much more. */
async function measured(target: Target): Promise<{ quick: Way | undefined; heavy: Way | undefined }> {
  const ways: Way[] = []
  for (const route of routesOf(target)) {
    const ask = asking(target, route)
    const answers: Answer[] = []
    for (let i = 0; i < 3; i++) {
      const answer = await askOther(target, { ask } as Way)
      answers.push(answer)
      // Not there for us, or not worth a second look.
      if (!isFine(answer) || (i === 1 && Math.min(...answers.map(({ ms }) => ms)) < HEAVY)) break
    }
    const [first] = answers as [Answer]
    if (!answers.every(isFine)) continue
    const ms = Math.min(...answers.map((answer) => answer.ms))
    ways.push({ method: route.method, path: route.path, ask, status: first.status, ms })
  }
  const [quick] = ways.sort((a, b) => a.ms - b.ms)
  const heavy = ways.at(-1)
  if (quick === undefined || heavy === undefined || quick.ms >= QUICK) return { quick: undefined, heavy: undefined }
  if (heavy.ms - quick.ms < HEAVY) return { quick, heavy: undefined }
  // What a few answers say may be chance on a busy machine; the quickest of several is what they cost.
  let [low, high] = [quick.ms, heavy.ms]
  for (let i = 0; i < MEASURES; i++) {
    low = Math.min(low, (await askOther(target, quick)).ms)
    high = Math.min(high, (await askOther(target, heavy)).ms)
  }
  const isHeavy = high >= low * TIMES && high - low >= HEAVY
  return { quick: { ...quick, ms: low }, heavy: isHeavy ? { ...heavy, ms: high } : undefined }
}

/** Reading changes nothing, so it can be asked for again and again. */
function routesOf(target: Target): readonly Route[] {
  return target.routes.filter(({ method, signedIn }) => method === 'GET' && signedIn !== true).slice(0, ROUTES)
}

function asking(target: Target, { method, path, query }: Route): Ask {
  const text = query === undefined ? '' : `?${new URLSearchParams(query)}`
  return { method, path: `${path}${text}`, timeout: Math.min(5000, target.holdFor) }
}

function isFine({ status }: Answer): boolean {
  return status >= 200 && status < 400
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${190 + Math.floor(Math.random() * 9)}.${part()}.${part()}`
}
