import { BulwarkError } from '../../core/errors.ts'

/** Sources by directive, such as `{ 'img-src': ["'self'", 'https://cdn.example'] }`. `false` leaves a directive out. */
export type Directives = Readonly<Record<string, string | readonly string[] | false>>

/** A policy ready to be sent: as it is, and in pieces between which this response's nonce goes. */
export interface PolicyText {
  readonly plain: string
  readonly pieces: readonly string[]
}

const DIRECTIVES: ReadonlySet<string> = new Set(
  `default-src script-src script-src-elem script-src-attr style-src style-src-elem style-src-attr img-src font-src connect-src media-src
  object-src frame-src child-src worker-src manifest-src base-uri form-action frame-ancestors sandbox require-trusted-types-for
  trusted-types upgrade-insecure-requests report-uri report-to`.split(/\s+/),
)

/** Without quotes these would be host names. */
const KEYWORD =
  /^(?:self|none|unsafe-inline|unsafe-eval|unsafe-hashes|strict-dynamic|wasm-unsafe-eval|report-sample|nonce-.*|sha(?:256|384|512)-.*)$/i
const SOURCE = /^[\x21-\x2b\x2d-\x3a\x3c-\x7e]+$/
const TAKES_NONCE: readonly string[] = ['script-src', 'script-src-elem', 'style-src', 'style-src-elem']

/** What a page may do unless the policy says more: everything from its own origin, nothing inline, no plug-ins, no frames around it. */
export const PAGE: Directives = {
  'default-src': "'self'",
  'script-src': "'self'",
  'script-src-attr': "'none'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'font-src': "'self'",
  'connect-src': "'self'",
  'object-src': "'none'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
}

/** What an answer may do that was never meant to be a page. */
export const DATA: Directives = {
  'default-src': "'none'",
  'frame-ancestors': "'none'",
  'base-uri': "'none'",
  'form-action': "'none'",
}

/** XML and SVG run scripts like pages do, and look broken without their own styles. */
export const DRAWING: Directives = { ...DATA, 'style-src': "'unsafe-inline'", sandbox: '' }

/**
 * Checks directives as a user wrote them, and answers them with their sources as one string each.
 * @throws BulwarkError `BULWARK_HEADER_INVALID`
 */
export function checkDirectives(directives: Directives, at: string): Directives {
  const checked: Record<string, string | false> = {}
  for (const [name, value] of Object.entries(directives)) {
    const place = `${at}['${name}']`
    if (!DIRECTIVES.has(name))
      refuse(
        `Content-Security-Policy has no directive "${name}"`,
        place,
        'see the list of MDN, and write it in lower case',
      )
    if (value === false) {
      checked[name] = false
      continue
    }
    const sources = (typeof value === 'string' ? value.split(' ') : [...value]).filter((source) => source !== '')
    for (const source of sources) {
      if (!SOURCE.test(source))
        refuse(
          'a source has no blanks, commas, semicolons or letters outside of ASCII',
          place,
          'write one source per entry',
        )
      if (KEYWORD.test(source) && name !== 'require-trusted-types-for' && name !== 'trusted-types') {
        refuse(`"${source}" without quotes would be the name of a host`, place, `write "'${source}'"`)
      }
      if (source.startsWith("'nonce-")) {
        refuse(
          'a nonce in the policy would be the same for every answer',
          place,
          'take req.security.nonce: it is added by itself',
        )
      }
    }
    checked[name] = sources.join(' ')
  }
  return checked
}

/** Puts a policy into words. */
export function writePolicy(directives: Directives): PolicyText {
  const pieces = ['']
  let plain = ''
  for (const [name, sources] of Object.entries(directives)) {
    if (sources === false) continue
    const text = `${plain === '' ? '' : '; '}${name}${sources === '' ? '' : ` ${sources}`}`
    plain += text
    pieces[pieces.length - 1] += text
    // A nonce makes browsers ignore 'unsafe-inline', which whoever wrote it relies on; beside 'none' it would have no effect.
    if (!TAKES_NONCE.includes(name) || String(sources).includes("'unsafe-inline'") || sources === "'none'") continue
    pieces[pieces.length - 1] += " 'nonce-"
    pieces.push("'")
  }
  return { plain, pieces }
}

function refuse(what: string, at: string, fix: string): never {
  throw new BulwarkError('BULWARK_HEADER_INVALID', what, { at, fix })
}
