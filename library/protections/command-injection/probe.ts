import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY =
  'Start programs with execFile and a list of arguments, with "--" in front of values, and keep command-injection in the policy.'
const PLACES = 10

/** One value of one route that may end in a command. */
interface Place {
  readonly route: Route
  readonly field: string
  readonly value: string
  send(value: string): Promise<Answer>
}

/** Ways out of where an app writes a value, with a command between them and a value that fits what follows. */
const WAYS: readonly (readonly [string, string])[] = [
  [';', ' #'],
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

const execute: Probe = {
  name: 'command-injection/execute',
  risk: 'command-injection',
  title: 'A command of the client is run by the shell of the server',
  kind: 'active',
  attack: (target) =>
    overPlaces(target, async (place) => {
      const run = async ([open, close]: readonly [string, string]): Promise<{ worked: boolean; answer: Answer }> => {
        // The product is in the answer, and the request held only its factors.
        const [a, b] = [6007 + Math.floor(Math.random() * 900), 7001 + Math.floor(Math.random() * 900)]
        const command = open.startsWith('"&') ? `set /a ${a}*${b}` : `echo $((${a}*${b}))`
        const answer = await place.send(place.value + open + command + close)
        return { worked: answer.text.includes(String(a * b)), answer }
      }
      const way = await firstThat(WAYS, async (each) => (await run(each)).worked)
      return tryOut(
        { control: async () => isAnswered(await place.send(place.value)), attack: () => run(way) },
        found(place, `A command in ${place.field} is run by a shell, and its output is in the answer.`),
      )
    }),
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
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, { ...query, [field]: next }, body?.fields))
      places.push({ route, field, value, send })
    }
    if (route.method === 'GET' || body === undefined || body.type === 'text') continue
    for (const [field, value] of Object.entries(body.fields)) {
      if (/^(?:_?csrf|token)$/i.test(field)) continue
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, query, { ...body.fields, [field]: next }))
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
