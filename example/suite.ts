import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Browser, linkInMail, openBrowser, register } from './browser.ts'
import { ada, type Credentials, grace } from './shared/seed.ts'
import { type Newcomer, peopleTests } from './suite-people.ts'
import { listen } from './wire.ts'

/** Registers tests of everything that the blog does for honest people. Both twins must pass all of it. */
export function blogSuite(name: string, start: () => Promise<{ origin: string; close(): Promise<void> }>): void {
  // Honest password hashes take their time, and more of it on a busy machine.
  describe(name, { timeout: 60_000 }, () => {
    let origin = ''
    let close = async (): Promise<void> => {}
    let people = 0
    let browsers = 0

    beforeAll(async () => {
      const blog = await start()
      origin = blog.origin
      close = blog.close
    }, 60_000)
    afterAll(() => close())

    // Each at an address of its own: together they sign in more often than one person may.
    const browser = () => openBrowser(origin, `203.0.113.${++browsers}`)

    async function signedIn(who: Credentials): Promise<Browser> {
      const mine = browser()
      const { status } = await mine.submit('/sign-in', '/sign-in', { email: who.email, password: who.password })
      expect(status).toBe(303)
      return mine
    }

    async function newcomer(): Promise<Newcomer> {
      const mine = browser()
      const name = `guest-${++people}`
      const fields = { name, email: `${name}@example.org`, password: 'a good long password' }
      const { status, location } = await register(mine, fields)
      expect([status, location]).toEqual([303, '/'])
      return { browser: mine, ...fields }
    }

    async function publish(mine: Browser, title: string, body = 'Some text.'): Promise<string> {
      const { status, location } = await mine.submit('/write', '/posts', { title, body })
      expect(status).toBe(303)
      return location ?? ''
    }

    describe('reading', () => {
      test('the first page shows the newest posts and the way to the older ones', async () => {
        const { status, text } = await browser().visit('/')
        expect(status).toBe(200)
        expect(text).toContain('A letter to whoever reads this code in ten years')
        expect(text.match(/<article class="summary">/g)).toHaveLength(5)
        expect(text).toContain('href="/?page=2"')
      })

      test('pages past the end show the last one, and nonsense shows the first', async () => {
        expect((await browser().visit('/?page=9999')).text).toMatch(/First entry/)
        expect((await browser().visit('/?page=x')).text).toContain('ten years')
      })

      test('a post shows its paragraphs, its author with website and bio, and the comments', async () => {
        const { posts } = (await browser().call('GET', '/api/posts')).json<{ posts: { id: number; title: string }[] }>()
        const moth = posts.find(({ title }) => title.startsWith('The moth'))
        const { text } = await browser().visit(`/posts/${moth?.id}`)
        expect(text.match(/<p>/g)?.length).toBeGreaterThan(3)
        expect(text).toContain('href="https://grace.example/"')
        expect(text).toContain('keeper of moths')
        expect(text).toContain('And then write down what you saw')
      })

      test('search finds words in titles and texts, and says what it looked for', async () => {
        const { status, text } = await browser().visit('/search?q=loom')
        expect(status).toBe(200)
        expect(text).toContain('Teaching a pattern to a loom')
        expect(text).toContain('loom”')
        expect((await browser().visit('/search?q=zeppelin')).text).toContain('0 posts found')
        expect((await browser().visit('/search')).status).toBe(200)
      })

      test('search finds people by their name and what they say of themselves', async () => {
        expect((await browser().visit('/search?q=moths')).text).toContain('Among people: Grace.')
        expect((await browser().visit('/search?q=ada')).text).toContain('Among people: Ada.')
        expect((await browser().visit('/search?q=zeppelin')).text).not.toContain('Among people')
      })

      test('the page of numbers counts, and finds the posts that are alike', async () => {
        const { status, text } = await browser().visit('/statistics')
        expect(status).toBe(200)
        expect(text).toMatch(/\d+ posts and \d+ comments by \d+ people/)
        expect(text.match(/<li class="row">/g)).toHaveLength(5)
        expect(text).toMatch(/<a href="\/posts\/\d+">.*<\/a> and <a href="\/posts\/\d+">/)
        expect(text).toMatch(/\d+% alike/)
      })

      test('links to other sites lead there by way of /go', async () => {
        const post = await browser().visit(
          (await browser().visit('/search?q=weaving')).text.match(/\/posts\/\d+/)?.[0] ?? '',
        )
        const link = /href="(\/go\?to=[^"]*)"/.exec(post.text)?.[1] ?? ''
        const { location, text } = await browser().visit(link)
        expect(location ?? text).toContain('https://ada.example/leaf')
      })

      test('an address with nothing behind it answers 404 and keeps the page usable', async () => {
        for (const path of ['/nowhere', '/posts/99999']) {
          const { status, text } = await browser().visit(path)
          expect(status).toBe(404)
          expect(text).toContain('Not found')
          expect(text).toContain('action="/search"')
        }
      })

      test('the style sheet and the script are served with their types', async () => {
        expect((await browser().visit('/assets/style.css')).text).toContain('font-family')
        expect((await browser().visit('/assets/blog.js')).text).toContain('WebSocket')
        expect((await browser().visit('/assets/nothing.css')).status).not.toBe(200)
      })

      test('health answers that all is well', async () => {
        expect((await browser().call('GET', '/health')).json()).toMatchObject({ status: 'ok' })
      })
    })

    describe('accounts', () => {
      test('registering signs the person in', async () => {
        const { browser: mine, name } = await newcomer()
        expect((await mine.visit('/')).text).toContain(name)
        expect((await mine.call('GET', '/api/me')).json()).toMatchObject({ displayName: name })
      })

      test('each wrong field of the registration gets its own message, and the password does not come back', async () => {
        const fields = { name: 'a', email: 'nonsense', password: 'short' }
        const { status, text } = await browser().submit('/register', '/register', fields)
        expect(status).toBe(422)
        expect(text).toContain('3 to 45 characters')
        expect(text).toContain('Enter an e-mail address')
        expect(text).toMatch(/at least (8|15) characters/)
        expect(text).toContain('value="nonsense"')
        expect(text).not.toContain('short"')
      })

      test('an address that is taken gets no second account', async () => {
        const fields = { name: 'Ada too', email: 'ADA@example.org', password: 'a good long password' }
        const mine = browser()
        await mine.submit('/register', '/register', fields)
        expect((await mine.call('GET', '/api/me')).status).toBe(401)
        expect((await browser().post('/sign-in', { email: 'ADA@example.org', password: fields.password })).status).toBe(
          401,
        )
        await signedIn(ada)
      })

      test('a wrong password is refused with a message and the name kept in the form', async () => {
        const mine = browser()
        const { status, text } = await mine.submit('/sign-in', '/sign-in', { email: ada.email, password: 'not hers' })
        expect(status).toBe(401)
        expect(text).toMatch(/password is wrong/)
        expect(text).toContain('value="ada@example.org"')
        expect((await mine.call('GET', '/api/me')).status).toBe(401)
      })

      test('signing in returns to the page that asked for it', async () => {
        const mine = browser()
        const { status, location } = await mine.visit('/write')
        expect([status, location]).toEqual([303, '/sign-in?next=%2Fwrite'])
        const back = await mine.submit(location ?? '', '/sign-in', ada)
        expect([back.status, back.location]).toEqual([303, '/write'])
        expect((await mine.visit('/write')).status).toBe(200)
      })

      test('whoever is signed in already goes straight on to the next page', async () => {
        const { status, location } = await (await signedIn(ada)).visit('/sign-in?next=/profile')
        expect([status, location]).toEqual([303, '/profile'])
      })

      test('signing out ends it', async () => {
        const { browser: mine } = await newcomer()
        const { status, location } = await mine.submit('/', '/sign-out')
        expect([status, location]).toEqual([303, '/'])
        expect((await mine.call('GET', '/api/me')).status).toBe(401)
        expect((await mine.visit('/')).text).toContain('href="/sign-in"')
      })

      test('the profile takes a display name, a website, a bio and colours, and shows them', async () => {
        const { browser: mine } = await newcomer()
        const fields = { displayName: 'Mary S', website: 'https://mary.example/', bio: 'Reads a lot.', theme: 'dark' }
        const { status, location } = await mine.submit('/profile', '/profile', fields)
        expect([status, location]).toEqual([303, '/profile?saved=yes'])
        const { text } = await mine.visit('/profile?saved=yes')
        expect(text).toContain('Saved.')
        expect(text).toContain('data-theme="dark"')
        const post = await mine.visit(await publish(mine, 'By Mary'))
        expect(post.text).toContain('Mary S')
        expect(post.text).toContain('href="https://mary.example/"')
        expect(post.text).toContain('Reads a lot.')
      })

      test('a profile without a display name is refused and what was typed is kept', async () => {
        const { browser: mine } = await newcomer()
        const fields = { displayName: '', website: '', bio: 'Still here.', theme: 'light' }
        const { status, text } = await mine.submit('/profile', '/profile', fields)
        expect(status).toBe(422)
        expect(text).toContain('The display name is missing.')
        expect(text).toContain('Still here.')
      })

      test('a forgotten password is replaced with the link from the mail, once', async () => {
        const { email } = await newcomer()
        const mine = browser()
        const { status, text } = await mine.submit('/forgot', '/forgot', { email })
        expect(status).toBe(200)
        expect(text).toContain('Look into your mail')
        const page = await linkInMail(mine, email)
        expect(page).toMatch(/^\/reset\?/)

        const short = await mine.submit(page, '/reset', { password: 'short' })
        expect([short.status, /at least (8|15) characters/.test(short.text)]).toEqual([422, true])
        const done = await mine.submit(page, '/reset', { password: 'another good password' })
        expect([done.status, done.location]).toEqual([303, '/sign-in'])
        await signedIn({ email, password: 'another good password' })
        expect((await mine.submit(page, '/reset', { password: 'yet another password' })).status).toBeGreaterThanOrEqual(
          400,
        )
      })
    })

    describe('writing', () => {
      test.each([
        ['JSON', '{"title": "From “elsewhere”", "body": "One.\\n\\nTwo."}', 'One.\n\nTwo.'],
        [
          'an entry of a feed',
          `<?xml version="1.0"?><feed><title>Mine</title>
          <entry><title type="text">From “elsewhere”</title><content>Fish &amp; chips</content></entry></feed>`,
          'Fish ',
        ],
      ])('a post is brought along as %s, and published from the form', async (_, entry, body) => {
        const mine = await signedIn(ada)
        expect((await mine.visit('/write')).text).toContain('href="/import"')
        const { status, text } = await mine.submit('/import', '/import', { entry })
        expect(status).toBe(200)
        expect(text).toContain('action="/posts"')
        expect(text).toContain('value="From “elsewhere”"')
        expect(text).toContain(body)
      })

      test('what holds no post is refused, and kept in the form', async () => {
        const mine = await signedIn(ada)
        for (const entry of ['Just words.', '<feed><title>Mine</title></feed>', '']) {
          const { status, text } = await mine.submit('/import', '/import', { entry })
          expect([entry, status]).toEqual([entry, 422])
          expect(text).toContain('No post can be found in this.')
        }
        expect((await mine.submit('/import', '/import', { entry: 'Just words.' })).text).toContain('Just words.')
      })

      test('a post can be answered with a post: the form is begun already', async () => {
        const mine = await signedIn(grace)
        const { posts } = (await mine.call('GET', '/api/posts')).json<{ posts: { id: number; author: string }[] }>()
        const post = posts.find(({ author }) => author === 'Ada')
        const { text } = await mine.visit(`/posts/${post?.id}`)
        const link = /href="(\/write\?draft=[^"]*)"/.exec(text)?.[1] ?? ''
        const form = await mine.visit(link)
        expect(form.text).toMatch(/value="On “[^"]+”"/)
        expect(form.text).toContain('In answer to Ada: ')
      })

      test('a new post appears first, with its paragraphs and links', async () => {
        const mine = await signedIn(grace)
        const path = await publish(
          mine,
          'Notes on tea',
          'First the water.\r\n\r\nThen https://tea.example/pot, later the milk.',
        )
        const { text } = await mine.visit(path)
        expect(text).toContain('<p>First the water.</p>')
        expect(text).toContain('<p>Then <a href="/go?to=https%3A%2F%2Ftea.example%2Fpot"')
        expect((await browser().visit('/')).text.match(/<h2>.*<\/h2>/)?.[0]).toContain('Notes on tea')
      })

      test('a post without a title is refused and the text is kept', async () => {
        const { status, text } = await (await signedIn(ada)).submit('/write', '/posts', {
          title: ' ',
          body: 'Do not lose me.',
        })
        expect(status).toBe(422)
        expect(text).toContain('The title is missing.')
        expect(text).toContain('Do not lose me.')
      })

      test('its author edits a post, and deletes it', async () => {
        const mine = await signedIn(ada)
        const path = await publish(mine, 'A draft')
        expect((await mine.visit(path)).text).toContain(`href="${path}/edit"`)
        const edited = await mine.submit(`${path}/edit`, path, { title: 'No longer a draft', body: 'Better text.' })
        expect([edited.status, edited.location]).toEqual([303, path])
        expect((await mine.visit(path)).text).toContain('No longer a draft')
        const deleted = await mine.submit(`${path}/edit`, `${path}/delete`)
        expect([deleted.status, deleted.location]).toEqual([303, '/'])
        expect((await mine.visit(path)).status).toBe(404)
      })

      test('nobody else can edit or delete it', async () => {
        const path = await publish(await signedIn(ada), 'Hands off')
        const { browser: other } = await newcomer()
        expect((await other.visit(path)).text).not.toContain(`${path}/edit`)
        expect((await other.visit(`${path}/edit`)).status).toBe(403)
        expect((await other.call('DELETE', `/api${path}`)).status).toBe(403)
        expect((await browser().call('DELETE', `/api${path}`)).status).toBe(401)
        expect((await browser().visit(`${path}/edit`)).location).toContain('/sign-in')
        expect((await browser().visit(path)).text).toContain('Hands off')
      })

      test('people who are signed in comment, others are asked to sign in', async () => {
        const path = await publish(await signedIn(ada), 'Say something')
        const mine = await signedIn(grace)
        const { status, location } = await mine.submit(path, `${path}/comments`, { body: 'Something.' })
        expect([status, location]).toEqual([303, path])
        const { text } = await browser().visit(path)
        expect(text).toContain('1 comment')
        expect(text).toContain('Something.')
        expect(text).toContain('to comment.')
        expect((await mine.submit(path, `${path}/comments`, { body: '' })).status).toBe(422)
      })
    })

    peopleTests({ browser, signedIn, newcomer, publish })

    describe('for programs', () => {
      test('the API signs in, and says no to a wrong password', async () => {
        const mine = browser()
        expect((await mine.call('POST', '/api/sign-in', { ...ada, password: 'not hers' })).status).toBe(401)
        const { status, ...answer } = await mine.call('POST', '/api/sign-in', ada)
        expect([status, answer.json()['displayName']]).toEqual([200, 'Ada'])
        expect((await mine.call('GET', '/api/me')).status).toBe(200)
      })

      test('the API lists posts page by page and shows single ones', async () => {
        const first = (await browser().call('GET', '/api/posts?page=1')).json<{
          posts: { id: number }[]
          pages: number
        }>()
        expect(first.posts).toHaveLength(5)
        expect(first.pages).toBeGreaterThan(2)
        const { status, ...answer } = await browser().call('GET', `/api/posts/${first.posts[0]?.id}`)
        expect(status).toBe(200)
        expect(answer.json()).toMatchObject({
          id: first.posts[0]?.id,
          title: expect.any(String),
          author: expect.any(String),
        })
        expect((await browser().call('GET', '/api/posts/99999')).status).toBe(404)
      })

      test('the API takes a post from people who are signed in, and deletes it again', async () => {
        const post = { title: 'From a program', body: 'Hello.' }
        expect((await browser().call('POST', '/api/posts', post)).status).toBe(401)
        const mine = await signedIn(ada)
        const created = await mine.call('POST', '/api/posts', post)
        expect(created.status).toBe(201)
        expect(created.json()).toMatchObject(post)
        expect((await mine.call('POST', '/api/posts', { title: 'No text' })).json()).toMatchObject({
          problems: { body: 'The text is missing.' },
        })
        expect((await mine.call('DELETE', `/api/posts/${created.json()['id']}`)).status).toBe(204)
      })

      test('the API takes a post as long as one may be', async () => {
        const mine = await signedIn(ada)
        const { status } = await mine.call('POST', '/api/posts', { title: 'Long', body: 'ж'.repeat(10_000) })
        expect(status).toBe(201)
        const path = await publish(mine, 'Long in a form', '詩'.repeat(10_000))
        expect((await mine.visit(path)).text).toContain('詩'.repeat(10_000))
        expect((await mine.call('POST', '/api/posts', { title: 'Longer', body: 'ж'.repeat(10_001) })).status).toBe(422)
      })

      test('settings are saved for their owner and shown to everybody', async () => {
        const { browser: mine, name } = await newcomer()
        const settings = { theme: 'light', mastodon: '@me@example.org' }
        expect((await browser().call('POST', '/api/settings', settings)).status).toBe(401)
        const saved = await mine.call('POST', '/api/settings', settings)
        expect([saved.status, saved.json()]).toEqual([200, settings])
        const { people: all } = (await browser().call('GET', '/api/people')).json<{
          people: { displayName: string }[]
        }>()
        expect(all.find(({ displayName }) => displayName === name)).toMatchObject(settings)
      })

      test('a WebSocket greets by name and tells of new posts', async () => {
        const mine = await signedIn(ada)
        const live = await listen(origin, mine.headers())
        expect(live.head).toMatch(/^HTTP\/1.1 101 /)
        // What RFC 6455 makes of the key that `listen` sends.
        expect(live.head).toContain('Sec-WebSocket-Accept: Bz3qJYTGdOe8gUSpLosEdiLKDrk=')
        expect(await live.next()).toEqual({ hello: 'Ada' })
        const path = await publish(mine, 'Heard everywhere')
        expect(await live.next()).toEqual({ post: { id: Number(path.split('/')[2]), title: 'Heard everywhere' } })
        live.close()
      })
    })
  })
}
