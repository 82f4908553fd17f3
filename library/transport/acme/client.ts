import type { KeyObject } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import { boundAccount, jwkOf, signedBody, thumbprintOf } from './jws.ts'
import { type Answer, ask } from './wire.ts'

/** A conversation with a certificate authority (RFC 8555), as one account. */
export interface AcmeClient {
  /** Posts a signed request; without payload it only reads. @throws BulwarkError `BULWARK_ACME_FAILED` */
  post(url: string, payload?: unknown): Promise<Answer>
  /** Posts to one of the authority's own doors. */
  open(door: 'newOrder', payload: unknown): Promise<Answer>
  /** What a challenge wants to see (RFC 8555, 8.1). */
  keyAuthorization(token: string): string
}

/** An account at the authority's own site (RFC 8555, 7.3.4). Both values are shown there. */
export interface ExternalAccount {
  readonly id: string
  /** In base64url. Neither committed nor logged. */
  readonly key: string
}

export interface ClientOptions {
  /** The directory of the authority, such as `https://acme-v02.api.letsencrypt.org/directory`. */
  readonly directory: string
  readonly accountKey: KeyObject
  readonly email?: string
  readonly externalAccount?: ExternalAccount
  /** An authority to trust for the conversation itself, PEM. */
  readonly ca?: string
}

/** The doors of an authority. */
export interface Directory {
  readonly newNonce: string
  readonly newAccount: string
  readonly newOrder: string
  /** Where it says when a certificate is better renewed (RFC 9773). */
  readonly renewalInfo: string | undefined
  readonly needsExternalAccount: boolean
}

/** Authorities refuse some nonces on purpose, to see whether clients can live with it. */
const MOST_TRIES = 8

/**
 * Finds the authority's doors, and registers the account or finds it again: the key is who it is.
 * @throws BulwarkError `BULWARK_ACME_FAILED`
 */
export async function openClient(options: ClientOptions): Promise<AcmeClient> {
  const { directory, accountKey, email, externalAccount, ca } = options
  const about = ca === undefined ? {} : { ca }
  const doors = await readDirectory(directory, about)
  if (doors.needsExternalAccount && externalAccount === undefined) {
    throw new BulwarkError(
      'BULWARK_ACME_FAILED',
      'the certificate authority takes only accounts that are known to it',
      {
        fix: 'make one at its site, and hand in what it shows there as externalAccount, or with --eab-id',
      },
    )
  }
  let nonce: string | undefined
  let kid: string | undefined

  const post = async (url: string, payload?: unknown): Promise<Answer> => {
    let last: Answer | undefined
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const own: string | undefined =
        nonce ?? (await reached(() => ask(doors.newNonce, { method: 'HEAD', ...about }))).header('replay-nonce')
      nonce = undefined
      if (own === undefined) throw failed('the certificate authority gives no nonce')
      const body = signedBody(accountKey, { nonce: own, url, ...(kid !== undefined && { kid }) }, payload)
      last = await reached(() => ask(url, { method: 'POST', body, ...about }))
      nonce = last.header('replay-nonce')
      if (last.status < 400) return last
      if (!last.text.includes('urn:ietf:params:acme:error:badNonce')) break
    }
    throw refused(last)
  }

  const account = await post(doors.newAccount, {
    termsOfServiceAgreed: true,
    ...(email !== undefined && { contact: [`mailto:${email}`] }),
    ...(externalAccount !== undefined && {
      externalAccountBinding: boundAccount(accountKey, externalAccount, doors.newAccount),
    }),
  })
  kid = account.header('location')
  if (kid === undefined) throw failed('the certificate authority made no account')
  const thumbprint = thumbprintOf(jwkOf(accountKey))
  return {
    post,
    open: (door, payload) => post(doors[door], payload),
    keyAuthorization: (token) => `${token}.${thumbprint}`,
  }
}

export function failed(what: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_ACME_FAILED', what, {
    fix: 'let the authority see its challenge from outside: at the plain port, the port of HTTPS or the name server; then try again later, since authorities limit tries',
    ...(cause !== undefined && { cause }),
  })
}

const refusals = new WeakMap<object, string>()

/** Whether the authority refused for this reason, by the name that RFC 8555 has for it. */
export function isRefusal(error: unknown, kind: string): boolean {
  return typeof error === 'object' && error !== null && refusals.get(error) === `urn:ietf:params:acme:error:${kind}`
}

/** A refusal in the authority's own words, kept to one line. */
function refused(answer: Answer | undefined): BulwarkError {
  const problem = parse(answer?.text ?? '')
  const detail = String(problem['detail'] ?? problem['type'] ?? '')
    .replace(/[^\x20-\x7e]/g, ' ')
    .slice(0, 300)
  const after = answer?.header('retry-after')
  const error = failed(
    `the certificate authority refused (${answer?.status}): ${detail}${after ? `; again in ${after} s` : ''}`,
  )
  refusals.set(error, String(problem['type']))
  return error
}

/** The authority's text as an object; empty for anything else. */
export function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    // Whoever reads a name that is not there says what is missing.
    return {}
  }
}

/** @throws BulwarkError `BULWARK_ACME_FAILED` */
export async function readDirectory(url: string, about: { readonly ca?: string }): Promise<Directory> {
  const answer = await reached(() => ask(url, about))
  const { newNonce, newAccount, newOrder, renewalInfo, meta } = parse(answer.text)
  if (answer.status !== 200 || !isDoor(newNonce) || !isDoor(newAccount) || !isDoor(newOrder)) {
    throw failed('this is no directory of a certificate authority')
  }
  const { externalAccountRequired } = (meta ?? {}) as { readonly externalAccountRequired?: unknown }
  return {
    ...{ newNonce, newAccount, newOrder },
    renewalInfo: isDoor(renewalInfo) ? renewalInfo : undefined,
    needsExternalAccount: externalAccountRequired === true,
  }
}

function isDoor(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('https://')
}

async function reached(send: () => Promise<Answer>): Promise<Answer> {
  try {
    return await send()
  } catch (cause) {
    throw failed(
      `the certificate authority cannot be reached: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    )
  }
}
