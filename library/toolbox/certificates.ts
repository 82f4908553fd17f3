import type { KeyObject, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'

/** What is wrong with a certificate, whoever vouches for it. */
export type CertificateFault = 'expired' | 'not yet valid' | 'wrong name' | 'weak key' | 'weak signature'

/** SHA-1 and MD5 with RSA, SHA-1 with ECDSA, as they stand in a certificate. */
const WEAK_SIGNATURES = ['06092a864886f70d010105', '06092a864886f70d010104', '06072a8648ce3d0401']

/** What no client should take, at this moment and for this host name or IP address. */
export function faultsOf(
  certificate: X509Certificate,
  { name, now }: { readonly name: string | undefined; readonly now: number },
): CertificateFault[] {
  const faults: CertificateFault[] = []
  if (Date.parse(certificate.validTo) <= now) faults.push('expired')
  else if (Date.parse(certificate.validFrom) > now) faults.push('not yet valid')
  if (name !== undefined && !isFor(certificate, name)) faults.push('wrong name')
  if (!strengthOf(certificate.publicKey).strong) faults.push('weak key')
  const der = certificate.raw.toString('hex')
  if (WEAK_SIGNATURES.some((oid) => der.includes(oid))) faults.push('weak signature')
  return faults
}

/** What a key is, in a few words, and whether it is strong enough for a certificate. */
export function strengthOf(key: KeyObject): { readonly name: string; readonly strong: boolean } {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      // Public authorities ask for 2048 bits; that is 112 bits of strength, good until 2030 (NIST SP 800-57).
      return { name: `RSA ${modulusLength}`, strong: modulusLength >= 2048 }
    case 'ec':
      return { name: `ECDSA ${CURVES[namedCurve] ?? namedCurve}`, strong: namedCurve in CURVES }
    case 'ed25519':
    case 'ed448':
      return { name: key.asymmetricKeyType === 'ed25519' ? 'Ed25519' : 'Ed448', strong: true }
    default:
      return { name: String(key.asymmetricKeyType), strong: false }
  }
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** The common name counts for nothing, as in browsers. */
function isFor(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined
  return certificate.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined
}
