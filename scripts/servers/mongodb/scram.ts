import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a server keeps of a password (RFC 5802, RFC 7677). */
interface Credentials {
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

const ITERATIONS = 15_000

/** The one account of a server, which signs in with SCRAM-SHA-256. */
export class Account {
  readonly user: string
  readonly #credentials: Credentials

  constructor(user: string, password: string) {
    this.user = user
    const salt = randomBytes(28)
    const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256')
    this.#credentials = {
      salt,
      storedKey: createHash('sha256').update(hmac(salted, 'Client Key')).digest(),
      serverKey: hmac(salted, 'Server Key'),
    }
  }

  /** The first message of a client, answered; `undefined` when it is none, or somebody else's. */
  begin(message: string): Conversation | undefined {
    const bare = /^n,,(n=([^,]*),r=([^,]+))$/.exec(message)
    if (!bare || bare[2]?.replaceAll('=2C', ',').replaceAll('=3D', '=') !== this.user) return undefined
    return new Conversation(this.#credentials, bare[1] ?? '', bare[3] ?? '')
  }
}

export class Conversation {
  readonly first: string
  readonly #nonce: string
  readonly #bare: string
  readonly #credentials: Credentials

  constructor(credentials: Credentials, bare: string, clientNonce: string) {
    this.#credentials = credentials
    this.#bare = bare
    this.#nonce = clientNonce + randomBytes(18).toString('base64')
    this.first = `r=${this.#nonce},s=${credentials.salt.toString('base64')},i=${ITERATIONS}`
  }

  /** The second message of the client, answered with the proof that the server knows the password too; `undefined` when the client does not. */
  finish(message: string): string | undefined {
    const parts = /^(c=biws,r=([^,]+)),p=([A-Za-z0-9+/=]+)$/.exec(message)
    if (!parts || parts[2] !== this.#nonce) return undefined
    const text = `${this.#bare},${this.first},${parts[1]}`
    const { storedKey, serverKey } = this.#credentials
    const signature = hmac(storedKey, text)
    const proof = Buffer.from(parts[3] ?? '', 'base64')
    if (proof.length !== signature.length) return undefined
    const clientKey = signature.map((byte, index) => byte ^ (proof[index] ?? 0))
    if (!timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)) return undefined
    return `v=${hmac(serverKey, text).toString('base64')}`
  }
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
