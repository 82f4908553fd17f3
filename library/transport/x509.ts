import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto'
import { BulwarkError } from '../core/errors.ts'
import { nameConstraints, OIDS } from './constraints.ts'
import { type CertificateName, toDistinguishedName } from './names.ts'
import { invalid } from './private-keys.ts'

type Library = typeof import('@peculiar/x509')

/** Everything that one certificate says. */
export interface CertificateTerms {
  /** The common name; nothing reads it but people. */
  readonly subject: string
  readonly issuer: string
  readonly names: readonly CertificateName[]
  readonly publicKey: KeyObject
  readonly signingKey: KeyObject
  /** The authority's own public key, so that a chain can be put together. */
  readonly issuerKey: KeyObject
  readonly notBefore: Date
  readonly notAfter: Date
  /** An authority that may sign for these names and networks only; everything else is a leaf. */
  readonly authorityFor?: readonly string[]
  readonly usage: 'server' | 'client' | 'both'
  /** What a certificate authority wants to see in the certificate of a `tls-alpn-01` challenge (RFC 8737, 3): 32 bytes. */
  readonly acmeIdentifier?: Uint8Array
}

/** What a signing request asks for, after its signature was checked. */
export interface ReadRequest {
  readonly subject: string
  readonly names: readonly CertificateName[]
  readonly publicKey: KeyObject
}

/** Makes and signs a certificate; answers PEM. @throws BulwarkError `BULWARK_PACKAGE_MISSING` */
export async function signCertificate(terms: CertificateTerms): Promise<string> {
  const x509 = await load()
  const { authorityFor } = terms
  const isAuthority = authorityFor !== undefined
  const flags = x509.KeyUsageFlags
  const usages = { server: [OIDS.server], client: [OIDS.client], both: [OIDS.server, OIDS.client] }[terms.usage]
  const [own, issuer] = await Promise.all([publicOf(terms.publicKey), publicOf(terms.issuerKey)])
  const extensions = [
    new x509.BasicConstraintsExtension(isAuthority, isAuthority ? 0 : undefined, true),
    new x509.KeyUsagesExtension(isAuthority ? flags.keyCertSign | flags.cRLSign : flags.digitalSignature, true),
    await x509.SubjectKeyIdentifierExtension.create(own),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ...(isAuthority
      ? [new x509.Extension(OIDS.nameConstraints, true, nameConstraints(authorityFor))]
      : [
          new x509.ExtendedKeyUsageExtension(usages),
          new x509.SubjectAlternativeNameExtension(terms.names.map(toGeneralName)),
        ]),
    ...(terms.acmeIdentifier === undefined
      ? []
      : // An OCTET STRING of 32 bytes, in DER.
        [new x509.Extension(OIDS.acmeIdentifier, true, Uint8Array.from([0x04, 32, ...terms.acmeIdentifier]))]),
  ]
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: toDistinguishedName(terms.subject),
    issuer: toDistinguishedName(terms.issuer),
    notBefore: terms.notBefore,
    notAfter: terms.notAfter,
    publicKey: own,
    ...(await signing(terms.signingKey)),
    extensions,
  })
  return `${certificate.toString('pem')}\n`
}

/** A signing request (PKCS #10) for these names; answers PEM. @throws BulwarkError `BULWARK_PACKAGE_MISSING` */
export async function signRequest(
  subject: string,
  names: readonly CertificateName[],
  privateKey: KeyObject,
): Promise<string> {
  const x509 = await load()
  const { signingKey, signingAlgorithm } = await signing(privateKey)
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: toDistinguishedName(subject),
    keys: { privateKey: signingKey, publicKey: await publicOf(createPublicKey(privateKey)) },
    signingAlgorithm,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map(toGeneralName))],
  })
  return `${request.toString('pem')}\n`
}

/**
 * Reads a signing request.
 * **Security**: its signature is checked, so that nobody asks for a certificate for somebody else's key.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function readRequest(pem: string): Promise<ReadRequest> {
  const x509 = await load()
  try {
    const request = new x509.Pkcs10CertificateRequest(pem)
    if (!(await request.verify())) throw new Error('the signature is wrong')
    const extension = request.extensions.find((each) => each instanceof x509.SubjectAlternativeNameExtension)
    const asked = (extension?.names.items ?? []).flatMap(({ type, value }) => {
      return type === 'dns' || type === 'ip' ? [{ kind: type, name: value } as const] : []
    })
    const key = Buffer.from(request.publicKey.rawData)
    return {
      subject: request.subjectName.getField('CN')[0] ?? '',
      names: asked,
      publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
    }
  } catch (cause) {
    throw invalid(
      'this is no signing request whose signature holds',
      'use a file made with bulwark tls csr or openssl req',
      cause,
    )
  }
}

let loading: Promise<Library> | undefined

/** Only whoever makes certificates needs the package; serving and checking them takes nothing but Node. */
function load(): Promise<Library> {
  loading ??= import('reflect-metadata')
    .then(() => import('@peculiar/x509'))
    .catch((cause: unknown) => {
      loading = undefined
      throw new BulwarkError('BULWARK_PACKAGE_MISSING', 'certificates are made with a package that is not installed', {
        fix: 'npm install @peculiar/x509 reflect-metadata',
        cause,
      })
    })
  return loading
}

function toGeneralName({ kind, name }: CertificateName): { type: 'dns' | 'ip'; value: string } {
  return { type: kind, value: name }
}

/** 127 random bits, positive: RFC 5280 takes at most 20 bytes, and public authorities at least 64 random bits. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return Buffer.from(bytes).toString('hex')
}

function algorithmOf(key: KeyObject): { readonly name: string; readonly namedCurve?: string; readonly hash?: string } {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
        ? { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }
        : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
    case 'rsa':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    case 'ed25519':
      return { name: 'Ed25519' }
    default:
      throw invalid(`certificates are not made for keys of type ${key.asymmetricKeyType}`, 'use ECDSA, RSA or Ed25519')
  }
}

function publicOf(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'spki', format: 'der' })
  return webcrypto.subtle.importKey('spki', der, algorithmOf(key), true, ['verify'])
}

async function signing(key: KeyObject): Promise<{
  readonly signingKey: webcrypto.CryptoKey
  readonly signingAlgorithm: { readonly name: string; readonly hash: string }
}> {
  const algorithm = algorithmOf(key)
  const der = key.export({ type: 'pkcs8', format: 'der' })
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign'])
  return { signingKey, signingAlgorithm: { name: algorithm.name, hash: algorithm.hash ?? '' } }
}
