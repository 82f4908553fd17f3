import type { LoadedApp, LoadedRoute } from './load.ts'

/** Who may do one thing: the roles that may, with the rules on which it depends. */
export type Who = ReadonlyMap<string, string>

/** One line of the snapshot: a route, or a permission that no route declares. */
export interface Line {
  /** What stays the same while access changes: `GET /posts/:id`, `permission post:delete`. */
  readonly key: string
  /** The permission of the route, `anyone` or `UNDECLARED`, and what is demanded besides: `caller=` a permission, `webhook`, `token`. */
  readonly allow: string
  readonly who: Who
}

export interface Change {
  readonly kind: 'widened' | 'new' | 'gone' | 'narrowed' | 'changed'
  readonly key: string
  readonly text: string
}

export const EVERYBODY = 'everybody'
const HEAD =
  '# Who may call what, written by "bulwark routes --write". Every line that changes is a change of access: review it.\n'

/** The lines of all apps, in an order that does not depend on the code. */
export function linesOf(apps: readonly LoadedApp[]): readonly Line[] {
  return apps.flatMap((app) => {
    const prefix = apps.length > 1 ? `${app.name}: ` : ''
    const routes = routesIn(app)
    const used = new Set(routes.map(({ allow }) => allow))
    const more = Object.keys(app.permissions).filter((permission) => !used.has(permission))
    const lines = [
      ...routes.map((route) => ({ key: `${prefix}${route.method} ${route.path}`, ...accessOf(app, route) })),
      ...more.sort().map((permission) => ({
        key: `${prefix}permission ${permission}`,
        allow: permission,
        who: whoHas(app, permission),
      })),
    ]
    return merged(lines)
  })
}

/** The routes that are shown: HEAD follows GET, and OPTIONS answers no content. */
export function routesIn({ routes = [] }: LoadedApp): readonly LoadedRoute[] {
  return routes
    .filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS')
    .toSorted((a, b) => compare(a.path, b.path) || compare(a.method, b.method))
}

/**
 * Who may call the route. Where the policy names no roles, everybody may; where it does, nobody may call what declares nothing. What is for
 * programs, for the deliveries of a sender or for bearers of a token is called by nobody else: a role then counts only together with them.
 */
export function accessOf(app: LoadedApp, route: LoadedRoute): Pick<Line, 'allow' | 'who'> {
  const demands = demandsOf(app, route)
  const allow = route.allow ?? (app.roles.length === 0 ? undefined : 'UNDECLARED')
  const isOpen = allow === undefined || allow === 'anyone'
  const people: Who = isOpen ? new Map([[EVERYBODY, 'yes']]) : route.allow ? whoHas(app, allow) : new Map()
  if (demands.length === 0) return { allow: allow ?? 'UNDECLARED', who: people }
  const names = [...(isOpen ? [] : [allow]), ...demands.map(({ name }) => name)]
  const who = demands.reduce((all, demand) => (all === people && isOpen ? demand.who : both(all, demand.who)), people)
  return { allow: names.join('+'), who }
}

/** What a route demands of whoever is no person. */
function demandsOf(app: LoadedApp, { caller, webhook, token }: LoadedRoute): { name: string; who: Who }[] {
  return [
    ...(caller === undefined
      ? []
      : [
          { name: `caller=${caller}`, who: new Map(programsOf(app, caller).map((name) => [`program:${name}`, 'yes'])) },
        ]),
    ...(webhook === undefined ? [] : [{ name: 'webhook', who: new Map([[`sender:${webhook}`, 'yes']]) }]),
    ...(token === undefined ? [] : [{ name: 'token', who: new Map([['bearer', token || 'yes']]) }]),
  ]
}

/** Whoever is one of these and has what is demanded besides. */
function both(some: Who, others: Who): Who {
  return new Map(
    [...some].flatMap(([name, word]) =>
      [...others].map(([other, more]): [string, string] => [
        `${name}+${other}`,
        [word, more].filter((each) => each !== 'yes').join(' & ') || 'yes',
      ]),
    ),
  )
}

