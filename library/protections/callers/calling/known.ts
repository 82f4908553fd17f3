import { BulwarkError } from '../../../core/errors.ts'
import type { Setup } from '../../../core/policy.ts'
import { type ClientTls, checkClientTls } from '../../../tokens/fetching.ts'
import type { Jose } from '../../../tokens/jose.ts'
import type { KeySet } from '../../../tokens/key-set.ts'
import { policyKeySet } from '../../../tokens/policy-keys.ts'
import type { Expected } from '../../../tokens/verify.ts'
import { LONGEST, TYPE } from './signing.ts'

/** A program that may call this one, how it is known, and what it may do. What is set of `keys` and `certificate` is demanded, all of it. */
export interface KnownCaller {
  /**
   * Its key set: the URL, such as `https://blog.internal/.well-known/jwks.json`, or the set itself. Its calls must then be signed.
   *
   * **Security**: asked for twice a second while calls come in, so a key that it revokes is refused within a second.
   */
  readonly keys?: string | { readonly keys: readonly object[] }
  /** The host name or the SPIFFE id in its certificate: its calls must come over mutual TLS. One of several is enough. */
  readonly certificate?: string | readonly string[]
  /** The permissions that routes ask for with `secure({ caller: 'notify:send' })`. */
  readonly may: readonly string[]
  /** Whom to trust, and who to be, when its key set is asked for: the authority and the certificate of mutual TLS. */
  readonly tls?: ClientTls
}

/** A caller after start-up. */
export interface Caller {
  readonly name: string
  readonly expected: Expected | undefined
  readonly certificates: readonly string[]
  readonly may: ReadonlySet<string>
}

export interface CallerNames {
  readonly byName: ReadonlyMap<string, Caller>
  readonly byCertificate: ReadonlyMap<string, Caller>
}

/** Names of programs: they stand in tokens, events and policies. */
export const NAME: RegExp = /^[a-z][a-z0-9-]{0,62}$/
const FRESH = 500
/** While the caller's key set cannot be had, what is known of it counts that much longer. */
const GRACE = 5000
const CERTIFICATE = /^(?:spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[\w.-]+)+|(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+)$/

/** Checks who may call. @throws BulwarkError `BULWARK_POLICY_INVALID` */
export function compileCallers(
  known: Readonly<Record<string, KnownCaller>>,
  self: string | undefined,
  tolerance: number,
  jose: () => Jose,
  setup: Setup,
): CallerNames {
  const byName = new Map<string, Caller>()
  const byCertificate = new Map<string, Caller>()
  for (const [name, caller] of Object.entries(known)) {
    const at = `policy.callers.known.${name}`
    if (!NAME.test(name)) {
      throw invalid('this is no name of a program', at, "use lower-case letters, digits and hyphens: 'blog'")
    }
    const { keys, certificate, may } = caller
    if (keys === undefined && certificate === undefined) {
      throw invalid('nothing tells this caller from anybody else', at, 'set keys, or certificate, or both')
    }
    if (!Array.isArray(may) || may.some((one) => typeof one !== 'string' || one.trim() === '')) {
      throw invalid('it is not said what this caller may do', `${at}.may`, "list permissions: ['notify:send']")
    }
    if (keys !== undefined && self === undefined) {
      throw invalid('signed calls name whom they are for', 'policy.callers.self', "say who this app is: 'notify'")
    }
    checkClientTls(caller.tls, `${at}.tls`)
    const certificates = certificate === undefined ? [] : typeof certificate === 'string' ? [certificate] : certificate
    const one: Caller = {
      name,
      certificates,
      may: new Set(may),
      expected:
        keys === undefined || self === undefined
          ? undefined
          : {
              jose: jose(),
              issuer: name,
              keys: keysOf(name, caller, at, jose(), setup),
              algorithms: ['EdDSA', 'Ed25519'],
              audiences: [self],
              types: [TYPE],
              tolerance,
              longest: LONGEST,
            },
    }
    byName.set(name, one)
    for (const text of certificates) {
      if (!CERTIFICATE.test(text) || byCertificate.has(text)) {
        throw invalid(
          byCertificate.has(text) ? 'two callers have the same certificate' : 'no certificate has such a name',
          `${at}.certificate`,
          "write a host name ('blog.internal') or a SPIFFE id ('spiffe://example.test/blog'), each for one caller",
        )
      }
      byCertificate.set(text, one)
    }
    if (certificate !== undefined && certificates.length === 0) {
      throw invalid('a list of certificates is empty', `${at}.certificate`, 'name one, or take it away')
    }
  }
  return { byName, byCertificate }
}

function keysOf(name: string, { keys, tls }: KnownCaller, at: string, jose: Jose, setup: Setup): KeySet {
  const following = {
    at: `${at}.keys`,
    example: 'https://blog.internal/.well-known/jwks.json',
    fresh: FRESH,
    grace: GRACE,
    coolDown: FRESH,
    tls,
    guard: 'callers',
    risk: 'forged-caller',
    trouble: `the key set of the caller ${name} cannot be had; what is known of it counts for five seconds more`,
  }
  return policyKeySet(keys, following, jose, setup)
}

export function invalid(what: string, at: string, fix: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', what, { at, fix })
}
