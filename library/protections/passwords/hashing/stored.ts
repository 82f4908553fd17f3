import type { Argon2, Pbkdf2, Recipe, Scrypt } from './worker.ts'

/** A stored hash, read. */
export interface Stored {
  readonly recipe: Recipe
  readonly hash: Uint8Array
  /** Which key the password went through before it was hashed. */
  readonly keyId: string | undefined
}

/** A PHC string is about 100 characters long; nothing that is read here is much longer. */
const MOST_TEXT = 512
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const DJANGO = /^pbkdf2_sha256\$(\d{1,8})\$([^$]{1,64})\$([A-Za-z0-9+/]{43}=)$/
const ARGON2 =
  /^\$(argon2(?:id|i|d))(?:\$v=(16|19))?\$m=(\d{1,7}),t=(\d{1,4}),p=(\d{1,3})(?:,keyid=([A-Za-z0-9+/]{1,11}))?\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
const SCRYPT =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})(?:,keyid=([A-Za-z0-9+/]{1,11}))?\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
/** As PHC strings have it, and as Python's passlib does, which writes `.` for `+` and no `i=`. */
const PBKDF2 =
  /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$(?:i=)?(\d{1,8})(?:,l=\d{1,3})?\$([A-Za-z0-9+/.]+)\$([A-Za-z0-9+/.]+)$/

/**
 * Reads argon2, scrypt and PBKDF2 PHC strings, bcrypt's `$2a$`, `$2b$` and `$2y$`, and Django's `pbkdf2_sha256$`.
 * `undefined` for everything else.
 *
 * **Security**: whoever can write one hash into the database must not decide how much work a sign-in is, so parameters far above
 * what anybody uses are no hash (256 MiB, a few seconds).
 */
export function parseStored(text: string): Stored | undefined {
  if (text.length > MOST_TEXT) return undefined
  if (text.startsWith('$argon2')) return parseArgon2(text)
  if (text.startsWith('$scrypt$')) return parseScrypt(text)
  if (text.startsWith('$2')) return parseBcrypt(text)
  if (text.startsWith('$pbkdf2')) return parsePbkdf2(text)
  return text.startsWith('pbkdf2_sha256$') ? parseDjango(text) : undefined
}

/** Writes a hash as a PHC string. */
export function formatStored(recipe: Argon2 | Scrypt, hash: Uint8Array, keyId: string | undefined): string {
  const key = keyId === undefined ? '' : `,keyid=${keyId}`
  const head =
    recipe.kind === 'argon2'
      ? `$${recipe.variant}$v=${recipe.version}$m=${recipe.memory},t=${recipe.passes},p=${recipe.lanes}`
      : `$scrypt$ln=${Math.log2(recipe.cost)},r=${recipe.block},p=${recipe.lanes}`
  return `${head}${key}$${toBase64(recipe.salt)}$${toBase64(hash)}`
}

/** Standard base64 without padding, as PHC strings have it. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

function parseArgon2(text: string): Stored | undefined {
  const [, variant, version = '16', m, t, p, keyId, salt = '', hash = ''] = ARGON2.exec(text) ?? []
  const [memory, passes, lanes] = [Number(m), Number(t), Number(p)]
  const isBounded = memory <= 262_144 && passes >= 1 && memory * passes <= 2_097_152 && lanes >= 1 && lanes <= 16
  if (variant === undefined || !isBounded || memory < 8 * lanes) return undefined
  const recipe: Omit<Argon2, 'salt' | 'length'> = {
    kind: 'argon2',
    variant: variant as Argon2['variant'],
    version: version === '16' ? 16 : 19,
    memory,
    passes,
    lanes,
  }
  return finish(recipe, fromBase64(salt), fromBase64(hash), keyId)
}

function parseScrypt(text: string): Stored | undefined {
  const [, ln, r, p, keyId, salt = '', hash = ''] = SCRYPT.exec(text) ?? []
  const [cost, block, lanes] = [2 ** Number(ln), Number(r), Number(p)]
  const isBounded =
    cost >= 2 && cost * block <= 2_097_152 && block >= 1 && lanes >= 1 && cost * block * lanes <= 8_388_608
  if (ln === undefined || !isBounded) return undefined
  const recipe: Omit<Scrypt, 'salt' | 'length'> = { kind: 'scrypt', cost, block, lanes }
  return finish(recipe, fromBase64(salt), fromBase64(hash), keyId)
}

function parsePbkdf2(text: string): Stored | undefined {
  const [, digest = 'sha1', i, salt = '', hash = ''] = PBKDF2.exec(text) ?? []
  return i === undefined ? undefined : pbkdf2(digest as Pbkdf2['digest'], Number(i), fromBase64(salt), fromBase64(hash))
}

function parseDjango(text: string): Stored | undefined {
  const [, i, salt = '', hash = ''] = DJANGO.exec(text) ?? []
  // Django's salt is the text itself.
  return i === undefined ? undefined : pbkdf2('sha256', Number(i), new Uint8Array(Buffer.from(salt)), fromBase64(hash))
}

function pbkdf2(digest: Pbkdf2['digest'], iterations: number, salt: Uint8Array, hash: Uint8Array): Stored | undefined {
  if (iterations < 1 || iterations > 4_000_000) return undefined
  return finish({ kind: 'pbkdf2', digest, iterations }, salt, hash, undefined)
}

function parseBcrypt(text: string): Stored | undefined {
  const cost = Number(BCRYPT.exec(text)?.[1])
  // Each step doubles the time: 16 takes bcryptjs several seconds.
  if (!(cost >= 4 && cost <= 16)) return undefined
  const recipe: Recipe = { kind: 'bcrypt', cost, head: text.slice(0, 29) }
  return { recipe, hash: new Uint8Array(Buffer.from(text)), keyId: undefined }
}

function finish(
  recipe: Omit<Argon2, 'salt' | 'length'> | Omit<Scrypt, 'salt' | 'length'> | Omit<Pbkdf2, 'salt' | 'length'>,
  salt: Uint8Array,
  hash: Uint8Array,
  keyId: string | undefined,
): Stored | undefined {
  // A hash of a byte or two would be right for one password in 256.
  if (hash.length < 16 || hash.length > 128 || salt.length < 1 || salt.length > 128) return undefined
  if (recipe.kind === 'argon2' && salt.length < 8) return undefined
  return { recipe: { ...recipe, salt, length: hash.length }, hash, keyId }
}

/** An array of its own: a piece of Node's pool of buffers would take the whole pool along into a thread. */
function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll('.', '+'), 'base64'))
}
