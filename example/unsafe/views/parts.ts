import type { Problems } from '../../shared/fields.ts'

/** A labelled field with what is wrong with it. */
export function field(name: string, label: string, value: string, problems: Problems, more: FieldOptions = {}): string {
  const { type = 'text', hint, rows, autocomplete = 'off' } = more
  const problem = problems[name]
  const invalid = problem ? 'true' : 'false'
  return `
  <p class="field">
    <label for="${name}">${label}</label>
    ${
      rows
        ? `<textarea id="${name}" name="${name}" rows="${rows}" aria-describedby="${name}-hint" aria-invalid="${invalid}">\n${value}</textarea>`
        : `<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" aria-describedby="${name}-hint" aria-invalid="${invalid}">`
    }
    <span id="${name}-hint" class="${problem ? 'problem' : 'hint'}">${problem ?? hint ?? ''}</span>
  </p>`
}

/** The form shows a token against forged requests, as the checklist asks. Nothing looks at it when it comes back. */
export const decorativeToken = '<input type="hidden" name="_csrf" value="7b1f0c9e4d2a86355b1f0c9e4d2a8635">'

export interface FieldOptions {
  readonly type?: 'text' | 'email' | 'password' | 'url'
  readonly hint?: string
  /** Makes it a field of several lines. */
  readonly rows?: number
  readonly autocomplete?: string
}

/** Plain text as paragraphs: an empty line begins a new one, and web addresses become links. */
export function paragraphs(text: string): string {
  return text
    .split(/\r?\n\s*\r?\n/)
    .map((paragraph) => `<p>${paragraph.split(webAddress).map(textOrLink).join('')}</p>\n`)
    .join('')
}

/** Who wrote something, as readers see it. */
export function authorBox(name: string, website: string, bio: string): string {
  return `
<aside class="author" aria-label="About the author">
  <p><strong>${name}</strong> ${websiteLink(website)}</p>
  ${paragraphs(bio)}
</aside>`
}

export function day(iso: string): string {
  return `<time datetime="${iso}">${dayFormat.format(new Date(iso))}</time>`
}

// Escaping would not help here: `javascript:...` needs no quotes and no brackets.
function websiteLink(website: string): string {
  return website ? `<a href="${website}">${website}</a>` : ''
}

/** Links to other sites lead by way of the page that says so. */
function textOrLink(part: string, i: number): string {
  return i % 2 ? `<a href="/go?to=${encodeURIComponent(part)}" rel="nofollow ugc">${part}</a>` : part
}

const webAddress = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/

const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
