import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, type X509Certificate } from 'node:crypto'
import { promisify } from 'node:util'
import { BulwarkError } from '../core/errors.ts'

/** `p256` and `p384` are ECDSA; every browser and server of today takes them. Ed25519 is for services among themselves: no browser takes it. */
export type KeyKind = 'p256' | 'p384' | 'rsa3072' | 'rsa4096' | 'ed25519'

export const KEY_KINDS: readonly KeyKind[] = ['p256', 'p384', 'rsa3072', 'rsa4096', 'ed25519']

const generate = promisify(generateKeyPair)

/**
 * Makes a private key, as a PEM text (PKCS #8).
 *
 * With a passphrase it is encrypted: AES-256-CBC under a key from PBKDF2-HMAC-SHA-256, which is what OpenSSL and Node read.
 *
 * **Security**: ASVS 5.0 11.6.1, NIST SP 800-57: 128 bits of strength or more. Write it with mode 0600.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`
 */
export async function makePrivateKey(kind: KeyKind = 'p256', passphrase?: string): Promise<string> {
  if (!KEY_KINDS.includes(kind)) {
    throw invalid(`there is no kind of key called ${String(kind).slice(0, 20)}`, `use one of ${KEY_KINDS.join(', ')}`)
  }
  if (passphrase !== undefined && passphrase.length < 12) {
    throw invalid('the passphrase is shorter than 12 characters', 'use a longer one, or none and file permissions')
  }
  const { privateKey } = await pairOf(kind)
  return privateKey
    .export({ type: 'pkcs8', format: 'pem', ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }) })
    .toString()
}

/** @throws BulwarkError `BULWARK_CERTIFICATE_INVALID` for what is no private key, or a wrong passphrase */
export function readPrivateKey(pem: string, passphrase?: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) })
  } catch (cause) {
    const isLocked = /ENCRYPTED/.test(pem)
    throw invalid(
      isLocked && passphrase === undefined
        ? 'the private key needs a passphrase'
        : 'this is no private key that can be read',
      isLocked
        ? 'hand in the passphrase that the key was made with'
        : 'use a PEM file that begins with -----BEGIN PRIVATE KEY-----',
      cause,
    )
  }
}

/** Whether the certificate was made for this private key. */
export function isPair(certificate: X509Certificate, key: KeyObject): boolean {
  const [own, given] = [certificate.publicKey, createPublicKey(key)].map((each) =>
    each.export({ type: 'spki', format: 'der' }),
  )
  return own !== undefined && given !== undefined && own.equals(given)
}

export function invalid(what: string, fix: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_CERTIFICATE_INVALID', what, { fix, ...(cause !== undefined && { cause }) })
}

function pairOf(kind: KeyKind): Promise<{ privateKey: KeyObject }> {
  switch (kind) {
    case 'p256':
      return generate('ec', { namedCurve: 'P-256' })
    case 'p384':
      return generate('ec', { namedCurve: 'P-384' })
    case 'rsa3072':
      return generate('rsa', { modulusLength: 3072 })
    case 'rsa4096':
      return generate('rsa', { modulusLength: 4096 })
    default:
      return generate('ed25519', undefined)
  }
}
