import { createHash } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type BodyJudge, type Denial, deny, type Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { loadJose } from '../../tokens/jose.ts'
import { takeApart, type Unproved, verifyToken } from '../../tokens/verify.ts'
import { parseDuration } from '../../toolbox/duration.ts'
import { parseSize } from '../../toolbox/size.ts'
import { sha256 } from '../../toolbox/tokens.ts'
import { type CallService, type CallTarget, callerOf } from './calling/call.ts'
import { type Caller, compileCallers, invalid, type KnownCaller, NAME } from './calling/known.ts'
import { digestOf, type PublishedKeys, signingWith } from './calling/signing.ts'
import { IDENTITY_HEADERS } from './headers.ts'

export interface CallersOptions extends CommonOptions {
  /** Who this app is among the others, such as `notify`: calls to it say so, and its own calls are signed with it. */
  readonly self?: string
  /** The programs that may call this one. @default {} */
  readonly known?: Readonly<Record<string, KnownCaller>>
  /** Where the programs are that this one calls: `{ notify: 'https://notify.internal:8443' }`. @default {} */
  readonly targets?: Readonly<Record<string, string | CallTarget>>
  /**
   * Who may say in a header who the user is. Such headers (`X-User`, `X-Forwarded-User` and the like) are refused from everybody else, as
   * soon as anything is set here.
   * @default nobody
   */
  readonly identityHeaders?: IdentityHeaders | Off
  /** How large a signed call may be: it is looked at as a whole before the app gets any of it. @default '1mb' */
  readonly largestCall?: string | number
  /** How much clocks may differ, up to 30 seconds. @default '5s' */
  readonly tolerance?: string | number
}

export interface IdentityHeaders {
  /** Callers by their names in `known`, such as the gateway. @default [] */
  readonly from?: readonly string[]
  /** Headers of your own that say who the user is, besides those that are known. @default [] */
  readonly names?: readonly string[]
}

/** Who calls, proved by a signature or by a certificate. */
export interface KnownBy {
  readonly name: string
  /** For whom it calls, where it said so. */
  readonly user: string | undefined
  readonly by: 'signature' | 'certificate' | 'both'
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** The route is for programs that have this permission in `callers.known`, such as `notify:send`: others get 401 or 403. */
    readonly caller?: string
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /** The program that calls, where it is a known one. */
    readonly caller: KnownBy | undefined
    /** Calls another program of `callers.targets`, signed. @throws BulwarkError `BULWARK_POLICY_INVALID` */
    readonly callService: CallService
    /** The public keys of this app's calls, to be published under `/.well-known/jwks.json`. */
    readonly keySet: PublishedKeys
  }
}

const SCHEME = 'service-call '
const UNKNOWN: Denial = deny('forged-caller', 'the route is for programs that are known, and this is none', 401, {
  headers: { 'WWW-Authenticate': 'Service-Call' },
})
const FORGED_IDENTITY: Denial = deny('forged-identity', 'a header says who the user is, from somebody who may not', 403)
const NO_BODY = digestOf([])

/** A signed call as it came, before it is believed. */
interface Call {
  readonly unproved: Unproved | undefined
  readonly digest: string | undefined
}

/**
 * Lets only known programs through to routes that are for programs: known by a signature over the very call, by their certificate, or by both.
 * Refuses headers that say who the user is from everybody who may not.
 *
 * **Security**: CWE-290, CWE-294, CWE-348; ASVS 12.3.5, 13.2.1, 13.2.2. RFC 8693 for the user.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_KEYS_MISSING`, `BULWARK_PACKAGE_MISSING`
 */
