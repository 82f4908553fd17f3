import { createHash, X509Certificate } from 'node:crypto'
import { isNamed, parseName } from '../names.ts'
import { isPair, makePrivateKey, readPrivateKey } from '../private-keys.ts'
import { makeRequest } from '../self-signed.ts'
import { namesOf } from '../source.ts'
import { type AcmeClient, type ExternalAccount, failed, isRefusal, openClient, parse } from './client.ts'
import type { Answer } from './wire.ts'

/** How the authority is shown that a name is ours. */
export interface Solver {
  readonly type: 'http-01' | 'dns-01' | 'tls-alpn-01'
  /**
   * Puts the answer where the authority looks: `http-01` at `http://NAME/.well-known/acme-challenge/TOKEN`, `dns-01` as the TXT record
   * `_acme-challenge.NAME`, `tls-alpn-01` in a certificate for `acme-tls/1`. Resolves when it is there for everybody.
   */
  show(name: string, token: string, answer: string): void | Promise<void>
  /** Takes it away again. */
  clear(name: string, token: string, answer: string): void | Promise<void>
}

export interface AcmeOrder {
  /** The directory of the authority. */
  readonly directory: string
  readonly names: readonly string[]
  /** The account's private key, PEM: P-256, kept between orders. */
  readonly accountKey: string
  readonly email?: string
  /** What ties the account to one at the authority's own site; some authorities ask for it. @default none */
  readonly externalAccount?: ExternalAccount
  readonly solver: Solver
  /** The certificate that this one takes the place of, as {@link certificateId} names it: some authorities let such orders go first. */
  readonly replaces?: string
  /** An authority to trust for the conversation itself, PEM. */
  readonly ca?: string
  /** Milliseconds to wait for each step. @default 120000 */
  readonly patience?: number
}

const FIRST_PAUSE = 250

/**
 * Orders a certificate from a public authority, with a new private key, and waits for it. The terms of service are agreed to.
 *
 * **Security**: RFC 8555. What comes is checked to be for this key and these names before it is believed.
 * @throws BulwarkError `BULWARK_ACME_FAILED`, `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function orderCertificate(order: AcmeOrder): Promise<{ readonly cert: string; readonly key: string }> {
  const { directory, email, externalAccount, ca, solver, replaces, patience = 120_000 } = order
  const names = order.names.map(parseName)
  const client = await openClient({
    directory,
    accountKey: readPrivateKey(order.accountKey),
    ...(email !== undefined && { email }),
    ...(externalAccount !== undefined && { externalAccount }),
    ...(ca !== undefined && { ca }),
  })
  const placed = await place(
    client,
    { identifiers: names.map(({ kind, name }) => ({ type: kind, value: name })) },
    replaces,
  )
  const url = placed.header('location')
  const { authorizations, finalize } = parse(placed.text)
  if (url === undefined || !Array.isArray(authorizations) || typeof finalize !== 'string') {
    throw failed('the certificate authority placed no order')
  }
  for (const authorization of authorizations) await authorize(client, String(authorization), solver, patience)

  const key = await makePrivateKey('p256')
  const request = await makeRequest(order.names, key)
  const csr = Buffer.from(request.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64').toString('base64url')
  await settled(client, url, patience, (status) => status !== 'pending')
  await client.post(finalize, { csr })
  const done = await settled(client, url, patience, (status) => status === 'valid')
  const cert = (await client.post(String(done['certificate']))).text
  const own = new X509Certificate(cert)
  const named = namesOf(own.subjectAltName)
  if (!isPair(own, readPrivateKey(key)) || !names.every((name) => named.some((each) => isNamed(each, name)))) {
    throw failed('the certificate authority sent a certificate for something else')
  }
  return { cert: cert.endsWith('\n') ? cert : `${cert}\n`, key }
}

/** Whether it replaces another one is a hint to the authority; one that does not want to hear it gets the order without (RFC 9773, 5). */
async function place(client: AcmeClient, order: object, replaces: string | undefined): Promise<Answer> {
  if (replaces === undefined) return client.open('newOrder', order)
  try {
    return await client.open('newOrder', { ...order, replaces })
  } catch (error) {
    if (isRefusal(error, 'alreadyReplaced') || isRefusal(error, 'malformed')) return client.open('newOrder', order)
    throw error
  }
}

async function authorize(client: AcmeClient, url: string, solver: Solver, patience: number): Promise<void> {
  const { status, identifier, challenges } = parse((await client.post(url)).text)
  if (status === 'valid') return
  const name = String((identifier as { readonly value?: unknown } | undefined)?.value)
  const offered = (Array.isArray(challenges) ? challenges : []) as readonly Readonly<Record<string, unknown>>[]
  const challenge = offered.find(({ type }) => type === solver.type)
  const token = String(challenge?.['token'])
  // The token becomes a part of an address and of a file's name in some solvers.
  if (challenge === undefined || !/^[\w-]{16,}$/.test(token))
    throw failed(`${name} cannot be shown to be ours by ${solver.type}`)
  const proof = client.keyAuthorization(token)
  const answer = solver.type === 'http-01' ? proof : createHash('sha256').update(proof).digest('base64url')
  await solver.show(name, token, answer)
  try {
    await client.post(String(challenge['url']), {})
    await settled(client, url, patience, (now) => now === 'valid')
  } finally {
    await solver.clear(name, token, answer)
  }
}

/** Asks again, less and less often, until the state is the wanted one. */
async function settled(
  client: AcmeClient,
  url: string,
  patience: number,
  isWanted: (status: unknown) => boolean,
): Promise<Readonly<Record<string, unknown>>> {
  const until = performance.now() + patience
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, 5000)) {
    const answer = await client.post(url)
    const state = parse(answer.text)
    if (state['status'] === 'invalid') throw failed(`the certificate authority was not convinced: ${reasonIn(state)}`)
    if (isWanted(state['status'])) return state
    if (performance.now() > until) throw failed('the certificate authority takes too long')
    const asked = Number(answer.header('retry-after'))
    await new Promise((resolve) =>
      setTimeout(resolve, asked > 0 && asked < 60 ? Math.min(asked * 1000, patience) : pause),
    )
  }
}

/** Why a challenge failed, in the authority's own words, kept to one line. */
function reasonIn({ challenges, error }: Readonly<Record<string, unknown>>): string {
  const errors = [
    error,
    ...(Array.isArray(challenges) ? challenges : []).map((each) => (each as { error?: unknown } | null)?.error),
  ]
  const details = errors.map((each) => (each as { detail?: unknown } | null | undefined)?.detail)
  const [detail = 'no reason given'] = details.filter((each) => typeof each === 'string')
  return detail.replace(/[^\x20-\x7e]/g, ' ').slice(0, 300)
}
