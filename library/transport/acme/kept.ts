import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomHex } from '../../toolbox/tokens.ts'
import { parseCertificate } from '../authority.ts'
import { isNamed, parseName } from '../names.ts'
import { makePrivateKey } from '../private-keys.ts'
import { namesOf } from '../source.ts'
import { type AcmeOrder, orderCertificate } from './order.ts'

export interface AcmeFolder extends Omit<AcmeOrder, 'accountKey'> {
  /** Where the account's key, the certificate and its key are kept: `account.key`, `site.pem`, `site.key`. Neither served nor committed. */
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
}

/**
 * A certificate of a public authority, kept in a folder: ordered when there is none for these names, and again when a third of its time is left.
 * Call it once a day, and serve with `{ certFile, keyFile }`: servers follow the files.
 * @throws BulwarkError `BULWARK_ACME_FAILED`, `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function acmeCertificate({ folder, now = Date.now, ...order }: AcmeFolder): Promise<KeptCertificate> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const [certFile, keyFile, accountFile] = ['site.pem', 'site.key', 'account.key'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  const good = goodUntil(read(certFile), order.names, now())
  if (good !== undefined && read(keyFile) !== undefined) return { certFile, keyFile, expires: good, renewed: false }
  let accountKey = read(accountFile)
  if (accountKey === undefined) {
    accountKey = await makePrivateKey('p256')
    replace(accountFile, accountKey, 0o600)
  }
  const { cert, key } = await orderCertificate({ ...order, accountKey })
  // A server that looks in between finds two that do not belong together, keeps what it has, and looks again.
  replace(keyFile, key, 0o600)
  replace(certFile, cert, 0o644)
  return { certFile, keyFile, expires: Date.parse(parseCertificate(cert).validTo), renewed: true }
}

/** When the certificate ends, if it is for these names and more than a third of its time is left. */
function goodUntil(pem: string | undefined, names: readonly string[], now: number): number | undefined {
  if (pem === undefined) return undefined
  const { validFrom, validTo, subjectAltName } = parseCertificate(pem)
  const [begins, ends] = [Date.parse(validFrom), Date.parse(validTo)]
  const named = namesOf(subjectAltName)
  const isForAll = names.map(parseName).every((name) => named.some((each) => isNamed(each, name)))
  return isForAll && (ends - now) * 3 > ends - begins ? ends : undefined
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
