import type { Answer } from '../../core/probe.ts'

/** What loads or sends something, the attribute that says where, and the directive of a policy that would stop it. */
const ELEMENTS: readonly { readonly tag: RegExp; readonly what: string; readonly directive: string }[] = [
  { tag: /<script\b[^>]*\ssrc\s*=\s*["']?(http:[^"'\s>]+)/gi, what: 'a script', directive: 'script-src' },
  { tag: /<form\b[^>]*\saction\s*=\s*["']?(http:[^"'\s>]+)/gi, what: 'a form', directive: 'form-action' },
  { tag: /<iframe\b[^>]*\ssrc\s*=\s*["']?(http:[^"'\s>]+)/gi, what: 'a frame', directive: 'frame-src' },
  {
    tag: /<link\b(?=[^>]*\srel\s*=\s*["']?stylesheet)[^>]*\shref\s*=\s*["']?(http:[^"'\s>]+)/gi,
    what: 'a style',
    directive: 'style-src',
  },
]
/** Fetched by `default-src` where a policy says nothing else; forms are not. */
const FALLS_BACK = new Set(['script-src', 'frame-src', 'style-src'])

/** What this page loads from, or sends to, an `http:` address although its policy could have stopped it; `undefined` for nothing. */
export function clearlyLoaded({ isHtml, text, headers }: Answer): string | undefined {
  if (!isHtml) return undefined
  const policies = (headers['content-security-policy'] ?? '').split(',').map(directivesOf)
  if (policies.some((policy) => policy.has('upgrade-insecure-requests') || policy.has('block-all-mixed-content'))) {
    return undefined
  }
  for (const { tag, what, directive } of ELEMENTS) {
    for (const [, address = ''] of text.matchAll(tag)) {
      if (isLocal(address) || policies.some((policy) => stops(policy, directive, address))) continue
      return what
    }
  }
  return undefined
}

type Directives = ReadonlyMap<string, readonly string[]>

/** Of a directive that is there twice, browsers take the first. */
function directivesOf(policy: string): Directives {
  const directives = new Map<string, readonly string[]>()
  for (const part of policy.split(';')) {
    const [name = '', ...sources] = part.trim().toLowerCase().split(/\s+/)
    if (name !== '' && !directives.has(name)) directives.set(name, sources)
  }
  return directives
}

function stops(policy: Directives, directive: string, address: string): boolean {
  const sources = policy.get(directive) ?? (FALLS_BACK.has(directive) ? policy.get('default-src') : undefined)
  if (sources === undefined) return false
  const host = /^http:\/\/([^/:?#]+)/i.exec(address)?.[1]?.toLowerCase() ?? ''
  return !sources.some((source) => {
    if (source === '*' || source === 'http:') return true
    const named = /^(?:http:\/\/)?([^/:']+)/.exec(source)?.[1]
    return named !== undefined && !source.startsWith("'") && (named === host || isBelow(host, named))
  })
}

function isBelow(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1))
}

/** Browsers trust their own machine. */
function isLocal(address: string): boolean {
  return /^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/?#]|$)/i.test(address)
}
