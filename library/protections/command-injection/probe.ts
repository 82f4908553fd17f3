import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY =
  'Start programs with execFile and a list of arguments, with "--" in front of values, and keep command-injection in the policy.'
const PLACES = 10
const SLOW_PLACES = 6
/** Milliseconds. Long enough to be no accident of the network, and short enough to hurt nobody. */
const SLEEP = 700
/** What a program waits for that reads a terminal which nobody types into. */
const PATIENCE = 2500

/** One value of one route that may end in a command. */
interface Place {
  readonly route: Route
  readonly field: string
  readonly value: string
  send(value: string, timeout?: number): Promise<Answer>
}

/** Ways out of where an app writes a value, with a command between them and a value that fits what follows. */
const WAYS: readonly (readonly [string, string])[] = [
  [';', ' #'],
  // Programs that got no file read on from nobody for ever.
  ['</dev/null;', ' #'],
  ['";', ' #'],
  ["';", ' #'],
  ['$(', ')'],
  ["'$(", ")'"],
  ['`', '`'],
  ['|', ' #'],
  ['&&', ' #'],
  ['||', ' #'],
  ['\n', ' #'],
  ['"&', '&rem "'],
]

/** One for each kind of quotes; in double ones and in none the same does. */
const SLOW_WAYS: readonly (readonly [string, string])[] = [
  ['$(', ')'],
  ["'$(", ")'"],
  [';', ' #'],
]

const execute: Probe = {
  name: 'command-injection/execute',
  risk: 'command-injection',
  title: 'A command of the client is run by the shell of the server',
  kind: 'active',
  attack: (target) => {
    let slow = 0
    return overPlaces(target, async (place) => {
      const run = async ([open, close]: readonly [string, string]): Promise<{ worked: boolean; answer: Answer }> => {
        // The product is in the answer, and the request held only its factors.
        const [a, b] = [6007 + Math.floor(Math.random() * 900), 7001 + Math.floor(Math.random() * 900)]
        const command = open.startsWith('"&') ? `set /a ${a}*${b}` : `echo $((${a}*${b}))`
        const answer = await place.send(place.value + open + command + close, PATIENCE)
        return { worked: answer.text.includes(String(a * b)), answer }
      }
      const way = await firstThat(WAYS, async (each) => (await run(each)).worked)
      if (slow < SLOW_PLACES && !(await run(way)).worked) {
        slow++
        return waits(place)
      }
      return tryOut(
        { control: async () => isAnswered(await place.send(place.value)), attack: () => run(way) },
        found(place, `A command in ${place.field} is run by a shell, and its output is in the answer.`),
      )
    })
  },
}

/** A command that is told to wait keeps the answer waiting, and one that is told not to does not: for routes that show no output. */
async function waits(place: Place): Promise<Outcome> {
  const honest = await place.send(place.value)
  const pair = async ([open, close]: readonly [string, string]): Promise<{ worked: boolean; answer: Answer }> => {
    const sleep = (ms: number): Promise<Answer> =>
      place.send(`${place.value}${open}sleep ${ms / 1000}${close}`, PATIENCE)
    const slow = await sleep(SLEEP)
    if (slow.ms < SLEEP * 0.9 || slow.failure !== undefined) return { worked: false, answer: slow }
    return { worked: (await sleep(0)).ms < SLEEP / 2, answer: slow }
  }
  const isQuick = honest.ms < SLEEP / 2
  const way = isQuick ? await firstThat(SLOW_WAYS, async (each) => (await pair(each)).worked) : SLOW_WAYS[0]!
  return tryOut(
    { control: async () => isAnswered(await place.send(place.value)), attack: () => pair(way) },
    found(place, `A command in ${place.field} is run by a shell, and the answer waits as long as it says.`),
  )
}

/** Nearly every program explains itself to whoever asks with `--help`. */
const option: Probe = {
  name: 'command-injection/option',
  risk: 'option-injection',
  title: 'A value that begins with a dash is an option of a program on the server',
  kind: 'active',
  attack: (target) =>
    overPlaces(target, async (place) =>
      tryOut(
        {
          control: async () => isAnswered(await place.send(place.value)),
          attack: async () => {
            const answer = await place.send('--help')
            return { worked: isHelp(answer), answer }
          },
          alsoHarmless: async () => isHelp(await place.send(place.value)) || isHelp(await place.send('help')),
        },
        found(place, `${place.field} is taken for an option of a program, which writes its help into the answer.`),
      ),
    ),
}

export const probes: readonly Probe[] = [execute, option]

async function* overPlaces(target: Target, attack: (place: Place) => Promise<Outcome>): AsyncGenerator<Outcome> {
  for (const place of placesOf(target)) {
    if (!isAnswered(await place.send(place.value))) continue
    const outcome = await attack(place)
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

function found(place: Place, message: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: place.route.method, path: place.route.path, message, remedy: REMEDY }
}

/** The first way that works, or the first of all. */
async function firstThat<T>(ways: readonly T[], works: (way: T) => Promise<boolean>): Promise<T> {
  for (const way of ways) if (await works(way)) return way
  return ways[0] as T
}

function isAnswered({ status }: Answer): boolean {
  return status >= 200 && status < 400
}

function isHelp({ text }: Answer): boolean {
  return /\busage:/i.test(text) && /(?:^|\s)--?[a-z]/m.test(text)
}

function placesOf(target: Target): Place[] {
  const places: Place[] = []
  for (const route of target.routes) {
    if (route.method === 'UPGRADE' || route.signIn === true) continue
    const { query = {}, body } = route
    for (const [field, value] of Object.entries(query)) {
      const send = (next: string, timeout = 5000): Promise<Answer> =>
        target.send({ ...askOf(target, route, { ...query, [field]: next }, body?.fields), timeout })
      places.push({ route, field, value, send })
    }
    if (route.method === 'GET' || body === undefined || body.type === 'text') continue
    for (const [field, value] of Object.entries(body.fields)) {
      if (/^(?:_?csrf|token)$/i.test(field)) continue
      const send = (next: string, timeout = 5000): Promise<Answer> =>
        target.send({ ...askOf(target, route, query, { ...body.fields, [field]: next }), timeout })
      places.push({ route, field, value, send })
    }
  }
  return places.slice(0, PLACES)
}

type Values = Readonly<Record<string, string>>

function askOf(target: Target, route: Route, query: Values, fields: Values | undefined): Ask {
  const { method, body, path, signedIn } = route
  const ask: Ask = {
    method,
    path: Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: signedIn === true,
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  return body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields }
}
