import { type Html, html } from 'bulwark'
import type { Problems } from '../../shared/fields.ts'

/** A labelled field with what is wrong with it. */
export function field(name: string, label: string, value: string, problems: Problems, more: FieldOptions = {}): Html {
  const { type = 'text', hint, rows, autocomplete = 'off' } = more
  const problem = problems[name]
  const invalid = problem ? 'true' : 'false'
  return html`
  <p class="field">
    <label for="${name}">${label}</label>
    ${
      rows
        ? html`<textarea id="${name}" name="${name}" rows="${rows}" aria-describedby="${name}-hint" aria-invalid="${invalid}">\n${value}</textarea>`
        : html`<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" aria-describedby="${name}-hint" aria-invalid="${invalid}">`
    }
    <span id="${name}-hint" class="${problem ? 'problem' : 'hint'}">${problem ?? hint ?? ''}</span>
  </p>`
}

export interface FieldOptions {
  readonly type?: 'text' | 'email' | 'password' | 'url'
  readonly hint?: string
  /** Makes it a field of several lines. */
  readonly rows?: number
  readonly autocomplete?: string
}

/** For steps that somebody at a borrowed browser must not take. */
export function passwordField(email: string, id: string, problems: Problems = {}): Html {
  const problem = problems['password']
  return html`
  ${usernameFor(email)}
  <p class="field">
    <label for="${id}">Your password</label>
    <input id="${id}" name="password" type="password" autocomplete="current-password" aria-describedby="${id}-hint" aria-invalid="${problem ? 'true' : 'false'}">
    <span id="${id}-hint" class="${problem ? 'problem' : 'hint'}">${problem ?? 'Not needed within ten minutes of signing in.'}</span>
  </p>`
}

/** Tells password keepers whose password a form is about. */
export function usernameFor(email: string): Html {
  return html`<input type="text" value="${email}" autocomplete="username" hidden>`
}

/** What is in the way, where it is read out at once. */
export function problemBox(problem: string): Html | undefined {
  return problem ? html`<p class="problem" role="alert">${problem}</p>` : undefined
}

/** Plain text as paragraphs: an empty line begins a new one, and web addresses become links. */
export function paragraphs(text: string): Html[] {
  return text.split(/\r?\n\s*\r?\n/).map((paragraph) => html`<p>${paragraph.split(webAddress).map(textOrLink)}</p>\n`)
}

/** Who wrote something, as readers see it. */
export function authorBox(name: string, website: string, bio: string): Html {
  return html`
<aside class="author" aria-label="About the author">
  <p><strong>${name}</strong> ${websiteLink(website)}</p>
  ${paragraphs(bio)}
</aside>`
}

export function day(iso: string): Html {
  return html`<time datetime="${iso}">${dayFormat.format(new Date(iso))}</time>`
}

/** To the minute, for what just happened. */
export function moment(ms: number): Html {
  const date = new Date(ms)
  return html`<time datetime="${date.toISOString()}">${momentFormat.format(date)} UTC</time>`
}

/** A person's website; nothing when it is anything but a web address, such as `javascript:...`. */
function websiteLink(website: string): Html | undefined {
  return isWebAddress(website) ? html`<a href="${website}" rel="nofollow noreferrer ugc">${website}</a>` : undefined
}

export function isWebAddress(text: string): boolean {
  if (!/^https?:\/\//i.test(text)) return false
  // URL.canParse() of Node 20 has forgotten some letters once it is compiled.
  try {
    return new URL(text).hostname !== ''
  } catch {
    return false
  }
}

/** Links to other sites lead by way of the page that says so. */
function textOrLink(part: string, i: number): Html | string {
  return i % 2 ? html`<a href="/go?to=${encodeURIComponent(part)}" rel="nofollow ugc">${part}</a>` : part
}

const webAddress = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)])/

const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const momentFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
