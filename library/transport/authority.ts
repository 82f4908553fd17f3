import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { strengthOf } from '../toolbox/certificates.ts'
import { LOCAL } from './constraints.ts'
import { isInside, parseName } from './names.ts'
import { invalid, isPair, type KeyKind, makePrivateKey, readPrivateKey } from './private-keys.ts'
import { readRequest, signCertificate } from './x509.ts'

/** A certificate with its private key, as an HTTPS server takes them. */
export interface Leaf {
  /** The private key, PEM. */
  readonly key: string
  /** The certificate and what signed it, PEM: what a server sends. */
  readonly cert: string
  /** Milliseconds since the epoch. */
  readonly expires: number
  /** SHA-256 of the public key in Base64, as Chromium's `--ignore-certificate-errors-spki-list` takes it. */
  readonly spki: string
}

export interface LeafOptions {
  /** Days until it expires. @default 90 */
  readonly days?: number
  /** @default 'p256' */
  readonly kind?: KeyKind
  /** What it is for: a server, a client that proves who it is (mutual TLS), or both. @default 'server' */
  readonly usage?: 'server' | 'client' | 'both'
}

/** Signs certificates for names that nobody on the internet has. */
export interface Authority {
  /** The authority's own certificate, PEM: what a client has to trust. */
  readonly cert: string
  /** Its private key, PEM. **Security**: whoever has it speaks for every name inside {@link permitted} on machines that trust it. */
  readonly key: string
  /** Domains, with everything below them, and networks that it may sign for. Its certificate says so, and clients hold it to that. */
  readonly permitted: readonly string[]
  /**
   * A certificate for these names, such as `['localhost', '127.0.0.1', 'app.example.test']`, with a new key.
   * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`
   */
  issue(names: readonly string[], options?: LeafOptions): Promise<Leaf>
  /** A certificate for the names and the key of a signing request, PEM, the chain included. @throws BulwarkError `BULWARK_CERTIFICATE_INVALID` */
  sign(request: string, options?: Pick<LeafOptions, 'days' | 'usage'>): Promise<string>
}

export interface AuthorityOptions {
  /** What lists of certificates show. @default 'Bulwark development' */
  readonly name?: string
  /**
   * Domains and networks besides those that are local by definition (`localhost`, `test`, `internal`, private addresses and the like).
   * @default []
   */
  readonly permitted?: readonly string[]
  /** Days until it expires. @default 825 */
  readonly days?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

const DAY = 86_400_000
/** Clocks of phones and virtual machines are behind by minutes. */
const SLACK = 3_600_000

/**
 * Makes a local authority: for development, for tests, and for services of one's own among themselves. Needs the packages
 * `@peculiar/x509` and `reflect-metadata`.
 *
 * **Security**: bound to names that nobody on the internet has (RFC 5280 name constraints), may not make further authorities, P-256.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function makeAuthority(options: AuthorityOptions = {}): Promise<Authority> {
  const { name = 'Bulwark development', permitted = [], days = 825, now = Date.now } = options
  checkDays(days, 3650)
  const spaces = [...LOCAL, ...permitted.map(checkSpace)]
  const key = await makePrivateKey('p256')
  const signingKey = readPrivateKey(key)
  const publicKey = createPublicKey(signingKey)
  const cert = await signCertificate({
    subject: name,
    issuer: name,
    names: [],
    publicKey,
    signingKey,
    issuerKey: publicKey,
    notBefore: new Date(now() - SLACK),
    notAfter: new Date(now() + days * DAY),
    authorityFor: spaces,
    usage: 'server',
  })
  return authorityOf({ cert, key, permitted: spaces, now })
}

/**
 * Opens an authority that {@link makeAuthority} made, from its PEM texts.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID` when the two do not belong together, or it has expired
 */
export function openAuthority(
  parts: Pick<Authority, 'cert' | 'key'> & Partial<Pick<Authority, 'permitted'>>,
  { now = Date.now, passphrase }: { readonly now?: () => number; readonly passphrase?: string } = {},
): Authority {
  const certificate = parseCertificate(parts.cert)
  if (!certificate.ca)
    throw invalid('this certificate belongs to no authority', 'use the one that bulwark tls dev made')
  if (!isPair(certificate, readPrivateKey(parts.key, passphrase))) {
    throw invalid(
      'the certificate and the key of the authority do not belong together',
      'use the two that were made together',
    )
  }
  if (Date.parse(certificate.validTo) <= now()) {
    throw invalid('the authority has expired', 'make a new one, and have it trusted in place of the old one')
  }
  const { cert, key, permitted = LOCAL } = parts
  return authorityOf({ cert, key, permitted, now, ...(passphrase !== undefined && { passphrase }) })
}

/** @throws BulwarkError `BULWARK_CERTIFICATE_INVALID` */
export function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw invalid('this is no certificate', 'use a PEM file that begins with -----BEGIN CERTIFICATE-----', cause)
  }
}

