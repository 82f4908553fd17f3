import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseUrl } from '../../toolbox/url.ts'
import type { Directives } from './csp.ts'
import { PAGE } from './csp.ts'

export interface CspReportsOptions {
  /** Called for each violation that was not seen before. */
  readonly onViolation?: (violation: CspViolation) => void
}

/** One thing that the policy stopped, or would have stopped. */
export interface CspViolation {
  /** The directive that stood against it, such as `img-src`. */
  readonly directive: string
  /** The origin of what was loaded, or `inline`, `eval`, `data:`, `blob:`. */
  readonly blocked: string
  /** The path of one page on which it happened. */
  readonly page: string
  readonly count: number
}

export interface CspReports {
  /** Takes the reports of browsers: a route function of Express, or a listener of node:http. Answers 204. */
  readonly receive: (req: IncomingMessage, res: ServerResponse) => void
  /** Takes one document that was already read, such as the text of a body. Answers how many violations it held. */
  readonly take: (document: string) => number
  /** Violations so far, the most frequent first. */
  readonly violations: () => readonly CspViolation[]
  /** Directives of pages that would let everything through that was reported, except inline scripts and `eval`. */
  readonly proposal: () => Directives
}

const MAX_BYTES = 16 * 1024
const MAX_KINDS = 200
const MAX_REPORTS = 50
const TYPES = /^application\/(?:csp-report|reports\+json|json)\s*(?:;|$)/i
/** Pages are blamed for what extensions and the browser itself put into them. */
const NOISE =
  /^(?:(?:chrome|moz|safari|safari-web|edge|ms-browser)-extension|about|chrome|resource|webkit-masked-url|file|filesystem)\b/i
const DIRECTIVE = /^[a-z-]{3,40}$/

/**
 * Receives what browsers report about a Content-Security-Policy and proposes the directives that the app needs.
 *
 * **Security**: anybody can send reports, so a proposal is for reading and not for applying. A document has at most 16 kB, at most 200
 * different violations are kept, and of addresses only origin and path. Formats: CSP level 2 (`application/csp-report`) and the
 * Reporting API (`application/reports+json`). ASVS 3.4.7.
 */
export function cspReports({ onViolation }: CspReportsOptions = {}): CspReports {
  const kept = new Map<string, { directive: string; blocked: string; page: string; count: number }>()

  const take = (document: string): number => {
    let taken = 0
    for (const report of parseReports(document).slice(0, MAX_REPORTS)) {
      const found = readReport(report)
      if (found === undefined) continue
      taken++
      const key = `${found.directive} ${found.blocked}`
      const known = kept.get(key)
      if (known !== undefined) {
        known.count++
        continue
      }
      // A flood of inventions must not push out what real pages have said.
      if (kept.size >= MAX_KINDS) continue
      const violation = { ...found, count: 1 }
      kept.set(key, violation)
      onViolation?.({ ...violation })
    }
    return taken
  }

  const violations = (): readonly CspViolation[] =>
    [...kept.values()].map((each) => ({ ...each })).sort((a, b) => b.count - a.count)

  return {
    take,
    violations,
    proposal() {
      const proposal: Record<string, string[]> = {}
      for (const { directive, blocked } of violations()) {
        // What would make the policy worthless is never proposed: such scripts need a nonce or a file of their own.
        const isScript = directive.startsWith('script-src')
        if (blocked === 'inline' || blocked === 'eval' || (isScript && !blocked.startsWith('http'))) continue
        const name = directive.replace(/-(?:elem|attr)$/, '')
        const sources = (proposal[name] ??= defaultSources(name))
        if (!sources.includes(blocked)) sources.push(blocked)
      }
      return proposal
    },
    receive(req, res) {
      const answer = (status: number): void => {
        res.statusCode = status
        res.setHeader('Content-Length', '0')
        res.end()
      }
      if (req.method !== 'POST') return answer(405)
      if (!TYPES.test(String(req.headers['content-type'] ?? ''))) return answer(415)
      const parsed = (req as IncomingMessage & { body?: unknown }).body
      if (req.readableEnded) {
        // A parser of the app was here first.
        if (parsed !== undefined) take(typeof parsed === 'string' ? parsed : JSON.stringify(parsed))
        return answer(204)
      }
      readText(req, (text) => {
        if (text !== undefined) take(text)
        answer(text === undefined ? 413 : 204)
      })
    },
  }
}

function readText(req: IncomingMessage, done: (text: string | undefined) => void): void {
  const chunks: Buffer[] = []
  let size = 0
  const onData = (chunk: Buffer): void => {
    size += chunk.length
    if (size <= MAX_BYTES) chunks.push(chunk)
    else finish(undefined)
  }
  const onEnd = (): void => finish(Buffer.concat(chunks).toString())
  const finish = (text: string | undefined): void => {
    req.off('data', onData).off('end', onEnd)
    // The rest of what is too long is read and dropped, so that the connection stays usable.
    req.resume()
    done(text)
  }
  req.on('data', onData).on('end', onEnd)
}

/** The reports inside of either format; nothing at all for a document that is neither. */
function parseReports(text: string): readonly Record<string, unknown>[] {
  if (text.length > MAX_BYTES) return []
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    // Anybody may send anything to this address; what is no report says nothing about the app.
    return []
  }
  if (Array.isArray(document)) {
    return document
      .filter(isRecord)
      .filter(({ type }) => type === 'csp-violation')
      .map(({ body }) => body)
      .filter(isRecord)
  }
  const report = isRecord(document) ? document['csp-report'] : undefined
  return isRecord(report) ? [report] : []
}

function readReport(report: Record<string, unknown>): { directive: string; blocked: string; page: string } | undefined {
  const text = (...names: readonly string[]): string => {
    const value = names.map((name) => report[name]).find((each) => typeof each === 'string')
    return typeof value === 'string' ? value.slice(0, 2000) : ''
  }
  const blocked = text('blocked-uri', 'blockedURL').trim()
  const directive = text('effective-directive', 'effectiveDirective', 'violated-directive').split(' ')[0]!.toLowerCase()
  if (!DIRECTIVE.test(directive) || NOISE.test(blocked) || NOISE.test(text('source-file', 'sourceFile')))
    return undefined
  const page = text('document-uri', 'documentURL')
  return { directive, blocked: toSource(blocked), page: parseUrl(page)?.pathname.slice(0, 200) ?? '' }
}

/** A blocked address as a source of a policy. */
function toSource(blocked: string): string {
  if (/^(?:inline|eval|wasm-eval|trusted-types-sink|trusted-types-policy)$/.test(blocked)) {
    return blocked.startsWith('wasm') ? 'eval' : blocked.startsWith('trusted') ? 'inline' : blocked
  }
  if (blocked === '') return 'inline'
  const scheme = /^(data|blob|mediastream)(?::|$)/i.exec(blocked)?.[1]
  if (scheme !== undefined) return `${scheme.toLowerCase()}:`
  const url = parseUrl(blocked)
  const isOrigin = url !== undefined && /^(?:https?|wss?):$/.test(url.protocol)
  return isOrigin ? `${url.protocol}//${url.host}` : 'inline'
}

function defaultSources(directive: string): string[] {
  const sources = PAGE[directive] ?? PAGE['default-src']
  return typeof sources === 'string' ? sources.split(' ').filter((source) => source !== "'none'") : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
