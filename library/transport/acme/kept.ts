import type { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomHex } from '../../toolbox/tokens.ts'
import { parseCertificate } from '../authority.ts'
import { isNamed, parseName } from '../names.ts'
import { makePrivateKey } from '../private-keys.ts'
import { namesOf } from '../source.ts'
import { type AcmeOrder, orderCertificate } from './order.ts'
import { askRenewal, certificateId, type RenewalPlan, readPlan } from './renewal.ts'

export interface AcmeFolder extends Omit<AcmeOrder, 'accountKey' | 'replaces'> {
  /**
   * Where the account's key, the certificate, its key and when it is renewed are kept: `account.key`, `site.pem`, `site.key`, `renewal.json`.
   * Neither served nor committed.
   */
  readonly folder: string
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

export interface KeptCertificate {
  readonly certFile: string
  readonly keyFile: string
  /** Milliseconds since the epoch. */
  readonly expires: number
  /** Whether it was ordered just now. */
  readonly renewed: boolean
  /** When to call again at the latest, milliseconds since the epoch. */
  readonly lookAgain: number
}

/** Between two looks, where the authority asks for nothing else. */
const LOOK_EVERY = 43_200_000

/**
 * A certificate of a public authority, kept in a folder: ordered when there is none for these names, and again when the authority asks for it
 * (RFC 9773) or a third of its time is left.
 * Call it once a day, and serve with `{ certFile, keyFile }`: servers follow the files.
 * @throws BulwarkError `BULWARK_ACME_FAILED`, `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function acmeCertificate({ folder, now = Date.now, ...order }: AcmeFolder): Promise<KeptCertificate> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const [certFile, keyFile, accountFile, planFile] = ['site.pem', 'site.key', 'account.key', 'renewal.json'].map(
    (name) => join(folder, name),
  ) as [string, string, string, string]
  const kept = read(keyFile) === undefined ? undefined : readFor(read(certFile), order.names)
  if (kept !== undefined) {
    const known = readPlan(read(planFile))
    const { directory, ca } = order
    const plan = await askRenewal(kept, known, { directory, now: now(), ...(ca !== undefined && { ca }) })
    if (plan !== undefined && plan !== known) replace(planFile, JSON.stringify(plan), 0o600)
    if (now() < renewalOf(kept, plan)) return { certFile, keyFile, renewed: false, ...timesOf(kept, plan, now()) }
  }
  let accountKey = read(accountFile)
  if (accountKey === undefined) {
    accountKey = await makePrivateKey('p256')
    replace(accountFile, accountKey, 0o600)
  }
  const replaces = kept && certificateId(kept)
  const { cert, key } = await orderCertificate({ ...order, accountKey, ...(replaces !== undefined && { replaces }) })
  // A server that looks in between finds two that do not belong together, keeps what it has, and looks again.
  replace(keyFile, key, 0o600)
  replace(certFile, cert, 0o644)
  return { certFile, keyFile, renewed: true, ...timesOf(parseCertificate(cert), undefined, now()) }
}

function timesOf(
  certificate: X509Certificate,
  plan: RenewalPlan | undefined,
  now: number,
): Pick<KeptCertificate, 'expires' | 'lookAgain'> {
  const lookAgain = Math.min(now + LOOK_EVERY, plan?.askAt ?? Number.POSITIVE_INFINITY, renewalOf(certificate, plan))
  return { expires: Date.parse(certificate.validTo), lookAgain }
}

/** The authority's wish, or when a third of the time is left. */
function renewalOf({ validFrom, validTo }: X509Certificate, plan: RenewalPlan | undefined): number {
  const [begins, ends] = [Date.parse(validFrom), Date.parse(validTo)]
  return plan?.renewAt ?? ends - (ends - begins) / 3
}

/** The certificate, if there is one and it is for these names. */
function readFor(pem: string | undefined, names: readonly string[]): X509Certificate | undefined {
  if (pem === undefined) return undefined
  const certificate = parseCertificate(pem)
  const named = namesOf(certificate.subjectAltName)
  const isForAll = names.map(parseName).every((name) => named.some((each) => isNamed(each, name)))
  return isForAll ? certificate : undefined
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function replace(file: string, text: string, mode: number): void {
  const draft = `${file}.${randomHex(6)}`
  writeFileSync(draft, text, { mode, flag: 'wx' })
  renameSync(draft, file)
}