export function callers(options: CallersOptions, setup: Setup): Guard {
  const { self, known = {}, targets = {}, identityHeaders } = options
  if (self !== undefined && !NAME.test(self)) {
    throw invalid('this is no name of a program', 'policy.callers.self', "use letters, digits and hyphens: 'notify'")
  }
  const tolerance = parseDuration(options.tolerance ?? '5s')
  if (tolerance === undefined || tolerance > 30_000) {
    throw invalid('clocks do not differ that much', 'policy.callers.tolerance', "write at most '30s'")
  }
  const largest = parseSize(options.largestCall ?? '1mb')
  if (largest === undefined) {
    throw new BulwarkError('BULWARK_SIZE_INVALID', 'this is no size', {
      at: 'policy.callers.largestCall',
      fix: "write it like '1mb'",
    })
  }
  const { byName, byCertificate } = compileCallers(known, self, tolerance / 1000, loadJose, setup)
  const hasSigned = [...byName.values()].some(({ expected }) => expected !== undefined)
  const names = identityNames(options, byName)
  const trustedWithHeaders = new Set(isOff(identityHeaders) ? [] : identityHeaders?.from)
  const signing = self === undefined ? undefined : signingWith(setup.ring, loadJose(), setup.now)
  const callService = self === undefined || signing === undefined ? undefined : callerOf(self, targets, signing)
  if (Object.keys(targets).length > 0 && signing?.isReady !== true) {
    throw self === undefined
      ? invalid('calls are signed with a name', 'policy.callers.self', "say who this app is: 'blog'")
      : new BulwarkError('BULWARK_KEYS_MISSING', 'calls are signed, and there is no key to sign with', {
          at: 'policy.keys',
          fix: 'make a key with npx @bulwark/cli keys new, and hand it in as policy.keys',
        })
  }
  if (hasSigned && setup.production && !setup.store.shared) {
    setup.report({
      guard: 'callers',
      risk: 'replayed-call',
      reason: 'calls are remembered in this process only, so another process would take a repeated one',
      fix: 'hand in a store that the processes share: store: redisStore(...)',
    })
  }

  const identify = (x: Exchange): Caller | undefined => {
    for (const name of x.request.certificateNames) {
      const caller = byCertificate.get(name)
      if (caller !== undefined) return caller
    }
    return undefined
  }
  const checkHeaders = (x: Exchange): Denial | undefined => {
    for (const name of names) {
      if (x.request.header(name) === undefined) continue
      const caller = knownBy(x, identify)
      return caller !== undefined && trustedWithHeaders.has(caller.name) ? undefined : FORGED_IDENTITY
    }
    return undefined
  }
  const checkCall = async (x: Exchange, { unproved, digest }: Call): Promise<Denial | undefined> => {
    const caller = byName.get(String(unproved?.payload['iss']))
    if (unproved === undefined || caller?.expected === undefined) return refused('it is signed by nobody who is known')
    const { claims, flaw } = await verifyToken(unproved, caller.expected, setup.now())
    if (claims === undefined) return refused(flaw.why)
    const { htm, htu, jti, act, sub, exp } = claims
    if (htm !== x.request.method || htu !== x.request.target) return refused('it was signed for another call')
    if (digest === undefined || (!x.request.hasBody && digest !== NO_BODY))
      return refused('it was signed for another body')
    if (jti === undefined || jti === '') return refused('it has no number of its own')
    const isBound = caller.certificates.length > 0
    if (isBound && identify(x) !== caller) return refused('it came over a connection that is not its own')
    const key = `call:${sha256(`${self}\n${caller.name}\n${jti}`)}`
    const ttl = Math.max(1, Math.ceil(exp * 1000 + tolerance - setup.now()))
    const isFirst = await setup.store.put(key, '1', { ttl, expected: 0 })
    if (isFirst === undefined) return deny('replayed-call', 'the call came before', 401)
    x.notes.set('callers', {
      name: caller.name,
      user: act === undefined ? undefined : sub,
      by: isBound ? 'both' : 'signature',
    } satisfies KnownBy)
    return checkHeaders(x)
  }

  return {
    name: 'callers',
    phase: 'access',
    ...((hasSigned || names.length > 0) && {
      onRequest(x: Exchange): Awaitable<Denial | undefined> {
        const call = hasSigned ? callIn(x) : undefined
        return call === undefined ? checkHeaders(x) : checkCall(x, call)
      },
    }),
    ...(hasSigned && { judgeBody: (x: Exchange) => bodyJudge(x, largest) }),
    onRoute(x) {
      const permission = x.contract?.caller
      if (permission === undefined) return undefined
      const caller = knownBy(x, identify)
      if (caller === undefined) return UNKNOWN
      if (byName.get(caller.name)?.may.has(permission) === true) return undefined
      return deny('uninvited-caller', `the caller ${caller.name} may not do this`)
    },
    onRoutes(routes) {
      for (const { method, path, contract } of routes) {
        const permission = contract?.caller
        if (permission === undefined) continue
        if ([...byName.values()].some(({ may }) => may.has(permission))) continue
        throw invalid(
          `a route is for programs that may "${permission}", and none may`,
          `${method} ${path}`,
          `name who may: callers: { known: { blog: { keys: 'https://...', may: ['${permission}'] } } }`,
        )
      }
    },
    ...(byName.size > 0 && {
      facts: { self, callers: Object.fromEntries([...byName].map(([name, { may }]) => [name, [...may]])) },
    }),
    offers: {
      caller: (x) => knownBy(x, identify),
      callService: () => callService ?? notConfigured,
      keySet: () => signing?.published() ?? { keys: [] },
    },
  }
}

