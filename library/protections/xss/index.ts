// biome-ignore-all lint/suspicious/noTemplateCurlyInString: messages show what to write in a template

import { BulwarkError } from '../../core/errors.ts'
import { escapeHtml } from '../../toolbox/html.ts'
import { isSafeUrl } from '../../toolbox/url.ts'
import { type Hole, planOf } from './template.ts'

/** What may stand in a template: text, numbers, markup, and lists of them. `null`, `undefined` and `false` render nothing. */
export type HtmlValue = string | number | bigint | boolean | null | undefined | Html | Json | readonly HtmlValue[]

/** What a link becomes that would have run a script. */
const NOWHERE = 'about:invalid#blocked'
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[a-z0-9+/]*={0,2}$/i

let toHtml: (text: string) => Html
let toJson: (text: string) => Json

/** Markup that is safe to send: `res.send(String(page))`. Only `html` and `insecureHtml` make it. */
export class Html {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }

  static {
    toHtml = (text) => new Html(text)
  }
}

/** Data for `<script type="application/json">`. Only `json` makes it. */
export class Json {
  readonly #text: string

  private constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }

  static {
    toJson = (text) => new Json(text)
  }
}

/**
 * Writes markup in which every value is escaped for the place where it stands: ``html`<a href="${url}">${name}</a>` ``.
 *
 * Lists are joined, markup stays markup, `?disabled=${condition}` writes the attribute or leaves it out. A link whose scheme is not http,
 * https, mailto or tel becomes `about:invalid#blocked`.
 *
 * **Security**: values are refused where no escaping helps: scripts, styles, event and style attributes, names of tags and attributes,
 * attributes without quotes, comments. A template is checked when it is first used, so each of them fails in the first test that
 * renders it (CWE-79, ASVS 1.2.1, 1.2.2).
 * @throws BulwarkError `BULWARK_MARKUP_UNSAFE`
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const { pieces, holes } = planOf(strings)
  let text = pieces[0]!
  for (let i = 0; i < holes.length; i++) text += write(holes[i]!, values[i]) + pieces[i + 1]!
  return toHtml(text)
}

/**
 * Takes text for markup as it is, such as what a sanitiser has made.
 *
 * **Security**: whatever is in it runs. The reason is for whoever reads the code.
 * @throws BulwarkError `BULWARK_MARKUP_UNSAFE` without a reason
 */
export function insecureHtml(text: string, reason: string): Html {
  if (typeof reason === 'string' && reason.trim().length >= 3) return toHtml(String(text))
  throw new BulwarkError('BULWARK_MARKUP_UNSAFE', 'text becomes markup without a reason', {
    fix: "say why it is safe, as in insecureHtml(text, 'made by our sanitiser')",
  })
}

/**
 * Writes a value as JSON that may stand in `<script type="application/json">`: ``html`<script type="application/json">${json(data)}</script>` ``.
 *
 * **Security**: `<`, `>` and `&` are written as `\u003c` and so on, so no text in it ends the script element.
 */
export function json(value: unknown): Json {
  const text = JSON.stringify(value) ?? 'null'
  return toJson(
    text.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`),
  )
}

/**
 * The hidden field of a form that sends the visitor's token back: ``html`<form method="post">${csrfField(req.security)}…</form>` ``.
 *
 * **Security**: only in forms that lead to the app itself; in one to another site it would tell the token.
 */
export function csrfField(security: { csrfToken(): string }): Html {
  return html`<input type="hidden" name="_csrf" value="${security.csrfToken()}">`
}

/** The link itself when it is relative or leads by http, https, mailto or tel; otherwise `about:invalid#blocked`. */
export function safeUrl(text: string): string {
  return isSafeUrl(text) ? text : NOWHERE
}

function write(hole: Hole, value: HtmlValue): string {
  switch (hole.kind) {
    case 'text':
      return typeof value === 'string' ? escapeHtml(value) : markupOf(value)
    case 'attribute':
      return escapeHtml(textOf(value))
    case 'url':
      return escapeHtml(linkOf(hole, textOf(value)))
    case 'flag':
      return value ? hole.name : ''
    case 'json':
      if (value instanceof Json) return value.toString()
      throw new BulwarkError('BULWARK_MARKUP_UNSAFE', 'a script element for data holds something else', {
        at: '<script type="application/json">',
        fix: 'write ${json(value)}',
      })
  }
}

function markupOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) {
    let text = ''
    for (const each of value as readonly HtmlValue[]) text += markupOf(each)
    return text
  }
  return escapeHtml(String(value))
}

/** In an attribute, markup is text like any other, and lists are words. */
function textOf(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (!Array.isArray(value)) return String(value)
  return (value as readonly HtmlValue[])
    .map(textOf)
    .filter((text) => text !== '')
    .join(' ')
}

function linkOf(hole: Hole & { readonly kind: 'url' }, text: string): string {
  const whole = hole.before + text + hole.after
  if (isSafeUrl(whole) || (hole.image && IMAGE.test(whole))) return text
  // What stands in front stays there, so the link may lead nowhere sensible; it runs no script.
  return hole.before === '' && hole.after === '' ? NOWHERE : ''
}
