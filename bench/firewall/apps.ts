import { scriptRequest } from '../requests.ts'

/** What the apps do with what clients send. */
export const kinds = ['pg', 'sqlite', 'files'] as const
export type Kind = (typeof kinds)[number]

/**
 * `bare`: nothing. `preload`: `node --import bulwark/firewall`. `policy`: the default policy, and no sink. `whole`: the policy, and every
 * sink. `aikido`: `node -r @aikidosec/firewall`, told to block, without a token.
 */
export const protections = ['bare', 'preload', 'policy', 'whole', 'aikido'] as const
export type Protection = (typeof protections)[number]

/** One honest request that an app is asked again and again. */
export interface Errand {
  readonly name: string
  readonly kinds: readonly Kind[]
  readonly request: string
  /** How its answer begins and ends. */
  readonly prefix: string
  readonly suffix: string
  /** At most so many times the CPU of the app without it, for its sinks alone. */
  readonly goal: number
}

export const ITEMS = 1000
export const TITLE: string = "A day by the sea, and it's late"
export const PAGE: string = `<!doctype html><title>Journal</title>${'<p>The tomatoes came late this year, and all at once.</p>'.repeat(20)}`
export const TEMPLATE: string = `<!doctype html><title>Welcome</title><h1>Good day, NAME</h1>${'<p>All is well.</p>'.repeat(40)}`
export const POSTS: readonly { readonly id: number; readonly title: string }[] = [
  { id: 1, title: TITLE },
  { id: 2, title: 'Notes from a slow train' },
  { id: 3, title: 'Bread, again' },
]

const found = JSON.stringify(POSTS.slice(0, 1))
const title = encodeURIComponent(TITLE)
const orders = JSON.stringify({
  items: Array.from({ length: ITEMS }, (_, i) => ({ name: `pot no. ${i}`, note: `it's ${i % 7} of 7`, count: i % 9 })),
})
const inDatabases = { kinds: ['pg', 'sqlite'], suffix: '' } as const
const inFiles = { kinds: ['files'], suffix: '', goal: 1.1 } as const

export const errands: readonly Errand[] = [
  {
    ...inDatabases,
    name: 'GET, one query, its value beside it',
    request: scriptRequest('GET', `/posts?title=${title}`),
    prefix: found,
    goal: 1.1,
  },
  {
    ...inDatabases,
    name: 'GET, one new query, its value within',
    request: scriptRequest('GET', `/written?title=${title}`),
    prefix: found,
    goal: 1.1,
  },
  {
    ...inDatabases,
    name: 'POST of 1,000 items, five queries',
    request: scriptRequest('POST', '/orders', orders),
    prefix: JSON.stringify({ items: ITEMS, found: 5 }),
    goal: 1.2,
  },
  { ...inFiles, name: 'GET of a static file', request: scriptRequest('GET', '/static/page.html'), prefix: PAGE },
  {
    ...inFiles,
    name: 'GET, a template is read',
    request: scriptRequest('GET', '/pages?page=welcome&name=Ada'),
    prefix: TEMPLATE.replace('NAME', 'Ada'),
  },
]

/** What an attacker sends, and what comes back if nothing stops it. */
export const attacks: Readonly<Record<Kind, { readonly request: string; readonly loot: string }>> = {
  pg: { request: scriptRequest('GET', `/careless?title=${encodeURIComponent("x' OR '1'='1")}`), loot: 'Bread, again' },
  sqlite: {
    request: scriptRequest('GET', `/careless?title=${encodeURIComponent("x' OR '1'='1")}`),
    loot: 'Bread, again',
  },
  files: {
    request: scriptRequest('GET', `/pages?page=${encodeURIComponent('../secret')}&name=Ada`),
    loot: 'the secret',
  },
}