/** SHA-256 of a certificate's public key, in Base64. */
export function spkiOf(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
}

function authorityOf({
  cert,
  key,
  permitted,
  now,
  passphrase,
}: Pick<Authority, 'cert' | 'key' | 'permitted'> & {
  readonly now: () => number
  readonly passphrase?: string
}): Authority {
  const certificate = parseCertificate(cert)
  const signingKey = readPrivateKey(key, passphrase)
  const issuerKey = createPublicKey(signingKey)
  const issuer = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? 'Bulwark development'
  const ends = Date.parse(certificate.validTo)

  const signFor = async (
    names: readonly string[],
    publicKey: ReturnType<typeof createPublicKey>,
    { days = 90, usage = 'server' }: LeafOptions,
  ): Promise<{ readonly cert: string; readonly certificate: X509Certificate }> => {
    checkDays(days, 397)
    const parsed = names.map(parseName)
    const [first] = parsed
    if (first === undefined)
      throw invalid('a certificate needs at least one name', "hand in names such as ['localhost']")
    const foreign = parsed.find((each) => !isInside(each, permitted))
    if (foreign !== undefined) {
      throw invalid(
        `this authority may not sign for ${foreign.name}`,
        'use a name below .test or .internal, or make an authority with this domain in permitted',
      )
    }
    const pem = await signCertificate({
      // Where a certificate has addresses only, OpenSSL takes the common name for a host, which the constraints do not allow.
      subject: parsed.find(({ kind }) => kind === 'dns')?.name ?? `Address ${first.name}`,
      issuer,
      names: parsed,
      publicKey,
      signingKey,
      issuerKey,
      notBefore: new Date(now() - SLACK),
      // A certificate that outlives what signed it is refused by everybody, with a message that nobody understands.
      notAfter: new Date(Math.min(now() + days * DAY, ends)),
      usage,
    })
    return { cert: pem + cert, certificate: parseCertificate(pem) }
  }

  return {
    cert,
    key,
    permitted,
    async issue(names, options = {}) {
      const leafKey = await makePrivateKey(options.kind)
      const signed = await signFor(names, createPublicKey(readPrivateKey(leafKey)), options)
      return {
        key: leafKey,
        cert: signed.cert,
        expires: Date.parse(signed.certificate.validTo),
        spki: spkiOf(signed.certificate),
      }
    },
    async sign(request, options = {}) {
      const { names, publicKey } = await readRequest(request)
      const { name, strong } = strengthOf(publicKey)
      if (!strong) throw invalid(`the request is for a key that is too weak: ${name}`, 'use ECDSA P-256 or RSA 3072')
      const signed = await signFor(
        names.map((each) => each.name),
        publicKey,
        options,
      )
      return signed.cert
    },
  }
}

function checkDays(days: number, most: number): void {
  if (Number.isFinite(days) && days > 0 && days <= most) return
  throw invalid('nobody takes a certificate that lasts that long', `use from 1 to ${most} days`)
}

function checkSpace(text: string): string {
  if (text.includes('/')) {
    if (isInside({ kind: 'ip', name: text.split('/')[0] ?? '' }, [text]) && !text.endsWith('/0')) return text
    throw invalid('this is no network that an authority may sign for', 'write a block such as 10.1.0.0/16')
  }
  const { kind, name } = parseName(text)
  if (kind === 'dns' && !name.startsWith('*.')) return name
  throw invalid(
    'this is no domain that an authority may sign for',
    'write it like dev.example.com; everything below is included',
  )
}
