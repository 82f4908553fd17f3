import { type Outcome, type Probe, type RawAnswer, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Protect the app with bulwark(), or add the slowClients protection back to its policy.'
/** Milliseconds between two pieces of a slow request. */
const PACE = 500
/** More than the thirty browsers behind one address that anybody would allow for; the prober opens no more than 256. */
const CROWD = 250
/** How long idle connections are held. */
const IDLE = 800

/** Slowloris: a head that goes on and on, one line at a time. */
const slowHead: Probe = {
  name: 'slow-clients/slow-head',
  risk: 'slow-clients',
  title: 'A request whose head never ends is waited for',
  kind: 'hold',
  async *attack(target) {
    const path = target.routes.find(({ method }) => method === 'GET')?.path ?? '/'
    const start = `GET ${path} HTTP/1.1\r\nHost: ${hostOf(target)}\r\n`
    yield await hold(target, 'GET', path, {
      honest: `${start}Connection: close\r\n\r\n`,
      parts: [start, ...pieces(target, (i) => `X-Later-${i}: a\r\n`)],
      message: `A head that arrives one line at a time is waited for at least ${seconds(target)} seconds, so a few hundred idle clients fill the server.`,
    })
  },
}

/** Slow POST: a body that is announced, and arrives byte by byte. */
const slowBody: Probe = {
  name: 'slow-clients/slow-body',
  risk: 'slow-clients',
  title: 'A request whose body never ends is waited for',
  kind: 'hold',
  async *attack(target) {
    const route = target.routes.find(isWritten)
    if (route === undefined) return
    const isJson = route.body?.type === 'json'
    const fields = route.body?.fields ?? {}
    const honest = isJson ? JSON.stringify(fields) : new URLSearchParams(fields).toString()
    const head = (length: number): string =>
      `${route.method} ${route.path} HTTP/1.1\r\nHost: ${hostOf(target)}\r\nConnection: close\r\n` +
      `Content-Type: ${isJson ? 'application/json' : 'application/x-www-form-urlencoded'}\r\nContent-Length: ${length}\r\n\r\n`
    yield await hold(target, route.method, route.path, {
      honest: `${head(Buffer.byteLength(honest))}${honest}`,
      parts: [head(9999), ...pieces(target, () => (isJson ? ' ' : 'a'))],
      message: `A body that arrives byte by byte is waited for at least ${seconds(target)} seconds, so a few hundred idle clients fill the server.`,
    })
  },
}

/** More idle connections than any honest client needs, all from one address. */
const manyConnections: Probe = {
  name: 'slow-clients/many-connections',
  risk: 'connection-exhaustion',
  title: 'One client may hold as many connections as it likes',
  kind: 'load',
  async *attack(target) {
    const count = Math.min(target.burst, CROWD)
    const attempt = async (): Promise<{ worked: boolean; answer: Awaited<ReturnType<Target['send']>> }> => {
      const held = target.connect(count, { hold: IDLE, from: freshAddress() })
      const answer = await target.send({
        path: target.routes.find(({ method }) => method === 'GET')?.path ?? '/',
        from: freshAddress(),
      })
      return { worked: (await held) >= count, answer }
    }
    yield await tryOut(
      {
        control: async () => (await target.connect(1, { hold: 200, from: freshAddress() })) === 1,
        attack: attempt,
      },
      {
        method: 'GET',
        path: '/',
        message: `${count} idle connections from one address stayed open, so one machine can use up all that the server can hold.`,
        remedy: REMEDY,
      },
    )
  },
}

export const probes: readonly Probe[] = [slowHead, slowBody, manyConnections]

interface Held {
  /** The same request sent as a whole. */
  readonly honest: string
  readonly parts: readonly string[]
  readonly message: string
}

function hold(target: Target, method: string, path: string, { honest, parts, message }: Held): Promise<Outcome> {
  return tryOut(
    {
      control: async () => isAnswered(await target.raw({ parts: [honest], hold: 3000 })),
      // Twice at the same time: each takes as long as connections are held, and nothing of one is in the way of the other.
      attack: async () => {
        const both = await Promise.all(
          [parts, parts].map((each) => target.raw({ parts: each, pause: PACE, hold: PACE })),
        )
        const [first, second] = both as [RawAnswer, RawAnswer]
        return { worked: isWaitedFor(first) && isWaitedFor(second), answer: isWaitedFor(first) ? second : first }
      },
      times: 1,
    },
    { method, path, message, remedy: REMEDY },
  )
}

/** As many pieces as fit into the time that connections are held. */
function pieces(target: Target, piece: (i: number) => string): string[] {
  return Array.from({ length: Math.max(2, Math.floor(target.holdFor / PACE) - 1) }, (_, i) => piece(i))
}

function isWritten({ method, body, signedIn }: Route): boolean {
  return method !== 'GET' && signedIn !== true && (body?.type === 'json' || body?.type === 'form')
}

function isAnswered({ text }: RawAnswer): boolean {
  return /^HTTP\/1\.1 [2-4]\d\d /.test(text)
}

/** Still open, and still waiting: an answer in between means that nobody waits. */
function isWaitedFor({ closed, text, failure }: RawAnswer): boolean {
  return !closed && text === '' && failure === undefined
}

function hostOf(target: Target): string {
  return new URL(target.origin).host
}

function seconds(target: Target): number {
  return Math.round(target.holdFor / 100) / 10
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${200 + Math.floor(Math.random() * 40)}.${part()}.${part()}`
}
