import { BulwarkError } from '../../core/errors.ts'
import { isOff, type Off } from '../../core/policy.ts'
import { checkDirectives, DATA, type Directives, DRAWING, PAGE, type PolicyText, writePolicy } from './csp.ts'
import { ASSET_KIND, DATA_KIND, DRAWING_KIND, type Kind, PAGE_KIND } from './kind.ts'

export interface ContentPolicyOptions {
  /** Replaces or adds directives of pages; `false` leaves one out. */
  readonly directives?: Directives
  /** Lets everything pass and reports what would have been stopped. @default false */
  readonly reportOnly?: boolean
  /** A path of this app, or an address, that browsers send their reports to. See `cspReports`. */
  readonly reportTo?: string
}

/** Which headers leave, and with which values. A header that the app sets itself always stays as it is. */
export interface HeaderSet {
  /** `page`: by the content type. `api`: even HTML is taken for data, which may load and run nothing. @default 'page' */
  readonly preset?: 'page' | 'api'
  readonly contentSecurityPolicy?: ContentPolicyOptions | Off
  /** Strings become markup or script only through a Trusted Types policy. @default true */
  readonly trustedTypes?: boolean
  /** Who may put the answer into a frame; also sets `frame-ancestors`. @default 'DENY' */
  readonly frameOptions?: 'DENY' | 'SAMEORIGIN' | Off
  /** Only ever sent over HTTPS. @default 'max-age=31536000; includeSubDomains' */
  readonly strictTransportSecurity?: string | Off
  /** @default 'strict-origin-when-cross-origin', and 'no-referrer' for data */
  readonly referrerPolicy?: string | Off
  /** Features by name, such as `{ camera: '(self)' }`, besides those that are switched off by default. */
  readonly permissionsPolicy?: Readonly<Record<string, string>> | Off
  /** @default 'same-origin' */
  readonly crossOriginOpenerPolicy?: string | Off
  /** @default 'same-origin' */
  readonly crossOriginResourcePolicy?: string | Off
  readonly originAgentCluster?: Off
  readonly contentTypeOptions?: Off
  /** For pages and data that belong to one visitor, where the app says nothing about caching. @default 'no-store' */
  readonly cacheControl?: string | Off
}

/** Everything about one kind of answer, decided at start-up. */
export interface Head {
  readonly names: readonly string[]
  /** The names in lower case. */
  readonly keys: readonly string[]
  readonly values: readonly string[]
  readonly policyName: string
  readonly policyKey: string
  readonly policy: PolicyText | undefined
  /** The same for an answer that the app lets its own pages frame. */
  readonly framedPolicy: PolicyText | undefined
  readonly frame: string | undefined
  readonly cache: string | undefined
}

/** By `kind`, or by `kind + 4` for HTTPS. */
export type Heads = readonly Head[]

const SWITCHED_OFF =
  `accelerometer camera display-capture geolocation gyroscope hid idle-detection local-fonts magnetometer
  microphone midi payment serial usb xr-spatial-tracking`.split(/\s+/)
const REFERRER = `no-referrer no-referrer-when-downgrade origin origin-when-cross-origin same-origin strict-origin
  strict-origin-when-cross-origin unsafe-url`.split(/\s+/)
const OPENER = ['same-origin', 'same-origin-allow-popups', 'noopener-allow-popups', 'unsafe-none']
const RESOURCE = ['same-origin', 'same-site', 'cross-origin']

/**
 * Turns options into the headers of every kind of answer, once.
 * @throws BulwarkError `BULWARK_HEADER_INVALID`
 */
export function compileHeads(options: HeaderSet, observe: boolean, at: string): Heads {
  check(options, at)
  const heads: Head[] = []
  for (const secure of [false, true]) {
    for (const kind of [PAGE_KIND, DATA_KIND, DRAWING_KIND, ASSET_KIND]) {
      heads.push(
        compileHead(options, kind === PAGE_KIND && options.preset === 'api' ? DATA_KIND : kind, secure, observe, at),
      )
    }
  }
  return heads
}

