import type { Route } from '../../core/probe.ts'

const MOST = 200_000

/** Whether a path is likely to sign people out. */
export function isSignOut(path: string): boolean {
  return /(?:sign|log)[-_]?(?:out|off)\b/i.test(path)
}

/** The form or the link of a page that signs out. Crawlers leave it alone, so it is in no inventory. */
export function exitIn(html: string): Route | undefined {
  const text = html.slice(0, MOST)
  for (const form of text.matchAll(/<form\b([^>]*)>/gi)) {
    const path = pathIn(form[1] ?? '', 'action')
    if (path === undefined) continue
    const inside = text.slice(form.index, text.indexOf('</form', form.index) + 1 || text.length)
    const fields: Record<string, string> = {}
    for (const input of inside.matchAll(/<input\b([^>]*)>/gi)) {
      const name = attribute(input[1] ?? '', 'name')
      if (name !== undefined && name !== '__proto__') fields[name] = attribute(input[1] ?? '', 'value') ?? ''
    }
    const method = attribute(form[1] ?? '', 'method')?.toUpperCase() === 'POST' ? 'POST' : 'GET'
    return method === 'POST' ? { method, path, body: { type: 'form', fields } } : { method, path }
  }
  for (const link of text.matchAll(/<a\b([^>]*)>/gi)) {
    const path = pathIn(link[1] ?? '', 'href')
    if (path !== undefined) return { method: 'GET', path }
  }
  return undefined
}

/** A path of this site that signs out. */
function pathIn(attributes: string, name: string): string | undefined {
  const path = attribute(attributes, name)
  return path !== undefined && /^\/(?!\/)/.test(path) && isSignOut(path) ? path : undefined
}

function attribute(attributes: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, 'i').exec(attributes)
  const value = found?.[1] ?? found?.[2] ?? found?.[3]
  return value?.replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}
