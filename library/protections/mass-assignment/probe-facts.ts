import type { Route, Target } from '../../core/probe.ts'

/** Fields that say what somebody may do, or has. */
const PRIVILEGED =
  /^(?:user)?(?:roles?|is[-_]?admin|admin|is[-_]?superuser|superuser|is[-_]?staff|staff|is[-_]?owner|access[-_]?level|privileges?|permissions?|balance|credits?|email[-_]?verified|is[-_]?verified|verified|plan|tier)$/i
const ABOUT_ONESELF = /(?:^|\/)(?:me|self|profile|account|user|users|settings|whoami|people|card|session)(?:\/|\.|$)/i
const VIEWS = 4
const DOORS = 4
const DEEPEST = 4

/** Who looks: the configured account, an account by its cookies, or a stranger. */
export interface Who {
  readonly signedIn?: boolean
  readonly cookie?: string
}

/** A value that an answer shows, by where and under which name. */
export interface Fact {
  readonly path: string
  readonly name: string
  readonly value: string | number | boolean
}

/** The pages where something about the writer may be read. */
export function viewsOf(target: Target, route: Route, who: Who): string[] {
  const near = target.routes.filter(
    ({ method, path, signedIn }) =>
      method === 'GET' &&
      ABOUT_ONESELF.test(path) &&
      (signedIn !== true || who.signedIn === true || who.cookie !== undefined),
  )
  const paths = [...(route.readBack === undefined ? [] : [route.readBack]), ...near.map(({ path }) => path)]
  return [...new Set(paths)].slice(0, VIEWS)
}

/** What the answers that are JSON say about rights and possessions. */
export async function factsOf(target: Target, views: readonly string[], who: Who): Promise<Fact[]> {
  const facts: Fact[] = []
  for (const path of views) {
    const { status, isHtml, text } = await look(target, path, who)
    if (status !== 200 || isHtml || !/^\s*[{[]/.test(text)) continue
    try {
      collect(JSON.parse(text), path, facts, 0)
    } catch {
      // It only looks like JSON, so it says nothing.
    }
  }
  return facts
}

/** Pages that turn this person away, and those that do not. */
export async function doorsOf(
  target: Target,
  who: Who,
): Promise<{ readonly open: string[]; readonly closed: string[] }> {
  const open: string[] = []
  const closed: string[] = []
  const routes = target.routes.filter(({ method, query }) => method === 'GET' && query === undefined)
  const likely = routes.filter(({ path }) =>
    /admin|manage|staff|intern|owner|cellar|backstage|moderat|report/i.test(path),
  )
  for (const { path } of likely.slice(0, DOORS)) {
    const { status } = await look(target, path, who)
    if (status === 200) open.push(path)
    else if (status === 401 || status === 403 || status === 404) closed.push(path)
  }
  return { open, closed }
}

/** Another value of the same kind, and more of it. */
export function hostileTo(value: Fact['value']): Fact['value'] {
  if (typeof value === 'boolean') return !value
  if (typeof value === 'number') return value + 1000
  if (/^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true' ? 'false' : 'true'
  return value === 'admin' ? 'owner' : 'admin'
}

/** The word whose place another one has taken in a page; `undefined` when it has not. */
export function newWordOf(before: string, after: string, word: string): string | undefined {
  const [old, now] = [wordsOf(before), wordsOf(after)]
  if (countOf(now, word) <= countOf(old, word)) return undefined
  const at = now.findIndex((each, i) => each === word && old[i] !== word)
  return old[at] ?? ''
}

function wordsOf(page: string): string[] {
  return page.replace(/<[^>]*>/g, ' ').split(/[^\w-]+/)
}

function countOf(words: readonly string[], word: string): number {
  return words.filter((each) => each === word).length
}

function look(target: Target, path: string, { signedIn = false, cookie }: Who): ReturnType<Target['send']> {
  return target.send({ path, signedIn, ...(cookie !== undefined && { headers: { cookie } }) })
}

function collect(value: unknown, path: string, facts: Fact[], depth: number): void {
  // A list is of others.
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > DEEPEST) return
  for (const [name, each] of Object.entries(value)) {
    const isScalar = typeof each === 'string' || typeof each === 'number' || typeof each === 'boolean'
    if (isScalar && PRIVILEGED.test(name)) facts.push({ path, name, value: each })
    else collect(each, path, facts, depth + 1)
  }
}
