import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'

/** Hashes a new password with a salt of its own, as `scrypt$<salt>$<hash>`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  return `scrypt$${salt.toString('base64url')}$${(await derive(password, salt)).toString('base64url')}`
}

/**
 * Whether the password is the one that was hashed.
 * Takes as long without a hash, so that the time does not tell which names have an account.
 */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const [, salt = '', wanted = ''] = (hash ?? nobodysHash).split('$')
  const derived = await derive(password, Buffer.from(salt, 'base64url'))
  const expected = Buffer.from(wanted, 'base64url')
  return timingSafeEqual(derived, expected) && hash !== undefined
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, 32, strength, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

/** What the OWASP Password Storage Cheat Sheet asks for at 32 MiB. */
const strength: ScryptOptions = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 }

const nobodysHash = `scrypt$${'A'.repeat(22)}$${'A'.repeat(43)}`
