import { setTimeout as pause } from 'node:timers/promises'
import type { Target } from '../library/core/probe.ts'
import { readPage } from './forms.ts'

const OUTBOX = /outbox|mails?(?:\/|$)|letters?(?:\/|$)|sent(?:\/|$)/i
/** Letters leave after the answer, so that its time tells nothing. */
const LOOKS = 6
const PAUSE = 60

/** Reads the letters that a development server shows, newest first, and does what the first one to the address asks for. */
export async function openLetter(target: Target, to: string, password: string): Promise<boolean> {
  const outbox = target.routes.find(({ method, path }) => method === 'GET' && OUTBOX.test(path))
  if (outbox === undefined) return false
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await pause(PAUSE)
    const { text } = await target.send({ path: outbox.path, signedIn: outbox.signedIn === true })
    const path = linkTo(target.origin, text, to)
    if (path !== undefined) return follow(target, path, password)
  }
  return false
}

/** The first link to the app itself behind the address. */
function linkTo(origin: string, text: string, to: string): string | undefined {
  const at = text.indexOf(to)
  const link = at === -1 ? undefined : /https?:\/\/[^\s"'<>]+/.exec(text.slice(at))?.[0].replaceAll('&amp;', '&')
  return link?.startsWith(`${origin}/`) ? link.slice(origin.length) : undefined
}

async function follow(target: Target, path: string, password: string): Promise<boolean> {
  const page = await target.send({ path })
  const form = readPage(page.text).forms.find(
    ({ method, hidden }) => method === 'POST' && Object.keys(hidden).length > 0,
  )
  // Some apps are content with the visit.
  if (form === undefined) return page.status < 400
  const fields = { ...form.fields, ...Object.fromEntries(form.passwords.map((name) => [name, password])) }
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
  const action = form.action.startsWith('/') ? form.action : path
  const answer = await target.send({ method: 'POST', path: action, form: fields, headers })
  return answer.status > 0 && answer.status < 400
}
