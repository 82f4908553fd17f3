import { ask } from '../wire.ts'
import type { Desk } from './desks.ts'

/** One hole of the desk, and somebody who uses it. */
export interface Hole {
  /** Where it is, and what is done there. */
  readonly name: string
  /** The protection whose sink should stop it. */
  readonly sink: string
  /** Answers whether the attack had its effect. */
  use(desk: Desk): Promise<boolean>
}

/** The password of the director, who never told anybody. */
const SECRET = 'Kx81-not-for-you'

type Fields = Readonly<Record<string, string>>

/** Each place where the desk runs what its visitors send, one by one: probes stop at the first of a kind. */
export const HOLES: readonly Hole[] = [
  {
    name: 'POST /sign-in: a comment in place of the password',
    sink: 'sql-injection',
    use: async ({ origin }) =>
      (await post(origin, '/sign-in', { name: "director' -- ", password: 'x' })).headers.location === '/me',
  },
  {
    name: 'POST /sign-in: a password that is always right',
    sink: 'sql-injection',
    use: async ({ origin }) =>
      (await post(origin, '/sign-in', { name: 'ann', password: "x' OR 'a'='a" })).headers.location === '/me',
  },
  {
    name: 'GET /search: the passwords beside the shows',
    sink: 'sql-injection',
    use: async ({ origin, people }) =>
      (await get(origin, '/search', { q: `%' UNION SELECT name, password, 1 FROM ${people} -- ` })).includes(SECRET),
  },
  {
    name: 'GET /search: one sign that qs cannot read',
    sink: 'sql-injection',
    // All of the value stays as it came, so `%20` is no blank but the rest of a division.
    use: async ({ origin }) =>
      (await ask(origin, { path: "/search?q=zz'+OR+7%20=7+OR+'a'='%zz" })).text.includes('The Seagull'),
  },
  {
    name: 'GET /shows/:id: the passwords in place of a show',
    sink: 'sql-injection',
    use: async ({ origin, people }) =>
      (
        await get(
          origin,
          `/shows/${encodeURIComponent(`0 UNION SELECT password, name, 1 FROM ${people} WHERE id = 2`)}`,
        )
      ).includes(SECRET),
  },
  {
    name: 'GET /shows: the order spells a password',
    sink: 'sql-injection',
    use: async ({ origin, people }) => {
      const first = async (letter: string): Promise<string | undefined> => {
        const question = `(SELECT COUNT(*) FROM ${people} WHERE name='director' AND password LIKE '${letter}%')`
        const page = await get(origin, '/shows', { sort: `(CASE WHEN ${question}=1 THEN price ELSE 0-price END)` })
        return /<td>(\w[\w ]*)<\/td>/.exec(page)?.[1]
      }
      const [right, wrong] = [await first('K'), await first('Z')]
      return right === 'The Seagull' && wrong === 'Faust'
    },
  },
  {
    name: 'POST /book: the length of a password',
    sink: 'sql-injection',
    use: async ({ origin, people }) => {
      const cookie = await signIn(origin)
      const seats = `(SELECT 4000 + LENGTH(password) FROM ${people} WHERE id = 2)`
      await post(origin, '/book', { show: '1', name: 'Ann', seats })
      return (await ask(origin, { path: '/me', headers: { cookie } })).text.includes('4016')
    },
  },
  {
    name: 'POST /book: a second booking by the way',
    sink: 'sql-injection',
    use: async ({ origin }) => {
      const cookie = await signIn(origin)
      await post(origin, '/book', { show: '1', name: "x', 1), (2, 'Ann", seats: '77' })
      return (await ask(origin, { path: '/me', headers: { cookie } })).text.includes('<td>2</td><td>77</td>')
    },
  },
  {
    name: 'POST /me: a nick that is a query later',
    sink: 'sql-injection',
    use: async ({ origin, people }) => {
      const cookie = await signIn(origin)
      const nick = `x' UNION SELECT id, 31000 + LENGTH(password) FROM ${people} -- `
      await post(origin, '/me', { nick }, { cookie })
      const page = await ask(origin, { path: '/me', headers: { cookie } })
      await post(origin, '/me', { nick: 'Ann' }, { cookie })
      return page.text.includes('31016')
    },
  },
  {
    name: 'GET /label: a command between the quotes',
    sink: 'command-injection',
    use: async ({ origin }) =>
      (await get(origin, '/label', { text: '"; echo $((6007*7001)); echo "' })).includes('42055007'),
  },
  {
    name: 'GET /label: a command inside of the quotes',
    sink: 'command-injection',
    use: async ({ origin }) => (await get(origin, '/label', { text: '$(echo $((6007*7001)))' })).includes('42055007'),
  },
  {
    name: 'GET /thumbnail: a second line for sh',
    sink: 'command-injection',
    use: async ({ origin }) =>
      (await get(origin, '/thumbnail', { size: '1 /dev/null; echo $((6007*7001)) #' })).includes('42055007'),
  },
  {
    name: 'GET /programme: an option in place of a word',
    sink: 'command-injection',
    use: async ({ origin }) => /usage/i.test(await get(origin, '/programme', { word: '--help' })),
  },
  {
    name: 'GET /download: a file of the app',
    sink: 'path-traversal',
    use: async ({ origin }) => (await get(origin, '/download', { name: '../package.json' })).includes('"ticket-desk"'),
  },
  {
    name: 'GET /info: a file of the app as a page',
    sink: 'path-traversal',
    use: async ({ origin }) => (await get(origin, '/info', { page: '../database.js' })).includes('openSqlite'),
  },
  {
    name: 'POST /notes: a page among those that are served',
    sink: 'path-traversal',
    use: async ({ origin }) => {
      await post(origin, '/notes', { file: '../public/hello.txt', text: 'written by somebody' })
      return (await get(origin, '/public/hello.txt')).includes('written by somebody')
    },
  },
  {
    name: 'GET /poster: another program on this machine',
    sink: 'ssrf',
    use: async ({ origin }) => (await get(origin, '/poster', { url: `${origin}/settings` })).includes('"paper"'),
  },
  {
    name: 'GET /poster: the same, written as one number',
    sink: 'ssrf',
    use: async ({ origin }) =>
      (await get(origin, '/poster', { url: `${origin.replace('127.0.0.1', '2130706433')}/settings` })).includes(
        '"paper"',
      ),
  },
  {
    name: 'GET /price: code in place of a sum',
    sink: 'code-injection',
    use: async ({ origin }) => (await get(origin, '/price', { sum: 'process.version' })).includes('makes v'),
  },
  {
    name: 'POST /letter: code in a template',
    sink: 'code-injection',
    use: async ({ origin }) =>
      (await post(origin, '/letter', { text: 'Dear <%= process.version %>' })).text.includes('Dear v'),
  },
  {
    name: 'GET /plugin: a module that nobody meant',
    sink: 'code-injection',
    use: async ({ origin }) => (await get(origin, '/plugin', { name: 'os' })).includes('networkInterfaces'),
  },
]

async function get(origin: string, path: string, query: Fields = {}): Promise<string> {
  const search = new URLSearchParams(query).toString()
  return (await ask(origin, { path: search === '' ? path : `${path}?${search}` })).text
}

function post(origin: string, path: string, fields: Fields, headers: Fields = {}): ReturnType<typeof ask> {
  return ask(origin, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })
}

/** The cookie of ann. */
export async function signIn(origin: string): Promise<string> {
  const { headers } = await post(origin, '/sign-in', { name: 'ann', password: 'rosebud' })
  return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}
