import { expect, test } from 'vitest'
import type { Route, Target } from '../library/core/probe.ts'
import { openLetter } from './letters.ts'

const ORIGIN = 'http://127.0.0.1:1'
const OUTBOX: Route = { method: 'GET', path: '/outbox' }

/** A target that answers from a list, and remembers what was sent. */
function target(pages: Readonly<Record<string, string>>, routes: readonly Route[] = [OUTBOX]) {
  const sent: string[] = []
  const send: Target['send'] = async ({ method = 'GET', path, form }) => {
    sent.push(`${method} ${path}${form ? ` ${JSON.stringify(form)}` : ''}`)
    const text = pages[path]
    return { status: text === undefined ? 404 : 200, text: text ?? '' } as Awaited<ReturnType<Target['send']>>
  }
  return { sent, asTarget: { origin: ORIGIN, routes, send } as unknown as Target }
}

const letter = (to: string, link: string) => `<article><p>To ${to}</p><pre>Hello,\n${link}</pre></article>`
const form =
  '<form action="/verify" method="post"><input type="hidden" name="token" value="t"><input type="password" name="pass"></form>'

test('the newest letter to the address is followed, and its form sent with the password', async () => {
  const outbox = letter('b@x.org', `${ORIGIN}/other?token=1`) + letter('a@x.org', `${ORIGIN}/verify?token=2&amp;a=b`)
  const { sent, asTarget } = target({ '/outbox': outbox, '/verify?token=2&a=b': form, '/verify': 'done' })
  expect(await openLetter(asTarget, 'a@x.org', 'secret')).toBe(true)
  expect(sent).toEqual(['GET /outbox', 'GET /verify?token=2&a=b', 'POST /verify {"token":"t","pass":"secret"}'])
})

test('a visit is enough where there is no form', async () => {
  const { asTarget } = target({
    '/outbox': letter('a@x.org', `${ORIGIN}/verify?token=2`),
    '/verify?token=2': 'Welcome',
  })
  expect(await openLetter(asTarget, 'a@x.org', 'secret')).toBe(true)
})

test('where the password is asked for only then, it is given', async () => {
  const first = '<form action="/verify" method="post"><input type="hidden" name="token" value="t"></form>'
  const pages: Record<string, string> = {
    '/outbox': letter('a@x.org', `${ORIGIN}/verify?token=2`),
    '/verify?token=2': first,
    '/verify': form,
  }
  const { sent, asTarget } = target(pages)
  const { send } = asTarget
  const strict = {
    ...asTarget,
    send: async (ask: Parameters<typeof send>[0]) => {
      const answer = await send(ask)
      return ask.form && !ask.form['pass'] ? { ...answer, status: 401 } : answer
    },
  } as Target
  expect(await openLetter(strict, 'a@x.org', 'secret')).toBe(true)
  expect(sent.at(-1)).toBe('POST /verify {"token":"t","pass":"secret"}')
})

test('links to other sites are not followed, and letters to others are not read', async () => {
  const { sent, asTarget } = target({ '/outbox': letter('a@x.org', 'https://evil.example/verify') })
  expect(await openLetter(asTarget, 'a@x.org', 'secret')).toBe(false)
  expect(await openLetter(asTarget, 'c@x.org', 'secret')).toBe(false)
  expect(new Set(sent)).toEqual(new Set(['GET /outbox']))
})

test('without a page of letters nothing is sent', async () => {
  const { sent, asTarget } = target({}, [{ method: 'GET', path: '/' }])
  expect(await openLetter(asTarget, 'a@x.org', 'secret')).toBe(false)
  expect(sent).toEqual([])
})
