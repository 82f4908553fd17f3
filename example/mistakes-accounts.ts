import { openBrowser, register } from './browser.ts'
import type { Mistake } from './mistakes.ts'
import { grace } from './shared/seed.ts'

/** Mistakes about sessions, accounts, and what belongs to somebody else. */
export const accountMistakes: readonly Mistake[] = [
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
]

const isForm = { 'Content-Type': 'application/x-www-form-urlencoded' }
