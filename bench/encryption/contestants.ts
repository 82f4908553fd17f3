import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createEncryption } from 'bulwark'
import { makeKey } from 'bulwark/keys'
import signature from 'cookie-signature'
import { defaults, seal, unseal } from 'iron-webcrypto'
import sodium from 'libsodium-wrappers'
import type { Contestant, Task } from '../access/contestants.ts'

/** A value goes there and comes back this often in each run. */
const VALUES = 16
const SECRET = makeKey()

/** What each package is asked: seal, and open again what was sealed. */
export async function tasks(): Promise<readonly Task[]> {
  await sodium.ready
  const [small, large] = [textOf(120), textOf(64 * 1024)]
  return [
    {
      name: 'encrypt and decrypt, 120 bytes',
      about: 'a session or a field; text in, text for a cookie or a column out, and back',
      contestants: [bulwarkBox(small), nodeGcm(small), sodiumBox(small), iron(small)],
    },
    {
      name: 'encrypt and decrypt, 64 kB',
      about: 'a document',
      contestants: [bulwarkBox(large), nodeGcm(large), sodiumBox(large), iron(large)],
    },
    {
      name: 'sign and verify, 120 bytes',
      about: 'a cookie or a token that people may read',
      contestants: [bulwarkSigner(small), cookieSignature(small)],
    },
  ]
}

function textOf(bytes: number): string {
  return randomBytes(bytes).toString('base64').slice(0, bytes)
}

function contestant(
  title: string,
  text: string,
  there: (text: string) => string,
  back: (sealed: string) => unknown,
): Contestant {
  return {
    title,
    questions: VALUES,
    allowed: VALUES,
    run() {
      let same = 0
      for (let i = 0; i < VALUES; i++) if (back(there(text)) === text) same++
      return same
    },
  }
}

/** Purpose, context and key id bound in, an end that is checked. */
function bulwarkBox(text: string): Contestant {
  const box = createEncryption({ keys: SECRET }).box('bench')
  const about = { context: 'person:42' }
  return contestant(
    'Bulwark',
    text,
    (value) => box.seal(value, { ...about, ttl: '1h' }),
    (sealed) => box.open(sealed, about),
  )
}

function bulwarkSigner(text: string): Contestant {
  const signer = createEncryption({ keys: SECRET }).signer('bench')
  return contestant(
    'Bulwark',
    text,
    (value) => signer.sign(value),
    (signed) => signer.verify(signed),
  )
}

/** The same cipher, called as it is: one key, nothing bound in, no end. It is what there is to lose. */
function nodeGcm(text: string): Contestant {
  const key = randomBytes(32)
  return contestant(
    'node:crypto',
    text,
    (value) => {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      return Buffer.concat([nonce, cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
        'base64url',
      )
    },
    (sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(-16))
      return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
    },
  )
}

function sodiumBox(text: string): Contestant {
  const key = sodium.crypto_secretbox_keygen()
  const form = sodium.base64_variants.URLSAFE_NO_PADDING
  return contestant(
    'libsodium',
    text,
    (value) => {
      const nonce = sodium.randombytes_buf(sodium.crypto_secretbox_NONCEBYTES)
      const sealed = sodium.crypto_secretbox_easy(value, nonce, key)
      return sodium.to_base64(Buffer.concat([nonce, sealed]), form)
    },
    (sealed) => {
      const bytes = sodium.from_base64(sealed, form)
      const nonce = bytes.subarray(0, sodium.crypto_secretbox_NONCEBYTES)
      return sodium.to_string(sodium.crypto_secretbox_open_easy(bytes.subarray(nonce.length), nonce, key))
    },
  )
}

/** With the options that iron-session gives it. */
function iron(text: string): Contestant {
  return {
    title: 'iron-webcrypto',
    questions: 2,
    allowed: 2,
    async run() {
      let same = 0
      for (let i = 0; i < 2; i++) {
        const sealed = await seal(text, SECRET, { ...defaults, ttl: 3_600_000 })
        if ((await unseal(sealed, SECRET, defaults)) === text) same++
      }
      return same
    },
  }
}

function cookieSignature(text: string): Contestant {
  return contestant(
    'cookie-signature',
    text,
    (value) => signature.sign(value, SECRET),
    (signed) => signature.unsign(signed, SECRET),
  )
}
