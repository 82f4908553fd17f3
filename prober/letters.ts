import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, Target } from '../library/core/probe.ts'
import { type Form, readPage } from './forms.ts'

const OUTBOX = /outbox|mails?(?:\/|$)|letters?(?:\/|$)|sent(?:\/|$)/i
/** Letters leave after the answer, so that its time tells nothing. */
const LOOKS = 6
const PAUSE = 60
/** In another browser than the one that asked for the letter, some apps ask for the password as well. */
const STEPS = 2

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
  let page = await target.send({ path })
  for (let step = 0; step < STEPS; step++) {
    const form = readPage(page.text).forms.find((one) => one.method === 'POST' && Object.keys(one.hidden).length > 0)
    // Some apps are content with the visit.
    if (form === undefined) break
    page = await submit(target, form, path, password)
    if (page.status < 400) break
  }
  return page.status > 0 && page.status < 400
}

function submit(target: Target, form: Form, path: string, password: string): Promise<Answer> {
  const fields = { ...form.fields, ...Object.fromEntries(form.passwords.map((name) => [name, password])) }
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
  const action = form.action.startsWith('/') ? form.action : path
  return target.send({ method: 'POST', path: action, form: fields, headers })
}
