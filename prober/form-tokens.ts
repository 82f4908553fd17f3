import type { Answer, Ask } from '../library/core/probe.ts'
import { isFormToken } from '../library/toolbox/form-token.ts'
import { parseUrl } from '../library/toolbox/url.ts'
import { type Form, readPage } from './forms.ts'

type Fields = Readonly<Record<string, string>>

/** A form that sends along what only its own page says. */
interface TokenForm {
  readonly page: string
  /** Names of the fields, with every value that was seen there. */
  readonly seen: Map<string, Set<string>>
}

/** How the page of a form is read again: by the same visitor. */
export type Read = (page: string) => Promise<Answer>

/**
 * Tokens in forms are good once, or for one visitor, or for a while; what was crawled is old when an attack is sent. So each request that
 * still holds a crawled token gets the one that the form's page holds now, as it would from a browser. Another site cannot read the page:
 * what is sent in its name goes without.
 */
export class FormTokens {
  readonly #forms = new Map<string, TokenForm>()

  /** Remembers a form of a page, if it has such fields; answers these. */
  add(page: string, action: string, form: Pick<Form, 'method' | 'hidden'>): Fields {
    const tokens = Object.fromEntries(Object.entries(form.hidden).filter(([name, value]) => isFormToken(name, value)))
    if (form.method !== 'POST' || Object.keys(tokens).length === 0) return {}
    const known = this.#forms.get(pathOf(action)) ?? { page, seen: new Map<string, Set<string>>() }
    this.#forms.set(pathOf(action), known)
    for (const [name, value] of Object.entries(tokens)) {
      const values = known.seen.get(name) ?? new Set()
      known.seen.set(name, values.add(value))
    }
    return tokens
  }

  /** The page to read before this request is sent, if it holds a crawled token. */
  pageFor(ask: Ask): string | undefined {
    const known = (ask.method ?? 'GET') === 'GET' ? undefined : this.#forms.get(pathOf(ask.path))
    if (known === undefined) return undefined
    const isOld = (name: string, value: string): boolean => known.seen.get(name)?.has(value) === true
    if (Object.entries(ask.form ?? {}).some(([name, value]) => isOld(name, value))) return known.page
    const body = bytesOf(ask.body)
    const values = [...known.seen.values()].flatMap((seen) => [...seen])
    return body !== undefined && values.some((value) => body.includes(value)) ? known.page : undefined
  }

  /** The request with the tokens of this answer in the place of crawled ones; without an answer they are taken out. */
  renew(ask: Ask, page: Answer | undefined, origin: string): Ask {
    const known = this.#forms.get(pathOf(ask.path))
    if (known === undefined) return ask
    const now = page === undefined ? {} : fieldsFor(page, pathOf(ask.path), origin)
    // A page without the form says nothing: the old token is as good as any.
    if (now === undefined) return ask
    let form = ask.form
    let body = ask.body
    for (const [name, values] of known.seen) {
      const next = now[name]
      if (form !== undefined && values.has(form[name] ?? '')) {
        const { [name]: _, ...rest } = form
        form = next === undefined ? rest : { ...form, [name]: next }
      }
      if (body === undefined || page === undefined) continue
      for (const value of values) body = replaced(body, value, next ?? value)
      if (next !== undefined) values.add(next)
    }
    return { ...ask, ...(form && { form }), ...(body !== undefined && { body }) }
  }
}

/** Whether a request is one that another site has a browser send. */
export function isForeign({ headers = {} }: Pick<Ask, 'headers'>, origin: string): boolean {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])
  const { origin: from, 'sec-fetch-site': site } = Object.fromEntries(entries)
  return (from !== undefined && from !== origin) || site === 'cross-site' || site === 'same-site'
}

/** The hidden fields of the form that leads to this path. */
function fieldsFor(page: Answer, path: string, origin: string): Fields | undefined {
  if (!page.isHtml) return undefined
  const leads = ({ action }: Form): boolean => {
    const to = parseUrl(action === '' ? page.ask.path : action, origin + page.ask.path)
    return to !== undefined && to.origin === origin && to.pathname === path
  }
  return readPage(page.text).forms.find((form) => form.method === 'POST' && leads(form))?.hidden
}

function bytesOf(body: Ask['body']): string | undefined {
  return body === undefined || typeof body === 'string' ? body : Buffer.from(body).toString('latin1')
}

function replaced(body: string | Uint8Array, value: string, next: string): string | Uint8Array {
  if (typeof body === 'string') return body.replaceAll(value, next)
  return Buffer.from(Buffer.from(body).toString('latin1').replaceAll(value, next), 'latin1')
}

function pathOf(path: string): string {
  const query = path.indexOf('?')
  return query === -1 ? path : path.slice(0, query)
}
