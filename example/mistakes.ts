import { serialize } from 'node:v8'
import { gzipSync } from 'node:zlib'
import { openBrowser } from './browser.ts'
import { accountMistakes } from './mistakes-accounts.ts'
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
  ...accountMistakes,
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
    title: 'a function in what is brought along is run',
    attack: async ({ form }) => {
      const entry = JSON.stringify({ title: '_$$ND_FUNC$$_function () { return 6 * 7 + "x7q" }()', body: 'Hello' })
      return (await form('/import', { entry })).text.includes('42x7q')
    },
  },
  {
    title: 'an entity in what is brought along reads a file (XXE)',
    attack: async ({ form }) => {
      const entry = `<!DOCTYPE entry [<!ENTITY f SYSTEM "file:///canary.txt">]>
        <entry><title>&f;</title><content>Hello</content></entry>`
      return (await form('/import', { entry })).text.includes('bulwark-canary')
    },
  },
  {
    title: 'the bytes of a link become an object of any kind',
    attack: async ({ cookie, send }) => {
      const draft = serialize({ title: /x7q/, body: 'Hello' }).toString('base64url')
      return (await send({ path: `/write?draft=${draft}`, headers: { Cookie: cookie } })).text.includes('/x7q/')
    },
  },
  {
    title: 'what is searched for is run as a pattern',
    attack: async ({ send }) => (await send({ path: '/search?q=%5Egr.ce' })).text.includes('Among people: Grace'),
  },
  {
    title: 'one person asks for the heaviest page forty times at once, and all of it is done',
    attack: async ({ send }) => {
      const answers = await Promise.all(Array.from({ length: 40 }, () => send({ path: '/statistics' })))
      return answers.every(({ status }) => status === 200)
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