function refused(why: string): Denial {
  return deny('forged-caller', `a call does not count: ${why}`, 401, {
    headers: { 'WWW-Authenticate': 'Service-Call error="invalid_token"' },
  })
}

const notConfigured: CallService = async (name) => {
  throw invalid(`nobody said where "${name}" is`, 'policy.callers', "add self: 'blog' and targets")
}

/** Who calls: by the signature that was found good, or by a certificate where that is all that is demanded. */
function knownBy(x: Exchange, identify: (x: Exchange) => Caller | undefined): KnownBy | undefined {
  const signed = x.notes.get('callers') as KnownBy | undefined
  if (signed !== undefined) return signed
  const caller = identify(x)
  return caller === undefined || caller.expected !== undefined
    ? undefined
    : { name: caller.name, user: undefined, by: 'certificate' }
}

/** The signed call in a request, taken apart once: the body is judged before other guards may have let us speak. */
function callIn(x: Exchange): Call | undefined {
  const header = x.request.header('authorization')
  if (header === undefined || header.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined
  const before = x.notes.get('callers call') as Call | undefined
  if (before !== undefined) return before
  const unproved = takeApart(header.slice(SCHEME.length).trim())
  const digest = unproved?.payload['digest']
  const call: Call = { unproved, digest: typeof digest === 'string' ? digest : undefined }
  x.notes.set('callers call', call)
  return call
}

/** Holds a signed call back until its body has been found to be the one that was signed. */
function bodyJudge(x: Exchange, largest: number): BodyJudge | undefined {
  const call = callIn(x)
  if (call === undefined) return undefined
  const hash = createHash('sha256')
  let bytes = 0
  return {
    holdsBack: true,
    onChunk(chunk) {
      bytes += chunk.length
      if (bytes > largest) return deny('forged-caller', 'the call is larger than calls may be', 413)
      hash.update(chunk)
      return undefined
    },
    onEnd: () =>
      hash.digest('base64url') === call.digest ? undefined : refused('its body is not the one that was signed'),
  }
}

function identityNames(
  { self, known = {}, identityHeaders }: CallersOptions,
  byName: ReadonlyMap<string, Caller>,
): readonly string[] {
  if (isOff(identityHeaders)) return []
  if (self === undefined && Object.keys(known).length === 0 && identityHeaders === undefined) return []
  const { from = [], names = [] } = identityHeaders ?? {}
  const stranger = from.find((name) => !byName.has(name))
  if (stranger !== undefined) {
    throw invalid(
      'somebody who is not known may not say who the user is',
      'policy.callers.identityHeaders.from',
      'use names of callers.known, which prove who they are',
    )
  }
  if (names.some((name) => !/^[a-z0-9-]+$/i.test(name))) {
    throw invalid('this is no name of a header', 'policy.callers.identityHeaders.names', "write it like 'x-tenant'")
  }
  return [...new Set([...IDENTITY_HEADERS, ...names.map((name) => name.toLowerCase())])]
}
