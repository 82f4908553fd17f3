import { createRequire } from 'node:module'

/** Where the optional packages are, by their files; `undefined` for what is not installed or does not load here. */
export interface Packages {
  readonly argon2: string | undefined
  readonly bcrypt: string | undefined
}

const require = createRequire(import.meta.url)

/** Looks for `@node-rs/argon2`, and loads it once, because a native package may be installed for another machine. */
export function findArgon2(): string | undefined {
  try {
    require('@node-rs/argon2')
    return require.resolve('@node-rs/argon2')
  } catch {
    // It is optional: what is used in its place is reported by whoever asked.
    return undefined
  }
}

/** Looks for `bcryptjs`, which is needed only for the hashes that another program left behind. */
export function findBcrypt(): string | undefined {
  try {
    require('bcryptjs')
    return require.resolve('bcryptjs')
  } catch {
    // Whoever has bcrypt hashes to verify is told so when the first of them comes.
    return undefined
  }
}
