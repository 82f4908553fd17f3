import { type Answer, type Ask, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Protect the app with bulwark(), or add the rateLimit protection back to its policy.'
/** As scripts do: a handshake for each request would be the slowest part of a burst. */
const LASTING = { connection: 'keep-alive' }
/** Requests that are on their way at the same time. */
const AT_ONCE = 20
const GUESSES = 20

/** A burst from one address: does anything ever say that it is enough? */
const unlimitedRequests: Probe = {
  name: 'rate-limit/unlimited-requests',
  risk: 'unlimited-requests',
  title: 'One client may send as many requests as it likes',
  kind: 'last',
  async *attack(target) {
    const route = pageOf(target)
    if (route === undefined) return
    const ask = asking(route)
    const honest = await target.send({ ...ask, from: freshAddress() })
    yield await tryOut(
      {
        control: async () => isFine(honest),
        attack: async () => {
          const from = freshAddress()
          const { refused, last } = await burst(target, () => ({ ...ask, from }), target.burst, honest)
          return { worked: refused === 0, answer: last }
        },
      },
      {
        method: 'GET',
        path: route.path,
        message: `${target.burst} requests in one go from one address were all answered, so nothing stands between a script and all of the app's power.`,
        remedy: REMEDY,
      },
    )
  },
}

/** Twenty wrong passwords and then the right one, from one address: whoever may guess that often guesses on. */
const unlimitedSignIn: Probe = {
  name: 'rate-limit/unlimited-sign-in',
  risk: 'unlimited-sign-in',
  title: 'One client may try as many passwords as it likes',
  kind: 'last',
  async *attack(target) {
    const route = target.routes.find(({ signIn, body }) => signIn === true && passwordOf(body?.fields) !== undefined)
    if (route === undefined) return
    const secret = passwordOf(route.body?.fields) ?? ''
    const trial = (from: string, password: string | undefined): Promise<Answer> => {
      const fields = { ...route.body?.fields, ...(password !== undefined && { [secret]: password }) }
      const body = route.body?.type === 'json' ? { json: fields } : { form: fields }
      return target.send({ method: route.method, path: route.path, from, ...body })
    }
    const opened = await trial(freshAddress(), undefined)
    const refused = await trial(freshAddress(), `wrong-${target.nonce()}`)
    yield await tryOut(
      {
        // Right and wrong must look different, or nothing could be learned from the last answer.
        control: async () => isFine(opened) && signature(opened) !== signature(refused),
        attack: async () => {
          const from = freshAddress()
          for (let i = 0; i < GUESSES; i++) {
            const answer = await trial(from, `wrong-${target.nonce()}`)
            if (answer.status === 429) return { worked: false, answer }
          }
          const answer = await trial(from, undefined)
          return { worked: signature(answer) === signature(opened), answer }
        },
        // Twenty guesses are repetition enough, and good password hashes are slow.
        times: 1,
      },
      {
        method: route.method,
        path: route.path,
        message: `After ${GUESSES} wrong passwords from one address the next guess is still tried, and the right one opens the account.`,
        remedy: "Give the route a limit, as in secure({ limit: '10/min' }).",
      },
    )
  },
}

/** The same burst with another X-Forwarded-For each time: a limit that counts by it never ends. */
const forgedAddress: Probe = {
  name: 'rate-limit/forged-address',
  risk: 'client-address-spoofing',
  title: 'A made-up X-Forwarded-For gets past the limit',
  kind: 'last',
  async *attack(target) {
    let tried = 0
    for (const route of pages(target)) {
      const ask = asking(route)
      const honest = await target.send({ ...ask, from: freshAddress() })
      if (!isFine(honest)) continue
      // A third page without a limit would use up what one probe may send.
      if (tried++ === 2) return
      const run = async (
        headers: (i: number) => Record<string, string>,
      ): Promise<{ refused: number; last: Answer }> => {
        const from = freshAddress()
        return burst(target, (i) => ({ ...ask, from, headers: headers(i) }), perRoute(target), honest)
      }
      // Without a limit there is nothing to get past.
      if ((await run(() => ({}))).refused === 0) continue
      const salt = Math.floor(Math.random() * 250)
      yield await tryOut(
        {
          // A busy app fails now and then: a limit is there again for the next client.
          control: async () => (await run(() => ({}))).refused > 0,
          attack: async () => {
            const { refused, last } = await run((i) => ({
              'x-forwarded-for': `198.51.${(salt + (i >> 8)) % 256}.${i % 256}`,
            }))
            return { worked: refused === 0, answer: last }
          },
        },
        {
          method: 'GET',
          path: route.path,
          message:
            'The limit counts by the first address in X-Forwarded-For, which every client may write as it likes.',
          remedy: 'Count by req.security.ip, and name your own proxies in the policy.',
        },
      )
      return
    }
  },
}

export const probes: readonly Probe[] = [unlimitedRequests, unlimitedSignIn, forgedAddress]

/** Sends in small groups, and stops at the first group in which something was refused. */
async function burst(
  target: Target,
  ask: (i: number) => Ask,
  count: number,
  honest: Answer,
): Promise<{ refused: number; last: Answer }> {
  let last = honest
  for (let sent = 0; sent < count; sent += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - sent) }, (_, i) => target.send(lasting(ask(sent + i))))
    const answers = await Promise.all(group)
    const refused = answers.filter(({ status }) => status !== honest.status)
    last = refused[0] ?? answers.at(-1) ?? last
    if (refused.length > 0) return { refused: refused.length, last }
  }
  return { refused: 0, last }
}

function lasting(ask: Ask): Ask {
  return { ...ask, headers: { ...ask.headers, ...LASTING } }
}

function* pages(target: Target): Iterable<Route> {
  for (const route of target.routes) if (route.method === 'GET' && route.signedIn !== true) yield route
}

/** A page with a query is more likely to work for its answer, and to have a limit; here any page will do. */
function pageOf(target: Target): Route | undefined {
  const all = [...pages(target)]
  return all.find(({ html }) => html === true) ?? all[0]
}

/** Three bursts have to fit into what one probe may send. */
function perRoute(target: Target): number {
  return Math.min(target.burst, 100)
}

function asking(route: Route): Ask {
  const query = route.query === undefined ? '' : `?${new URLSearchParams(route.query)}`
  return { path: `${route.path}${query}` }
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${90 + Math.floor(Math.random() * 100)}.${part()}.${part()}`
}

function passwordOf(fields: Readonly<Record<string, string>> | undefined): string | undefined {
  return Object.keys(fields ?? {}).find((name) => /passw|pwd|secret|pin$/i.test(name))
}

/** What tells a sign-in that worked from one that did not. */
function signature(answer: Answer): string {
  const cookies = answer.all('set-cookie').map((cookie) => cookie.split('=')[0])
  return `${answer.status} ${answer.headers['location'] ?? ''} ${cookies.sort().join()}`
}

function isFine({ status }: Answer): boolean {
  return status >= 200 && status < 400
}
