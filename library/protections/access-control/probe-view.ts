import type { Answer, Ask, Outcome, Route, Target } from '../../core/probe.ts'
import { parseUrl } from '../../toolbox/url.ts'

/** Who asks: nobody, the account that attacks, or the other one. */
export type Who = 'guest' | 'account' | 'other'

/** A form as it stands in a page. */
export interface SeenForm {
  readonly method: string
  /** Path and query. */
  readonly action: string
  /** The page that it stands in. */
  readonly page: string
  readonly fields: Readonly<Record<string, string>>
  /** The field that a person writes into, if there is one. */
  readonly text: string | undefined
}

/** What the app offers to one person: where its pages lead, and what can be sent from them. */
export interface View {
  readonly links: ReadonlySet<string>
  readonly forms: readonly SeenForm[]
}

const MOST_PAGES = 12
const ENDING =
  /(^|[^a-z])((log|sign)[-_ ]?(out|off)|delete|destroy|remove|erase|purge|unsubscribe|deactivate|close)([^a-z]|$)/i
const DELETING = /(^|[^a-z])(delete|destroy|remove|erase)([^a-z]|$)/i
const ID = /\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[0-9a-f]{16,}\b|\b\d+\b/gi

/** Whether following it, or sending it, would end something. */
export function isEnding(path: string): boolean {
  return ENDING.test(path)
}

export function isDeleting(path: string): boolean {
  return DELETING.test(path)
}

/** Whether the path names one of many: `/notes/7`, `/orders?id=7`. */
export function hasId(path: string): boolean {
  return path.search(ID) !== -1
}

/** The same path for something that does not exist. */
export function withoutObject(path: string): string {
  return path.replace(ID, (id) => (/^\d+$/.test(id) ? '987654321' : id.replace(/[0-9a-f]/gi, 'e')))
}

/** For attacks of one account on another, where there is only one. */
export function needsOther(method: string, path: string): Outcome {
  return {
    verdict: 'skipped',
    method,
    path,
    message: 'It needs a second account, to try what the first can do to it.',
    remedy: 'Name one as "other" in bulwark.probe.json.',
  }
}

/** Sends as a browser on the app's own pages would. */
export function ask(target: Target, who: Who, what: Ask): Promise<Answer> {
  const writes = what.method !== undefined && what.method !== 'GET'
  return target.send({
    ...what,
    signedIn: who === 'account',
    other: who === 'other',
    headers: {
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'navigate',
      accept: 'text/html,*/*;q=0.8',
      ...(writes && { origin: target.origin, referer: `${target.origin}/` }),
      ...what.headers,
    },
  })
}

/** Reads the pages that are known, and those that only this person is led to from them. */
export async function lookAround(target: Target, who: Who, more: readonly string[] = []): Promise<View> {
  const links = new Set<string>()
  const forms: SeenForm[] = []
  const pages = new Set(['/', ...more, ...target.routes.filter(isPage).map(({ path }) => path)])
  for (const page of [...pages].slice(0, MOST_PAGES)) await readInto(target, who, page, links, forms)
  return { links, forms }
}

/** What one page offers. */
export async function lookAt(target: Target, who: Who, page: string): Promise<View> {
  const links = new Set<string>()
  const forms: SeenForm[] = []
  await readInto(target, who, page, links, forms)
  return { links, forms }
}

async function readInto(target: Target, who: Who, page: string, links: Set<string>, forms: SeenForm[]): Promise<void> {
  const answer = await ask(target, who, { path: page })
  if (answer.status !== 200 || !answer.isHtml) return
  const base = target.origin + page
  for (const [, a, b, c] of answer.text.matchAll(/<a\b[^>]*?\shref=(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi)) {
    const to = inside(decoded(a ?? b ?? c ?? ''), base, target.origin)
    if (to !== undefined) links.add(to)
  }
  for (const [, head = '', body = ''] of answer.text.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
    const action = inside(attribute(head, 'action') ?? page, base, target.origin)
    if (action === undefined) continue
    const method = (attribute(head, 'method') ?? 'get').toUpperCase()
    forms.push({ method, action, page, ...fieldsIn(body) })
  }
}

function fieldsIn(body: string): Pick<SeenForm, 'fields' | 'text'> {
  const fields: Record<string, string> = {}
  let text: string | undefined
  for (const [, kind = '', head = '', rest = ''] of body.matchAll(
    /<(input|textarea|select)\b([^>]*)>([^<]*(?=<\/textarea))?/gi,
  )) {
    const name = attribute(head, 'name')
    const type = (attribute(head, 'type') ?? 'text').toLowerCase()
    if (name === undefined || type === 'submit' || type === 'file') continue
    fields[name] = kind.toLowerCase() === 'textarea' ? decoded(rest) : (attribute(head, 'value') ?? '')
    if (kind.toLowerCase() === 'textarea' || type === 'text')
      text = kind.toLowerCase() === 'textarea' ? name : (text ?? name)
  }
  return { fields, text }
}

function isPage({ method, path, html, signIn }: Route): boolean {
  return method === 'GET' && html === true && signIn !== true && !isEnding(path)
}

/** Path and query of what leads to the same app. */
function inside(link: string, base: string, origin: string): string | undefined {
  const url = link.trim() === '' || link.startsWith('#') ? undefined : parseUrl(link, base)
  return url !== undefined && url.origin === origin ? url.pathname + url.search : undefined
}

function attribute(head: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(head)
  const value = found?.[1] ?? found?.[2] ?? found?.[3]
  return value === undefined ? undefined : decoded(value)
}

function decoded(text: string): string {
  return text
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, hex: string) =>
      String.fromCodePoint(Math.min(Number.parseInt(hex, 16), 0x10ffff)),
    )
    .replace(/&#(\d{1,7});/g, (_, digits: string) => String.fromCodePoint(Math.min(Number(digits), 0x10ffff)))
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** The words of an answer that tell it from another one: what only it shows. */
export function wordsOnlyIn(answer: Answer, other: Answer): readonly string[] {
  const known = new Set(wordsOf(other))
  return [...new Set(wordsOf(answer))].filter((word) => !known.has(word))
}

/** Whether the answer shows most of these words: ids and greetings may differ. */
export function shows(answer: Answer, words: readonly string[]): boolean {
  const own = new Set(wordsOf(answer))
  const found = words.filter((word) => own.has(word))
  return answer.status === 200 && words.length > 0 && found.length >= Math.max(2, words.length * 0.6)
}

function wordsOf({ text }: Answer): readonly string[] {
  const plain = text.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ').replace(/<[^>]*>/g, ' ')
  return plain.toLowerCase().match(/[\p{L}\d@._-]{4,}/gu) ?? []
}
