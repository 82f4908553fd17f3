import { readFileSync, statSync } from 'node:fs'
import { strengthOf } from '../toolbox/certificates.ts'
import type { AcmeFolder } from './acme/kept.ts'
import type { Solver } from './acme/order.ts'
import { parseCertificate } from './authority.ts'
import { devCertificate } from './dev.ts'
import { type CertificateName, parseName } from './names.ts'
import { invalid, isPair, readPrivateKey } from './private-keys.ts'

/** Where a server's certificate and key come from: texts, files that are followed, or a local authority for development. */
export type TlsSource =
  | {
      /** The certificate and what signed it, PEM. */
      readonly cert: string
      /** The private key, PEM. */
      readonly key: string
      readonly passphrase?: string
    }
  | {
      /** A file with the certificate and what signed it, PEM. When it is replaced, new connections get the new one. */
      readonly certFile: string
      readonly keyFile: string
      readonly passphrase?: string
    }
  | {
      /** A certificate of a local authority, kept in a folder that is neither served nor committed. */
      readonly dev: { readonly folder: string; readonly names?: readonly string[] }
    }

/** A certificate of a public authority, ordered before the app is served and renewed while it is. */
export interface AcmeSource {
  readonly acme: Omit<AcmeFolder, 'solver' | 'now'> & {
    /**
     * How the authority sees that the names are ours: on the plain port, for which `redirectFrom` is needed, or on the port of HTTPS itself.
     * @default 'http-01'
     */
    readonly challenge?: 'http-01' | 'tls-alpn-01'
    /** Another way, such as `dns-01`. */
    readonly solver?: Solver
  }
}

/** A certificate that was looked at: it can be served. */
export interface Identity {
  readonly cert: string
  readonly key: string
  readonly passphrase: string | undefined
  readonly names: readonly CertificateName[]
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/**
 * Reads and checks what a server shall be.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID` for what no client would take: another key's certificate, an expired one, a weak key
 */
export async function readIdentity(source: TlsSource, now: number): Promise<Identity> {
  if ('dev' in source) {
    const { folder, names = [] } = source.dev
    const { cert, key } = await devCertificate({ folder, names, now: () => now })
    return checkIdentity(cert, key, undefined, now)
  }
  if ('certFile' in source) {
    return checkIdentity(read(source.certFile), read(source.keyFile), source.passphrase, now)
  }
  return checkIdentity(source.cert, source.key, source.passphrase, now)
}

/** Changes whenever one of the files does; `undefined` where there is nothing to follow. */
export function signOf(source: TlsSource): string | undefined {
  if (!('certFile' in source)) return undefined
  return [source.certFile, source.keyFile]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true })
      return stat === undefined ? 'gone' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
    })
    .join(' ')
}

function checkIdentity(cert: string, key: string, passphrase: string | undefined, now: number): Identity {
  const certificate = parseCertificate(cert)
  const privateKey = readPrivateKey(key, passphrase)
  if (!isPair(certificate, privateKey)) {
    throw invalid(
      'the certificate was made for another private key',
      "use the key that the certificate was asked for with, and put the server's own certificate first in its file",
    )
  }
  const expires = Date.parse(certificate.validTo)
  if (expires <= now) throw invalid('the certificate has expired', 'renew it')
  const { name, strong } = strengthOf(privateKey)
  if (!strong) throw invalid(`the private key is too weak: ${name}`, 'make one with: npx @bulwark/cli tls key')
  const names = namesOf(certificate.subjectAltName)
  if (names.length === 0) throw invalid('the certificate names no host', 'ask for one with a subject alternative name')
  return { cert, key, passphrase, names, expires }
}

/** The names of a certificate as Node writes them. */
export function namesOf(text: string | undefined): readonly CertificateName[] {
  return (text ?? '').split(/,\s*/).flatMap((entry) => {
    const [, name] = /^(?:DNS|IP Address):(.+)$/.exec(entry) ?? []
    try {
      return name === undefined ? [] : [parseName(name)]
    } catch {
      // A name of another form (an e-mail address, a wildcard of its own) names no host that could be asked for.
      return []
    }
  })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw invalid(`${file} cannot be read`, 'name the file as the server sees it, and let its user read it', cause)
  }
}
