import type { Packages } from './packages.ts'

/** One derivation, as plain data: everything that a stored hash says, and the password. */
export type Job = Recipe & { readonly password: string }

/** How a stored hash was made. */
export type Recipe = Argon2 | Scrypt | Pbkdf2 | Bcrypt

export interface Argon2 {
  readonly kind: 'argon2'
  readonly variant: 'argon2d' | 'argon2i' | 'argon2id'
  readonly version: 16 | 19
  /** KiB. */
  readonly memory: number
  readonly passes: number
  readonly lanes: number
  readonly salt: Uint8Array
  readonly length: number
}

export interface Scrypt {
  readonly kind: 'scrypt'
  /** N. */
  readonly cost: number
  /** r. */
  readonly block: number
  /** p. */
  readonly lanes: number
  readonly salt: Uint8Array
  readonly length: number
}

export interface Pbkdf2 {
  readonly kind: 'pbkdf2'
  readonly digest: 'sha1' | 'sha256' | 'sha512'
  readonly iterations: number
  readonly salt: Uint8Array
  readonly length: number
}

export interface Bcrypt {
  readonly kind: 'bcrypt'
  readonly cost: number
  /** Version, cost and salt as they stand in front of the hash: `$2b$12$` and 22 characters. */
  readonly head: string
}

/** What a worker thread answers: the derived bytes, or why there are none. */
export type Derived = { readonly bytes: Uint8Array } | { readonly problem: string }

export type WorkerData = Packages

/**
 * The program of a worker thread. As text, because it then starts the same way from source, from a build and from a bundle, where
 * there is no file of its own to start. It loads nothing but what the main thread has found and loaded before.
 */
export const PROGRAM: string = `'use strict'
const { parentPort, workerData } = require('node:worker_threads')
const crypto = require('node:crypto')
try {
  if (process.platform === 'linux') require('node:os').setPriority(0, 10)
} catch {
  // A sandbox may forbid it; the passwords are hashed all the same.
}
const VARIANTS = ['argon2d', 'argon2i', 'argon2id']
const derive = {
  argon2: ({ variant, version, memory, passes, lanes, salt, length, password }) =>
    workerData.argon2
      ? require(workerData.argon2).hashRawSync(password, {
          algorithm: VARIANTS.indexOf(variant), version: version === 16 ? 0 : 1,
          memoryCost: memory, timeCost: passes, parallelism: lanes, outputLen: length, salt,
        })
      : crypto.argon2Sync(variant, {
          message: password, nonce: salt, memory, passes, parallelism: lanes, tagLength: length,
        }),
  scrypt: ({ cost, block, lanes, salt, length, password }) =>
    crypto.scryptSync(password, salt, length, {
      N: cost, r: block, p: lanes, maxmem: 128 * block * (cost + lanes + 2) + 65536,
    }),
  pbkdf2: ({ digest, iterations, salt, length, password }) =>
    crypto.pbkdf2Sync(password, salt, iterations, length, digest),
  bcrypt: ({ head, password }) => Buffer.from(require(workerData.bcrypt).hashSync(password, head)),
}
parentPort.on('message', (job) => {
  let answer
  try {
    answer = { bytes: new Uint8Array(derive[job.kind](job)) }
  } catch (error) {
    answer = { problem: String((error && error.message) || error) }
  }
  parentPort.postMessage(answer)
})
`
