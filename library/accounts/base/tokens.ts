import type { Store } from '../../core/store.ts'
import { randomToken, sha256 } from '../../toolbox/tokens.ts'

/** What a token is for. One that was made for another purpose opens nothing. */
export type Purpose = 'register' | 'reset' | 'email' | 'second-factor' | 'passkey' | 'passkey-sign-in'

/** Tokens for links and challenges: 256 random bits, known to the store only by their hash, good for one use within their time. */
export interface Tokens {
  /** `owner`: the account, for {@link revokeAll}. */
  issue(purpose: Purpose, payload: object, ms: number, owner?: string): Promise<string>
  /** What the token stands for, without using it up. */
  look<T>(purpose: Purpose, token: unknown): Promise<T | undefined>
  /** Uses the token up. Of many at the same moment, exactly one is answered `true`. */
  use(purpose: Purpose, token: string): Promise<boolean>
  /** Ends all tokens that were issued for an account. */
  revokeAll(owner: string): Promise<void>
}

/** 32 bytes in base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/

export function tokensIn(store: Store, app: string): Tokens {
  const keyOf = (purpose: Purpose, token: string): string => `account-token:${app}:${purpose}:${sha256(token)}`
  const ownerOf = (id: string): string => `account-tokens:${app}:${sha256(id)}`

  return {
    async issue(purpose, payload, ms, owner) {
      const token = randomToken(32)
      await store.put(keyOf(purpose, token), JSON.stringify(payload), {
        ttl: ms,
        ...(owner !== undefined && { owner: ownerOf(owner) }),
      })
      return token
    },
    async look<T>(purpose: Purpose, token: unknown) {
      if (typeof token !== 'string' || !TOKEN.test(token)) return undefined
      const entry = await store.get(keyOf(purpose, token))
      return entry && (JSON.parse(entry.value) as T)
    },
    async use(purpose, token) {
      return store.delete(keyOf(purpose, token))
    },
    async revokeAll(owner) {
      await store.deleteAllOf(ownerOf(owner))
    },
  }
}
