import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

/** Milliseconds that are no accident; an attack stops to grow as soon as it costs so much. */
const NOTICED = 80
/** From here on a confirmation asks for a little less. */
const DEAR = 300
const TIMEOUT = 2500
const FIELDS = 3
const SEARCHES =
  /^(?:q|s|k|query|search|find|filter|pattern|regexp?|match|term|terms|word|words|keyword|keywords|text|grep)$/i
const CHECKED = /mail|url|link|site|web|date|birth|phone|tel|name|city|street|zip|host|domain|code|color|colour|tag/i
const UNTOUCHED = /csrf|token|passw|^_|^id$/i

/** One field, and how to send a value in it. */
interface Way {
  readonly method: string
  readonly path: string
  readonly field: string
  readonly honest: string
  put(value: string): Promise<Answer>
  word(): string
}

/** A text whose cost grows with its size, and a harmless one of the same length. */
interface Shape {
  readonly sizes: readonly number[]
  slow(size: number, word: string): string
  quick(size: number, word: string): string
}

/** Choices between nothing and nothing: each one doubles the ways, whatever the pattern runs on. */
const EMPTY_CHOICES: Shape = {
  sizes: [8, 10, 12, 14, 16, 18, 20, 22],
  // With a word of its own: an engine runs a pattern that it has seen before ten times as fast.
  slow: (size, word) => `^${'(|)'.repeat(size)}\\b\\B${word}`,
  quick: (size, word) => `^${'(q)'.repeat(size)}\\b\\B${word}`,
}

const ownPattern: Probe = {
  name: 'redos/own-pattern',
  risk: 'pattern-injection',
  title: 'A search takes a pattern of the client, and as long as the client likes',
  kind: 'last',
  async *attack(target) {
    const ways = waysOf(target).filter(({ field }) => SEARCHES.test(field))
    yield* attack(ways.slice(0, FIELDS), () => [EMPTY_CHOICES], {
      message: 'is run as a pattern, and one of a few characters keeps the whole process busy',
      remedy: 'Escape what is searched for with escapePattern(text), or search with includes().',
    })
  },
}

const slowField: Probe = {
  name: 'redos/slow-field',
  risk: 'redos',
  title: 'A field that is nearly right takes for ever to be checked',
  kind: 'last',
  async *attack(target) {
    const ways = waysOf(target).filter(({ field, honest }) => CHECKED.test(field) || honest.includes('@'))
    yield* attack(ways.slice(0, FIELDS), shapesFor, {
      message: 'is checked by a pattern that takes twice as long for each further character',
      remedy: 'Let no repetition in the pattern contain another one that can match the same text.',
    })
  },
}

export const probes: readonly Probe[] = [ownPattern, slowField]

async function* attack(
  ways: readonly Way[],
  shapes: (way: Way) => readonly Shape[],
  found: Pick<Outcome, 'message' | 'remedy'>,
): AsyncGenerator<Outcome> {
  for (const way of ways) {
    const { method, path } = way
    const about = { method, path, message: `The field ${way.field} ${found.message}.`, remedy: found.remedy }
    const [honest, again] = [await way.put(way.honest), await way.put(way.honest)]
    const least = Math.min(honest.ms, again.ms)
    if (!isAnswered(honest) || !isAnswered(again) || least > NOTICED) {
      yield {
        ...about,
        verdict: 'inconclusive',
        message: 'An honest request is not answered, or as slowly as an attack.',
      }
      continue
    }
    let size: number | undefined
    let slowest: Shape | undefined
    let last = honest
    for (const shape of shapes(way)) {
      ;[size, last] = await grow(way, shape)
      slowest = shape
      if (size !== undefined) break
    }
    if (size === undefined || slowest === undefined) {
      const verdict = isLimited(last) ? 'inconclusive' : 'disproven'
      yield {
        ...about,
        verdict,
        message: isLimited(last) ? 'Too many requests.' : 'The attack had no effect.',
        answer: last,
      }
      continue
    }
    const outcome = await confirm(way, slowest, size, about)
    yield outcome
    if (outcome.verdict === 'proven') return
  }
}

