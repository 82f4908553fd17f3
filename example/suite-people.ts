import { describe, expect, test } from 'vitest'
import type { Browser } from './browser.ts'
import { ada, type Credentials, grace, mary } from './shared/seed.ts'

/** Somebody who has just registered. */
export interface Newcomer extends Credentials {
  readonly browser: Browser
  readonly name: string
}

export interface Tools {
  browser(): Browser
  signedIn(who: Credentials): Promise<Browser>
  newcomer(): Promise<Newcomer>
  /** Answers the path of the new post. */
  publish(mine: Browser, title: string, body?: string): Promise<string>
}

/** Registers tests of what people do about comments, their accounts, and one another. */
export function peopleTests({ browser, signedIn, newcomer, publish }: Tools): void {
  describe('comments', () => {
    const idOf = (text: string, words: string): string =>
      new RegExp(`${words}[\\s\\S]*?/comments/(\\d+)/delete`).exec(text)?.[1] ?? ''

    test('go with whoever wrote them, and with the author of the post', async () => {
      const author = await signedIn(ada)
      const path = await publish(author, 'Be kind')
      const { browser: mine } = await newcomer()
      for (const body of ['First of mine.', 'Second of mine.']) await mine.submit(path, `${path}/comments`, { body })
      const own = (await mine.visit(path)).text
      const first = `/comments/${idOf(own, 'First of mine')}/delete`
      const deleted = await mine.submit(path, first)
      expect([deleted.status, deleted.location]).toEqual([303, path])
      const second = `/comments/${idOf((await author.visit(path)).text, 'Second of mine')}/delete`
      expect((await author.submit(path, second)).status).toBe(303)
      const left = (await browser().visit(path)).text
      expect(left).toContain('0 comments')
      expect(left).not.toContain('of mine.')
    })

    test('of others have no button, but for admins', async () => {
      const path = await publish(await signedIn(ada), 'Say what you like')
      const writer = await signedIn(grace)
      await writer.submit(path, `${path}/comments`, { body: 'Something rude.' })
      const { browser: other } = await newcomer()
      expect((await other.visit(path)).text).not.toContain('/comments/1')
      expect((await other.visit(path)).text).not.toContain('Delete this comment')
      const admin = await signedIn(mary)
      const page = (await admin.visit('/admin')).text
      expect((await admin.submit('/admin', `/comments/${idOf(page, 'Something rude')}/delete`)).status).toBe(303)
      expect((await browser().visit(path)).text).not.toContain('Something rude.')
    })
  })

  describe('people', () => {
    test('change their password', async () => {
      const { browser: mine, email, password } = await newcomer()
      const fields = { current: password, password: 'a better long password' }
      expect((await mine.submit('/security/password', '/security/password', fields)).status).toBe(303)
      expect((await mine.call('GET', '/api/me')).status).toBe(200)
      await signedIn({ email, password: fields.password })
      expect((await browser().post('/sign-in', { email, password })).status).toBe(401)
    })

    test('close their account; what they wrote stays without their name', async () => {
      const { browser: mine, name, email, password } = await newcomer()
      const path = await publish(mine, 'Last words')
      expect((await mine.submit('/security/close', '/security/close', { password })).text).toContain('is closed')
      expect((await mine.call('GET', '/api/me')).status).toBe(401)
      expect((await browser().post('/sign-in', { email, password })).status).toBe(401)
      expect((await browser().visit(path)).text).not.toContain(name)
    })

    test('see where they are signed in, and end it elsewhere and everywhere', async () => {
      const { browser: mine, email, password } = await newcomer()
      const other = await signedIn({ email, password })
      const list = (await mine.visit('/sessions')).text
      expect(list.match(/<li /g)).toHaveLength(2)
      expect((await other.submit('/sessions', '/sessions/sign-out')).status).toBe(303)
      expect((await other.visit('/sessions')).location).toContain('/sign-in')
    })

    test('keep searches, and find them in the profile', async () => {
      const { browser: mine } = await newcomer()
      const link = /href="(\/search\/keep[^"]*)"/.exec((await mine.visit('/search?q=moth')).text)?.[1] ?? ''
      expect((await mine.visit(link)).location).toBe('/profile')
      expect((await mine.visit('/profile')).text).toContain('>moth</a>')
      expect((await browser().visit('/search?q=moth')).text).not.toContain('/search/keep')
    })

    test('take their data with them', async () => {
      const { browser: mine, name } = await newcomer()
      await publish(mine, 'Mine to take')
      const link = /href="(\/profile\/data[^"]*)"/.exec((await mine.visit('/profile')).text)?.[1] ?? ''
      expect((await mine.visit(link)).json()).toMatchObject({ displayName: name, posts: [{ title: 'Mine to take' }] })
    })

    test('who are admins change what others may do, and close accounts; what was written stays', async () => {
      const { browser: mine, name, email, password } = await newcomer()
      const path = await publish(mine, 'Still here')
      const admin = await signedIn(mary)
      const { id } = (await mine.call('GET', '/api/me')).json<{ id: string }>()
      expect((await admin.submit('/admin', `/admin/people/${id}/role`, { role: 'admin' })).status).toBe(303)
      const promoted = await signedIn({ email, password })
      expect((await promoted.visit('/')).text).toContain('href="/admin"')
      expect((await admin.submit('/admin', `/admin/people/${id}/role`, { role: 'author' })).status).toBe(303)
      expect((await promoted.visit('/')).text).not.toContain('href="/admin"')
      expect((await admin.submit('/admin', `/admin/people/${id}/delete`)).status).toBe(303)
      expect((await mine.call('GET', '/api/me')).status).toBe(401)
      const left = await browser().visit(path)
      expect(left.text).toContain('Somebody who left')
      expect(left.text).not.toContain(name)
      expect((await admin.visit('/admin')).text).not.toContain(name)
    })

    test('who are admins sign others out', async () => {
      const { browser: mine } = await newcomer()
      const { id } = (await mine.call('GET', '/api/me')).json<{ id: string }>()
      const admin = await signedIn(mary)
      expect((await admin.submit('/admin', `/admin/people/${id}/sign-out`)).status).toBe(303)
      expect((await mine.call('GET', '/api/me')).status).toBe(401)
    })

    test('read the house rules when they are authors', async () => {
      expect((await (await signedIn(ada)).visit('/files/house-rules.txt')).text).toContain('House rules')
      expect((await browser().visit('/files/house-rules.txt')).text).not.toContain('House rules')
      expect((await (await signedIn(ada)).visit('/download?file=house-rules.txt')).text).toContain('House rules')
    })
  })
}
