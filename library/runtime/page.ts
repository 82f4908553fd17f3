import type { FieldError } from '../core/schema.ts'
import type { HttpExchange } from './exchange.ts'

export interface Page {
  readonly status: number
  readonly html: string
  readonly location: string | undefined
}

/** What the app shows people in place of a problem document, if it has something and the client would show it. */
export function pageFor(x: HttpExchange, status: number, errors: readonly FieldError[] = []): Page | undefined {
  const make = x.runtime.policy.page
  if (make === undefined || !isForPeople(x)) return undefined
  try {
    const page = make({ status, incident: x.id, method: x.method, target: x.target, errors })
    if (page === undefined) return undefined
    if ('html' in page) return { status, html: String(page.html), location: undefined }
    // The target is the client's: an app that builds the way out of it must not be led to another site (CWE-601).
    if (!/^\/(?![/\\])[\x21-\x7e]*$/.test(page.location)) throw new TypeError('the way is no path of this app')
    return { status: 303, html: '', location: page.location }
  } catch (error) {
    const reason = "the policy's page for refusals failed"
    x.runtime.publish({ guard: 'runtime', risk: 'unhandled-failure', reason, outcome: 'failed', error }, x)
    return undefined
  }
}

function isForPeople(x: HttpExchange): boolean {
  const destination = x.header('sec-fetch-dest')
  if (destination !== undefined && destination !== 'document') return false
  return x.header('accept')?.includes('text/html') === true
}