/** The programs that may do what a route asks of programs. */
export function programsOf({ programs = {} }: LoadedApp, caller: string): readonly string[] {
  return Object.keys(programs).filter((name) => programs[name]?.includes(caller))
}

function whoHas(app: LoadedApp, permission: string): Who {
  return new Map(Object.entries(app.permissions[permission] ?? {}).filter(([, word]) => word !== 'no'))
}

/** Two routes of one name: Express lets both answer, so whoever may call one of them may call it. */
function merged(lines: readonly Line[]): Line[] {
  const found = new Map<string, Line>()
  for (const line of lines) {
    let { key } = line
    for (let n = 2; found.has(key); n++) key = `${line.key} #${n}`
    found.set(key, { ...line, key })
  }
  return [...found.values()]
}

export function toSnapshot(lines: readonly Line[]): string {
  return HEAD + lines.map((line) => `${toText(line)}\n`).join('')
}

function toText({ key, allow, who }: Line): string {
  return `${key} = ${allow}: ${[...who].map(([role, word]) => (word === 'yes' ? role : `${role} [${word}]`)).join(', ') || 'nobody'}`
}

/** Reads a snapshot back; `undefined` for a line that is none. */
export function parseSnapshot(text: string): readonly Line[] | { readonly line: number } {
  const lines: Line[] = []
  for (const [i, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const parts = /^(.+) = (\S+): (.*)$/.exec(line)
    if (parts === null) return { line: i + 1 }
    const [, key = '', allow = '', list = ''] = parts
    const who = list === 'nobody' ? [] : list.split(', ').map(toRole)
    if (who.some((one) => one === undefined)) return { line: i + 1 }
    lines.push({ key, allow, who: new Map(who as [string, string][]) })
  }
  return lines
}

function toRole(text: string): [string, string] | undefined {
  const parts = /^([^\s[\],]+)(?: \[([^\][]+)\])?$/.exec(text)
  return parts === null ? undefined : [parts[1] as string, parts[2] ?? 'yes']
}

/** What is different, the worst first. */
export function changesBetween(before: readonly Line[], after: readonly Line[]): readonly Change[] {
  const old = new Map(before.map((line) => [line.key, line]))
  const fresh = new Map(after.map((line) => [line.key, line]))
  const changes: Change[] = []
  for (const [key, line] of fresh) {
    const was = old.get(key)
    if (was === undefined) changes.push({ kind: 'new', key, text: toText(line) })
    else changes.push(...changesOf(was, line))
  }
  for (const [key, line] of old) if (!fresh.has(key)) changes.push({ kind: 'gone', key, text: toText(line) })
  return changes.toSorted((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind))
}

const KINDS: readonly Change['kind'][] = ['widened', 'changed', 'new', 'narrowed', 'gone']

function changesOf(was: Line, is: Line): Change[] {
  const { key } = is
  const wider: string[] = []
  const other: string[] = []
  const narrower: string[] = []
  for (const role of new Set([...was.who.keys(), ...is.who.keys()])) {
    const [from, to] = [was.who.get(role), is.who.get(role)]
    if (from === to) continue
    const text = `${role}: ${from ?? 'no'} -> ${to ?? 'no'}`
    if (to === undefined) narrower.push(text)
    else if (from === undefined || to === 'yes') wider.push(text)
    // From one rule to another: only a person can tell whether that is more.
    else if (from === 'yes') narrower.push(text)
    else other.push(text)
  }
  if (was.allow !== is.allow) other.push(`declared ${was.allow} -> ${is.allow}`)
  const change = (kind: Change['kind'], texts: readonly string[]): Change[] =>
    texts.length === 0 ? [] : [{ kind, key, text: `${key}  ${texts.join(', ')}` }]
  return [...change('widened', wider), ...change('changed', other), ...change('narrowed', narrower)]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
