import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { parseSize } from '../../toolbox/size.ts'
import {
  BACKSLASH,
  CONTROL,
  DOT_SEGMENT,
  DOUBLE_ENCODED,
  DOUBLE_SLASH,
  ENCODED_SLASH,
  FINE,
  type Leave,
  MALFORMED,
  NOT_ASCII,
  PARAMETER,
  scanPath,
  TOO_LONG,
} from './scan.ts'

export interface PathFirewallOptions extends CommonOptions {
  /** Longest request target, path and query together. @default '8kb' */
  readonly maxLength?: string | number
  /** Methods besides GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS, such as `PROPFIND`. TRACE cannot be among them. @default [] */
  readonly methods?: readonly string[]
  /**
   * Lets a header such as `X-HTTP-Method-Override` turn a POST into PUT, PATCH or DELETE.
   * **Security**: never a GET into anything; rules that look at the method then look at the wrong one.
   * @default false
   */
  readonly methodOverride?: boolean
  /** Lets paths begin with `//`, for clients that glue addresses together carelessly. @default false */
  readonly doubleSlash?: boolean
  /** Refuses `;` in paths, for apps that have no use for path parameters. @default false */
  readonly refuseParameters?: boolean
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** What this route's path may hold: `encodedSlash` lets one parameter hold a whole path, as in `/files/a%2Fb`. */
    readonly path?: { readonly encodedSlash?: boolean }
  }
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const NEVER: ReadonlySet<string> = new Set(['TRACE', 'TRACK', 'CONNECT'])
const OVERRIDES: readonly string[] = ['x-http-method-override', 'x-http-method', 'x-method-override']
const OVERRIDABLE: ReadonlySet<string> = new Set(['PUT', 'PATCH', 'DELETE'])

const DENIALS: Readonly<Record<number, Denial>> = {
  [TOO_LONG]: deny('malformed-target', 'a request target over the limit', 414),
  [DOT_SEGMENT]: deny('path-traversal', 'a path with a dot segment, plain or encoded', 400),
  [ENCODED_SLASH]: deny('path-traversal', 'a path with an encoded slash', 400),
  [BACKSLASH]: deny('path-traversal', 'a path with a backslash, plain or encoded', 400),
  [CONTROL]: deny('malformed-target', 'a path with a control character, plain or encoded', 400),
  [MALFORMED]: deny('malformed-target', 'a path whose encoding is malformed', 400),
  [DOUBLE_ENCODED]: deny('path-traversal', 'a path that is encoded twice', 400),
  [NOT_ASCII]: deny('malformed-target', 'a path with bytes that are not encoded', 400),
  [DOUBLE_SLASH]: deny('path-confusion', 'a path that begins with two slashes', 400),
  [PARAMETER]: deny('path-confusion', 'a path with parameters', 400),
}
const OVERRIDDEN: Denial = deny('method-tampering', 'a header or parameter that turns one method into another', 400)

/**
 * Denies requests whose path different readers would understand differently, and methods that the app has no use for.
 *
 * Looks at the request target as it was sent, before anything decodes it.
 *
 * **Security**: CWE-22, CWE-23, CWE-180, CWE-436, CWE-650; RFC 3986, RFC 9110 section 9; ASVS 4.1.4, 5.3.2, 13.4.4.
 * @throws BulwarkError `BULWARK_SIZE_INVALID`, `BULWARK_POLICY_INVALID`, `BULWARK_POLICY_UNSAFE`
 */
export function pathFirewall(options: PathFirewallOptions, _setup: Setup): Guard {
  const { methodOverride = false, doubleSlash = false, refuseParameters = false, methods = [] } = options
  const maxLength = checkLength(options.maxLength ?? '8kb')
  const allowed = new Set([...METHODS, ...methods.map(checkMethod)])
  const notAllowed = deny('trace-method', 'a method that gives back what was sent, or that opens a tunnel', 405, {
    headers: { Allow: [...allowed].join(', ') },
  })
  const unknown = deny('method-tampering', 'a method that the app does not know', 501)
  const strict: Leave = { encodedSlash: false, doubleSlash, parameters: !refuseParameters }
  const lenient: Leave = { ...strict, encodedSlash: true }

  const isOverridden = (x: Exchange): boolean => {
    const { method, target } = x.request
    for (let i = 0; i < OVERRIDES.length; i++) {
      const wanted = x.request.header(OVERRIDES[i] ?? '')
      if (wanted === undefined || wanted.toUpperCase() === method) continue
      if (!methodOverride || method !== 'POST' || !OVERRIDABLE.has(wanted.trim().toUpperCase())) return true
    }
    // Forms of older frameworks send `_method` with a POST, which CSRF defences look at; with a GET they do not.
    if (method !== 'GET' && method !== 'HEAD') return false
    return target.indexOf('_method=') !== -1 && /[?&]_method=(?:post|put|patch|delete)(?:&|$)/i.test(target)
  }

  const judgeRoute = (x: Exchange): Denial | undefined => {
    if (!x.isDue('path-firewall') || x.contract?.path?.encodedSlash === true) return undefined
    const wrong = scanPath(x.request.target, strict)
    return wrong === FINE ? undefined : DENIALS[wrong]
  }

  return {
    name: 'path-firewall',
    phase: 'shape',
    onRequest(x) {
      const { method, target } = x.request
      if (!allowed.has(method)) return NEVER.has(method) ? notAllowed : unknown
      if (target.length > maxLength) return DENIALS[TOO_LONG]
      const wrong = scanPath(target, x.waits('path-firewall') ? lenient : strict)
      if (wrong !== FINE) return DENIALS[wrong]
      return isOverridden(x) ? OVERRIDDEN : undefined
    },
    onRoute: judgeRoute,
    onUnrouted: judgeRoute,
  }
}

function checkLength(maxLength: string | number): number {
  const bytes = parseSize(maxLength)
  if (bytes !== undefined && bytes >= 64 && bytes <= 65_536) return bytes
  throw new BulwarkError('BULWARK_SIZE_INVALID', 'this is no length for a request target', {
    at: 'policy.pathFirewall.maxLength',
    fix: "write it like '8kb', from 64 bytes to 64kb; Node reads heads of 16 kB unless told otherwise",
  })
}

function checkMethod(method: string, i: number): string {
  const at = `policy.pathFirewall.methods[${i}]`
  if (NEVER.has(method.toUpperCase())) {
    throw new BulwarkError('BULWARK_POLICY_UNSAFE', `${method.toUpperCase()} cannot be let in`, {
      at,
      fix: 'leave it out: it gives headers back to scripts, or opens a tunnel through the app',
    })
  }
  if (/^[A-Z][A-Z-]*$/.test(method)) return method
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no method', {
    at,
    fix: 'write it in capital letters, such as "PROPFIND"',
  })
}