/** The first size that is slow, twice; with the last answer. */
async function grow(way: Way, shape: Shape): Promise<[number | undefined, Answer]> {
  let last: Answer | undefined
  for (const size of shape.sizes) {
    last = await way.put(shape.slow(size, way.word()))
    if (isLimited(last)) break
    if (last.ms < NOTICED) continue
    const isDear = last.ms > DEAR
    // Any request may be slow once on a busy machine.
    const again = await way.put(shape.slow(isDear ? size - 1 : size, way.word()))
    if (again.ms >= NOTICED) return [isDear ? size - 1 : size, again]
  }
  return [undefined, last ?? (await way.put(way.honest))]
}

/** Slow for a slow text, and neither for a shorter one nor for a harmless one of the same length. */
function confirm(
  way: Way,
  shape: Shape,
  size: number,
  about: Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'>,
): Promise<Outcome> {
  const least = async (value: string): Promise<number> => Math.min((await way.put(value)).ms, (await way.put(value)).ms)
  return tryOut(
    {
      control: async () => isAnswered(await way.put(way.honest)),
      attack: async () => {
        let reached = size
        let answer = await way.put(shape.slow(reached, way.word()))
        // What was slow on a busy machine may be quicker now.
        while (answer.ms < NOTICED * 0.6 && reached < size + 3)
          answer = await way.put(shape.slow(++reached, way.word()))
        const compared = async (): Promise<number> =>
          Math.max(await least(shape.quick(reached, way.word())), await least(shape.slow(reached - 5, way.word())))
        const isSlow = answer.ms >= NOTICED * 0.6
        const worked = isSlow && (answer.ms > 3 * (await compared()) || answer.ms > 3 * (await compared()))
        return { worked, answer }
      },
    },
    about,
  )
}

const nearly = (before: string, unit: string, after: string, wrong: string): Shape => ({
  // Three ways for each character are the most that is usual: then one step of three costs 27 times as much.
  sizes: [12, 15, 18, 21, 24, 27, 30, 33, 36, 39],
  slow: (size) => `${before}${unit.repeat(size)}${after}`,
  quick: (size) => `${wrong}${before}${unit.repeat(size)}${after}`.slice(0, before.length + size + after.length),
})

const WORDS = nearly('', 'a', '!', '!')
const MAIL = nearly('a@', 'a', '!', '!')
const NUMBERS = nearly('', '1', '!', '!')
const LINKS = nearly('http://', 'a', ' !', '!')

function shapesFor({ field, honest }: Way): readonly Shape[] {
  if (honest.includes('@') || /mail/i.test(field)) return [MAIL, WORDS]
  if (/^https?:/.test(honest) || /url|link|site|web/i.test(field)) return [LINKS, WORDS]
  return /\d/.test(honest) || /date|birth|phone|tel|zip/i.test(field) ? [NUMBERS, WORDS] : [WORDS]
}

/** Whether the route is there for us. That a value is taken already, or refused, is an answer too. */
function isAnswered({ status }: Answer): boolean {
  return status > 0 && status < 500 && ![401, 403, 404, 405, 429].includes(status)
}

function isLimited({ status }: Answer): boolean {
  return status === 429
}

/** Every field of every query and body. Neither signing in nor what needs files: both are slow by themselves. */
function waysOf(target: Target): Way[] {
  const ways: Way[] = []
  const word = (): string => target.nonce()
  for (const route of target.routes) {
    if (route.signIn || route.body?.files) continue
    const signedIn = route.signedIn === true
    if (route.method === 'GET') {
      for (const [field, honest] of fieldsOf(route.query)) {
        const put = (value: string): Promise<Answer> =>
          target.send({
            path: `${route.path}?${new URLSearchParams({ ...route.query, [field]: value })}`,
            signedIn,
            timeout: TIMEOUT,
          })
        ways.push({ method: 'GET', path: route.path, field, honest, put, word })
      }
      continue
    }
    if (route.body === undefined || route.body.type === 'text') continue
    for (const [field, honest] of fieldsOf(route.body.fields)) {
      ways.push({
        method: route.method,
        path: route.path,
        field,
        honest,
        put: (value) => post(target, route, field, value),
        word,
      })
    }
  }
  return ways
}

function fieldsOf(fields: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(fields ?? {}).filter(([name]) => !UNTOUCHED.test(name))
}

function post(target: Target, route: Route, field: string, value: string): Promise<Answer> {
  const fields = { ...route.body?.fields, [field]: value }
  const ask = {
    method: route.method,
    path: route.path,
    signedIn: route.signedIn === true,
    headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' },
    timeout: TIMEOUT,
  }
  return target.send(route.body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields })
}