function compileHead(options: HeaderSet, kind: Kind, secure: boolean, observe: boolean, at: string): Head {
  const names: string[] = []
  const values: string[] = []
  const add = (name: string, option: string | Off | undefined, standard: string): void => {
    if (isOff(option) || observe) return
    names.push(name)
    values.push(option ?? standard)
  }
  const isPage = kind === PAGE_KIND
  add('X-Content-Type-Options', options.contentTypeOptions, 'nosniff')
  add('Cross-Origin-Resource-Policy', options.crossOriginResourcePolicy, 'same-origin')
  const isData = kind === DATA_KIND || kind === DRAWING_KIND
  add('Referrer-Policy', options.referrerPolicy, isData ? 'no-referrer' : 'strict-origin-when-cross-origin')
  if (secure) add('Strict-Transport-Security', options.strictTransportSecurity, 'max-age=31536000; includeSubDomains')
  if (isPage) {
    add('Cross-Origin-Opener-Policy', options.crossOriginOpenerPolicy, 'same-origin')
    add('Origin-Agent-Cluster', options.originAgentCluster, '?1')
    add('Permissions-Policy', permissionsOf(options.permissionsPolicy), '')
  }
  const csp = options.contentSecurityPolicy
  const { reportOnly = false, reportTo } = csp === undefined || isOff(csp) ? {} : csp
  const hasPolicy = kind !== ASSET_KIND && !isOff(csp)
  if (isPage && secure && reportTo !== undefined && !isOff(csp)) {
    names.push('Reporting-Endpoints')
    values.push(`csp="${reportTo}"`)
  }
  const write = (frame: string | undefined): PolicyText | undefined =>
    hasPolicy
      ? writePolicy(directivesOf(options, kind, secure, frame, `${at}.contentSecurityPolicy.directives`))
      : undefined
  const frame = isOff(options.frameOptions) ? undefined : (options.frameOptions ?? 'DENY')
  const policyName =
    (isPage && reportOnly) || observe ? 'Content-Security-Policy-Report-Only' : 'Content-Security-Policy'
  names.forEach((name, i) => {
    // These are written past Node's own check: a line break in one would be a header of somebody else's.
    if (!/[^\t\x20-\x7e]/.test(values[i] ?? '')) return
    throw new BulwarkError('BULWARK_HEADER_INVALID', `the value for ${name} has characters that no header may have`, {
      at,
      fix: 'use printable ASCII on one line',
    })
  })
  return {
    names,
    keys: names.map((name) => name.toLowerCase()),
    values,
    policyName,
    policyKey: policyName.toLowerCase(),
    policy: write(frame),
    framedPolicy: write('SAMEORIGIN'),
    frame: kind === ASSET_KIND || observe ? undefined : frame,
    cache:
      kind === ASSET_KIND || observe || isOff(options.cacheControl) ? undefined : (options.cacheControl ?? 'no-store'),
  }
}

function directivesOf(
  options: HeaderSet,
  kind: Kind,
  secure: boolean,
  frame: string | undefined,
  at: string,
): Directives {
  const ancestors = frame === undefined ? false : frame === 'SAMEORIGIN' ? "'self'" : "'none'"
  if (kind !== PAGE_KIND) return { ...(kind === DRAWING_KIND ? DRAWING : DATA), 'frame-ancestors': ancestors }
  const csp = isOff(options.contentSecurityPolicy) ? {} : (options.contentSecurityPolicy ?? {})
  return {
    ...PAGE,
    'frame-ancestors': ancestors,
    'require-trusted-types-for': options.trustedTypes === false ? false : "'script'",
    'upgrade-insecure-requests': secure ? '' : false,
    ...(csp.reportTo !== undefined && { 'report-uri': csp.reportTo }),
    // Over plain HTTP browsers forget the endpoint, and a policy with report-to makes them ignore report-uri all the same.
    ...(csp.reportTo !== undefined && secure && { 'report-to': 'csp' }),
    ...checkDirectives(csp.directives ?? {}, at),
  }
}

function permissionsOf(option: HeaderSet['permissionsPolicy']): string | Off {
  if (isOff(option)) return option
  const features = { ...Object.fromEntries(SWITCHED_OFF.map((name) => [name, '()'])), ...option }
  return Object.entries(features)
    .map(([name, allowed]) => `${name}=${allowed}`)
    .join(', ')
}

function check(options: HeaderSet, at: string): void {
  const oneOf = (key: keyof HeaderSet, allowed: readonly string[]): void => {
    const value = options[key]
    if (value === undefined || isOff(value) || allowed.includes(value as string)) return
    invalid(`${String(value)} is no value of ${key}`, `${at}.${key}`, `use one of: ${allowed.join(', ')}`)
  }
  oneOf('preset', ['page', 'api'])
  oneOf('frameOptions', ['DENY', 'SAMEORIGIN'])
  oneOf('referrerPolicy', REFERRER)
  oneOf('crossOriginOpenerPolicy', OPENER)
  oneOf('crossOriginResourcePolicy', RESOURCE)
  const { strictTransportSecurity: hsts, cacheControl, permissionsPolicy, contentSecurityPolicy: csp } = options
  if (typeof hsts === 'string' && !/^max-age=\d{1,10}(?:; includeSubDomains)?(?:; preload)?$/.test(hsts)) {
    invalid(
      'this is no Strict-Transport-Security',
      `${at}.strictTransportSecurity`,
      "write it like 'max-age=31536000; includeSubDomains'",
    )
  }
  if (typeof cacheControl === 'string' && !/^[a-z0-9=", -]+$/i.test(cacheControl)) {
    invalid('this is no Cache-Control', `${at}.cacheControl`, "write it like 'private, no-cache'")
  }
  if (permissionsPolicy !== undefined && !isOff(permissionsPolicy)) {
    for (const [name, allowed] of Object.entries(permissionsPolicy)) {
      if (/^[a-z-]+$/.test(name) && /^(?:\*|self|\((?:\s*(?:self|"https?:\/\/[^"\s\\]+"))*\s*\))$/.test(allowed))
        continue
      invalid(
        'this is no feature with its allow-list',
        `${at}.permissionsPolicy['${name}']`,
        `write it like { camera: '(self)' }`,
      )
    }
  }
  if (csp === undefined || isOff(csp) || csp.reportTo === undefined) return
  if (/^(?:\/(?!\/)|https:\/\/)[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(csp.reportTo)) return
  invalid(
    'reports go to a path of this app or to an https address',
    `${at}.contentSecurityPolicy.reportTo`,
    "write it like '/csp-reports'",
  )
}

function invalid(what: string, at: string, fix: string): never {
  throw new BulwarkError('BULWARK_HEADER_INVALID', what, { at, fix })
}
