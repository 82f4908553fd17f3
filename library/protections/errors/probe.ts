import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Protect the app with bulwark(), and let errors reach it: throw them or pass them to next(error).'
/** Ways to fail that one probe tries. */
const MOST_TRIES = 24
const REPEATS = 20

/** A request that a careless app fails on, and the honest one that it resembles. */
interface Mishap {
  readonly route: Route
  readonly honest: Ask
  readonly ask: Ask
}

/** Places in source files, as V8 writes them into a stack. */
const STACK = /\bat [^<>\n]{0,200}(?:\/|\\|node:)[^<>\s]{1,300}:\d+:\d+|[\\/]node_modules[\\/]/
/** What engines, file systems and databases say, and no author of a page would. */
const INTERNAL =
  /Cannot (?:read propert|set propert|destructure)|\bis not (?:a function|defined|iterable)\b|Unexpected (?:token|end of JSON|non-whitespace)|\bE(?:NOENT|ACCES|CONNREFUSED|NOTFOUND)\b|SQLITE_[A-Z]+|SQLSTATE|syntax error at or near|ER_[A-Z]+_ERROR|Maximum call stack/

const stackTrace: Probe = {
  name: 'errors/stack-trace',
  risk: 'error-leak',
  title: 'A failure shows its stack',
  kind: 'active',
  isRough: true,
  attack: (target) =>
    leaks(target, STACK, 'The answer to a failed request contains the stack, with the paths of the source files.'),
}

const internalMessage: Probe = {
  name: 'errors/internal-message',
  risk: 'error-leak',
  title: 'A failure shows the message of the error',
  kind: 'active',
  isRough: true,
  attack: (target) => leaks(target, INTERNAL, "The answer to a failed request contains the error's own message."),
}

const asyncCrash: Probe = {
  name: 'errors/async-crash',
  risk: 'unhandled-failure',
  title: 'A failure in an asynchronous route is never answered',
  kind: 'last',
  isRough: true,
  onOutage: (last) => ({
    verdict: 'proven',
    method: last.ask.method ?? 'GET',
    path: last.ask.path,
    message: 'One request ended the process for everybody: it was not answered, and nobody listened afterwards.',
    remedy: REMEDY,
    answer: last,
    repeats: 1,
  }),
  async *attack(target) {
    for (const { route, honest, ask } of mishaps(target)) {
      const run = async (): Promise<{ worked: boolean; answer: Answer }> => {
        const answer = await target.send({ ...ask, timeout: 2500 })
        return { worked: answer.failure === 'timeout' || answer.failure === 'reset' || !(await target.alive()), answer }
      }
      if (!(await run()).worked) continue
      yield await tryOut(
        { control: async () => isFine(await target.send(honest)), attack: run },
        {
          method: route.method,
          path: route.path,
          message: 'One request that the route does not expect is never answered, or ends the process for everybody.',
          remedy: REMEDY,
        },
      )
      return
    }
    yield nothingFails(target)
  },
}

const repeatedFailure: Probe = {
  name: 'errors/repeated-failure',
  risk: 'repeated-failure',
  title: 'What made the app fail once may be repeated at will',
  kind: 'last',
  isRough: true,
  async *attack(target) {
    for (const { route, honest, ask } of mishaps(target)) {
      const fails = async (): Promise<Answer> => target.send({ ...ask, timeout: 2500 })
      if (!isFailure(await fails())) continue
      yield await tryOut(
        {
          attack: async () => {
            let answer = await fails()
            for (let i = 1; i < REPEATS && isFailure(answer); i++) answer = await fails()
            return { worked: isFailure(answer), answer }
          },
          // A route that is broken for everybody fails for honest requests too.
          alsoHarmless: async () => isFailure(await target.send(honest)),
        },
        {
          method: route.method,
          path: route.path,
          message: `The same request made the app fail ${REPEATS} times in a row, and nothing slowed it down.`,
          remedy: REMEDY,
        },
      )
      return
    }
    yield nothingFails(target)
  },
}

export const probes: readonly Probe[] = [stackTrace, internalMessage, asyncCrash, repeatedFailure]

async function* leaks(target: Target, pattern: RegExp, message: string): AsyncIterable<Outcome> {
  let last: Outcome | undefined
  for (const { route, honest, ask } of mishaps(target)) {
    const run = async (): Promise<{ worked: boolean; answer: Answer }> => {
      const answer = await target.send(ask)
      return { worked: answer.status >= 400 && pattern.test(plain(answer.text)), answer }
    }
    const first = await run()
    if (!first.worked) continue
    last = await tryOut(
      {
        attack: run,
        // A page about programming may well show a stack.
        alsoHarmless: async () => pattern.test(plain((await target.send(honest)).text)),
      },
      { method: route.method, path: route.path, message, remedy: REMEDY },
    )
    if (last.verdict === 'proven') {
      yield last
      return
    }
  }
  yield last ?? nothingFails(target)
}

/** Requests that apps fail on: fields that are missing or come twice, documents that are none, paths that cannot be decoded. */
function* mishaps(target: Target): Iterable<Mishap> {
  let tries = 0
  for (const route of target.routes) {
    if (route.method === 'UPGRADE' || route.signIn === true) continue
    for (const mishap of mishapsOf(route)) {
      if (tries++ === MOST_TRIES) return
      yield mishap
    }
  }
}

function* mishapsOf(route: Route): Iterable<Mishap> {
  const about = { method: route.method, signedIn: route.signedIn === true }
  const query = new URLSearchParams(route.query).toString()
  const path = query === '' ? route.path : `${route.path}?${query}`
  if (route.method === 'GET') {
    const honest: Ask = { ...about, path }
    if (query !== '') {
      const [name = 'q'] = Object.keys(route.query ?? {})
      yield { route, honest, ask: { ...about, path: route.path } }
      yield { route, honest, ask: { ...about, path: `${path}&${name}=${name}` } }
      yield { route, honest, ask: { ...about, path: `${route.path}?${name}[a][]=b` } }
    }
    if (route.path.length > 1)
      yield { route, honest, ask: { ...about, path: `${route.path.replace(/[^/]*$/, '')}%E0%A4%A` } }
    return
  }
  if (route.body === undefined || !/^(?:POST|PUT|PATCH)$/.test(route.method)) return
  if (route.body.type === 'json') {
    const headers = { 'content-type': 'application/json' }
    const honest: Ask = { ...about, path, json: route.body.fields }
    yield { route, honest, ask: { ...about, path, headers, body: '{"broken": ' } }
    yield { route, honest, ask: { ...about, path, json: {} } }
    yield { route, honest, ask: { ...about, path, headers, body: 'null' } }
  } else if (route.body.type === 'form') {
    const honest: Ask = { ...about, path, form: route.body.fields }
    yield { route, honest, ask: { ...about, path, form: {} } }
  }
}

function nothingFails(target: Target): Outcome {
  return {
    verdict: 'disproven',
    method: 'GET',
    path: target.routes[0]?.path ?? '/',
    message: 'Requests with missing, doubled and broken fields were answered without it.',
    remedy: REMEDY,
  }
}

/** HTML hides a stack behind entities and line breaks. */
function plain(text: string): string {
  return text
    .replace(/<br\s*\/?>/gi, '\n')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
}

/** The app failed: it said so, or it said nothing at all. */
function isFailure(answer: Answer): boolean {
  return (answer.status >= 500 && answer.status !== 503) || answer.failure === 'reset' || answer.failure === 'timeout'
}

function isFine({ status }: Answer): boolean {
  return status >= 200 && status < 400
}
