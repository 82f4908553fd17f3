import { linkSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomHex } from '../toolbox/tokens.ts'
import { type Authority, type Leaf, makeAuthority, openAuthority, parseCertificate, spkiOf } from './authority.ts'
import { isNamed, parseName } from './names.ts'
import { invalid, isPair, readPrivateKey } from './private-keys.ts'

export interface DevCertificateOptions {
  /** Names besides `localhost`, `127.0.0.1` and `::1`. @default [] */
  readonly names?: readonly string[]
  /** Where the authority and the certificate are kept. It must not be served, nor be part of the repository. */
  readonly folder: string
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

/** A certificate for development, and the authority that signed it. */
export interface DevCertificate extends Leaf {
  /** The authority's certificate, PEM. */
  readonly authority: string
  /** Where that is: the file that browsers and other machines have to be told about. */
  readonly authorityFile: string
  /** Whether it was there already. */
  readonly kept: boolean
}

/** An old certificate is made anew this long before it ends, so that a day of work does not end with it. */
const SPARE = 7 * 86_400_000
const ALWAYS: readonly string[] = ['localhost', '127.0.0.1', '::1']

/**
 * A certificate for HTTPS in development, from a local authority that is kept in a folder: made when first asked for, and again before it
 * ends or when names were added. Have `authority.pem` trusted once, and browsers believe it.
 *
 * **Security**: keys are written with mode 0600. The authority can sign for local names only, so a copied key is no danger to other sites.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function devCertificate({
  names = [],
  folder,
  now = Date.now,
}: DevCertificateOptions): Promise<DevCertificate> {
  const wanted = [...new Set([...ALWAYS, ...names])]
  const authority = await authorityIn(folder, now)
  const authorityFile = join(folder, 'authority.pem')
  replace(authorityFile, authority.cert, 0o644)
  const about = { authority: authority.cert, authorityFile }
  const kept = keptLeaf(folder, authority, wanted, now())
  if (kept) return { ...kept, ...about, kept: true }
  const leaf = await authority.issue(wanted)
  replace(join(folder, 'server.pem'), leaf.key + leaf.cert, 0o600)
  return { ...leaf, ...about, kept: false }
}

/**
 * The local authority of a folder, which is made when there is none.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function authorityIn(folder: string, now: () => number = Date.now): Promise<Authority> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'authority-key.pem')
  const there = read(file)
  if (there !== undefined) {
    const parts = apart(there)
    // An expired one is replaced: it has to be trusted anew, and the new file says since when.
    if (parts && Date.parse(parseCertificate(parts.cert).validTo) > now() + SPARE) return openAuthority(parts, { now })
    if (!parts) throw invalid(`${file} holds no authority`, 'delete the file, and have the new authority trusted')
  }
  const made = await makeAuthority({ now })
  const text = made.key + made.cert
  if (there !== undefined) {
    replace(file, text, 0o600)
    return made
  }
  // Two programs may start at once. The first one's authority is the one that counts.
  if (create(file, text)) return made
  const parts = apart(read(file) ?? '')
  if (parts) return openAuthority(parts, { now })
  throw invalid(`${file} holds no authority`, 'delete the file, and have the new authority trusted')
}

function keptLeaf(folder: string, authority: Authority, wanted: readonly string[], now: number): Leaf | undefined {
  const parts = apart(read(join(folder, 'server.pem')) ?? '')
  if (!parts) return undefined
  const certificate = parseCertificate(parts.cert)
  const expires = Date.parse(certificate.validTo)
  const issuer = parseCertificate(authority.cert)
  if (expires <= now + SPARE || !certificate.verify(issuer.publicKey)) return undefined
  if (!isPair(certificate, readPrivateKey(parts.key))) return undefined
  const named = (certificate.subjectAltName ?? '')
    .split(/,\s*/)
    .map((text) => parseName(text.replace(/^(?:DNS|IP Address):/, '')))
  const isGood = wanted.map(parseName).every((name) => named.some((pattern) => isNamed(pattern, name)))
  return isGood ? { ...parts, expires, spki: spkiOf(certificate) } : undefined
}

/** A private key in front, and certificates behind it. */
function apart(text: string): { readonly key: string; readonly cert: string } | undefined {
  const at = text.indexOf('-----BEGIN CERTIFICATE-----')
  return at > 0 ? { key: text.slice(0, at), cert: text.slice(at) } : undefined
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Nobody ever sees half a file. */
function replace(file: string, text: string, mode: number): void {
  const draft = `${file}.${randomHex(6)}`
  writeFileSync(draft, text, { mode, flag: 'wx' })
  renameSync(draft, file)
}

/** As {@link replace}, but answers `false` when the file is there already. */
function create(file: string, text: string): boolean {
  const draft = `${file}.${randomHex(6)}`
  writeFileSync(draft, text, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    unlinkSync(draft)
  }
}
