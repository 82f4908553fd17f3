import * as crypto from 'node:crypto'
import { missingKey, type Pepper } from './pepper.ts'
import { can, type Need, type Pool } from './pool.ts'
import { noPassword, Refusal, unavailable } from './refusals.ts'
import { formatStored, parseStored, type Stored } from './stored.ts'
import { HASH_BYTES, isWeaker, SALT_BYTES, SCRYPT, type Strength } from './strength.ts'
import type { Argon2, Recipe, Scrypt } from './worker.ts'

/** What became of a sign-in. */
export interface Verified {
  readonly ok: boolean
  /**
   * Only when `ok`: the same password, hashed as it would be hashed today. Store it in place of the old hash, and only if that is
   * still there: `UPDATE people SET password = $new WHERE id = $id AND password = $old`.
   */
  readonly rehash?: string
}

/** Something about hashing that whoever runs the app should know. */
export type Notice = 'no argon2' | 'unreadable' | 'busy'

export interface HasherOptions {
  readonly strength: Required<Strength>
  readonly pool: Pick<Pool, 'derive'>
  readonly pepper: Pepper | undefined
  readonly onNotice: (notice: Notice) => void
  /** What this machine can do. @default what is found to be installed */
  readonly can?: (need: Need) => boolean
}

export interface Hasher {
  hash(password: string): Promise<string>
  verify(stored: string | null | undefined, password: string): Promise<Verified>
}

/** Nobody's password is longer, and Unicode normalisation of a megabyte takes its time. */
const MOST_CHARACTERS = 4096
const WRONG: Verified = { ok: false }
const LONE_SURROGATE = /\p{Surrogate}/u

export function hasherOf({ strength, pool, pepper, onNotice, can: has = can }: HasherOptions): Hasher {
  const freshRecipe = (): Argon2 | Scrypt => {
    const salt = new Uint8Array(SALT_BYTES)
    crypto.randomFillSync(salt)
    if (has('argon2')) {
      const { memory, passes } = strength
      return { kind: 'argon2', variant: 'argon2id', version: 19, memory, passes, lanes: 1, salt, length: HASH_BYTES }
    }
    onNotice('no argon2')
    return { kind: 'scrypt', ...SCRYPT, salt, length: HASH_BYTES }
  }

  const material = (password: string, keyId: string | undefined): string => {
    if (keyId === undefined) return password
    if (pepper === undefined) throw missingKey()
    return pepper.apply(password, keyId)
  }

  const derive = async (recipe: Recipe, password: string): Promise<Uint8Array> => {
    try {
      return await pool.derive({ ...recipe, password })
    } catch (error) {
      if (error instanceof Refusal) onNotice('busy')
      throw error
    }
  }

  const hash = async (password: string): Promise<string> => {
    if (!isText(password)) throw noPassword()
    const recipe = freshRecipe()
    const bytes = await derive(recipe, material(password.normalize('NFKC'), pepper?.id))
    return formatStored(recipe, bytes, pepper?.id)
  }

  return {
    hash,
    async verify(text, password) {
      const stored = typeof text === 'string' ? parseStored(text) : undefined
      if (stored === undefined && typeof text === 'string') onNotice('unreadable')
      const given = isText(password) ? password : ''
      // No account, no readable hash, no password: each takes as long as a wrong password does, so that time tells nothing.
      const recipe = stored?.recipe ?? freshRecipe()
      const keyId = stored === undefined ? pepper?.id : stored.keyId
      checkPackages(recipe, has)
      for (const spelling of spellingsOf(given)) {
        const bytes = await derive(recipe, material(spelling, keyId))
        if (stored === undefined || given === '' || !isEqual(bytes, stored.hash)) continue
        if (!isWorthRehashing(stored, spelling, given)) return { ok: true }
        try {
          return { ok: true, rehash: await hash(given) }
        } catch (error) {
          // Whoever knows the password gets in, and the better hash can wait until there is time for it.
          if (error instanceof Refusal) return { ok: true }
          throw error
        }
      }
      return WRONG
    },
  }

  function isWorthRehashing(stored: Stored, spelling: string, given: string): boolean {
    // bcrypt has compared 72 bytes. A slip behind them must not become the password.
    if (stored.recipe.kind === 'bcrypt' && Buffer.byteLength(spelling) > 72) return false
    return stored.keyId !== pepper?.id || spelling !== given.normalize('NFKC') || isWeaker(stored, strength)
  }
}

function isText(password: unknown): password is string {
  return (
    typeof password === 'string' &&
    password !== '' &&
    password.length <= MOST_CHARACTERS &&
    // UTF-8 has no lone surrogates: all of them would be the same character.
    !LONE_SURROGATE.test(password)
  )
}

/** As it is hashed here, and as a program that does not normalise has hashed it. */
function spellingsOf(password: string): readonly string[] {
  const normalised = password.normalize('NFKC')
  return normalised === password ? [password] : [normalised, password]
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && crypto.timingSafeEqual(a, b)
}

function checkPackages(recipe: Recipe, has: (need: Need) => boolean): void {
  if (recipe.kind === 'bcrypt' && !has('bcrypt')) {
    throw unavailable('a stored password is a bcrypt hash, and bcryptjs is not installed', 'npm install bcryptjs')
  }
  if (recipe.kind === 'argon2' && !has(recipe.version === 19 ? 'argon2' : 'old argon2')) {
    throw unavailable(
      'a stored password is an argon2 hash, and nothing here can read it',
      'npm install @node-rs/argon2, or use Node.js 24.7 or later',
    )
  }
}
