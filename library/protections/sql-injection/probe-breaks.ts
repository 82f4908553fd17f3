import { type Answer, type Outcome, type Target, tryOut } from '../../core/probe.ts'
import { found, isAnswered, type Place } from './probe-places.ts'

/** Words by which databases complain; nobody's pages hold them by chance. */
const COMPLAINTS =
  /syntax error at or near|unterminated quoted string at or near|SQLITE_ERROR|unrecognized token|near "[^"]*": syntax error|error in your SQL syntax|ER_PARSE_ERROR|Unclosed quotation mark|ORA-\d{5}|incomplete input/i

/** A lone quote leaves the statement without an end; two of them are one quote inside of the value. */
export async function breaks(_target: Target, place: Place): Promise<Outcome | undefined> {
  if (!isAnswered(await place.send(place.value))) return undefined
  const lone = await place.send(`${place.value}'`)
  if (!isBroken(lone)) return slips(place)
  // Shells, scripts and patterns end quotes too: what does not complain as a database does has to understand SQL as one.
  const speaks = COMPLAINTS.test(lone.text) || (await dialectOf(place)) !== undefined
  const attack = async (): Promise<{ worked: boolean; answer: Answer }> => {
    const answer = await place.send(`${place.value}'`)
    return { worked: speaks && isBroken(answer), answer }
  }
  const outcome = await tryOut(
    {
      control: async () => isAnswered(await place.send(place.value)),
      attack,
      // Where two quotes break it too, the app may just not like quotes.
      alsoHarmless: async () => !isAnswered(await place.send(`${place.value}''`)),
    },
    found(place, `One quote in ${place.field} breaks the query behind this route, and two do not.`),
  )
  return outcome.verdict === 'disproven' ? slips(place) : outcome
}

/** A word of SQL with one letter too many or too few breaks it: for values that stand without quotes, such as the column of an order. */
async function slips(place: Place): Promise<Outcome> {
  const dialect = await dialectOf(place)
  return tryOut(
    {
      attack: async () => {
        const answer = await place.send((dialect ?? DIALECTS[0]!).slip(place.value))
        return { worked: dialect !== undefined && isBroken(answer), answer }
      },
      alsoHarmless: async () => dialect !== undefined && !isAnswered(await place.send(dialect.fit(place.value))),
    },
    found(
      place,
      `What ${place.field} says is read as SQL: with a slip in one of its words the query behind this route breaks.`,
    ),
  )
}

/** A piece of SQL, and the same with a slip in one word: whatever else takes the first or refuses both knows no SQL. */
interface Dialect {
  readonly fits: RegExp
  fit(value: string): string
  slip(value: string): string
}

const DIALECTS: readonly Dialect[] = [
  [/^-?\d+$/, (value: string, and: string) => `${value} ${and} 1=1`] as const,
  [/^\w+$/, (value: string, _and: string, end: string) => `(CASE WHEN 1=1 THEN ${value} ELSE NULL ${end})`] as const,
  [/^/, (value: string, and: string) => `${value}' ${and} '1'='1`] as const,
  [/^/, (value: string, and: string) => `${value}') ${and} ('1'='1`] as const,
  [/^/, (value: string, _and: string, _end: string, select: string) => `${value}'||(${select} '')||'`] as const,
].map(([fits, write]) => ({
  fits,
  fit: (value) => write(value, 'AND', 'END', 'SELECT'),
  slip: (value) => write(value, 'ANDD', 'EN', 'SELEC'),
}))

async function dialectOf(place: Place): Promise<Dialect | undefined> {
  for (const dialect of DIALECTS) {
    if (!dialect.fits.test(place.value)) continue
    if (!isBroken(await place.send(dialect.slip(place.value)))) continue
    const fit = await place.send(dialect.fit(place.value))
    if (isAnswered(fit) && !isBroken(fit)) return dialect
  }
  return undefined
}

function isBroken({ status, text }: Answer): boolean {
  return status === 0 || status >= 500 || COMPLAINTS.test(text)
}
