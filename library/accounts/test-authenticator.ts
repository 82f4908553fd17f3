import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import type { PasskeyOptions } from './packages/simplewebauthn.ts'

export interface AuthenticatorOptions {
  /** The origin that the browser puts into what is signed. */
  readonly origin: string
  /** The domain that the browser lets the page ask for. @default the host of the origin */
  readonly rpId?: string
  /** Whether the person was verified by a PIN, a finger or a face. @default true */
  readonly verifies?: boolean
  /** How far the signature counter goes on with each use. @default 1 */
  readonly countsBy?: number
  /** The site whose frame the page is in. */
  readonly crossOrigin?: boolean
}

/** A WebAuthn authenticator and the browser in front of it, in a few lines: makes real keys and real signatures (ES256, attestation none). */
export interface Authenticator {
  create(options: PasskeyOptions): unknown
  /** `change`: what is different this time, and what the browser is made to lie about. */
  get(options: PasskeyOptions, change?: Partial<AuthenticatorOptions> & Lies): unknown
  /** The signature counter; set back, it is that of a copy. */
  counter: number
}

export interface Lies {
  readonly userHandle?: string | undefined
  readonly credentialId?: string
  readonly signature?: string
}

interface Options {
  readonly challenge: string
  readonly user?: { readonly id: string }
}

export function makeAuthenticator(usual: AuthenticatorOptions): Authenticator {
  let key: KeyObject | undefined
  let id = Buffer.alloc(0)
  let handle: string | undefined

  const clientData = (type: string, challenge: string, { origin, crossOrigin = false }: AuthenticatorOptions): Buffer =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin }))

  const authenticatorData = (credential: Buffer, options: AuthenticatorOptions): Buffer => {
    const { origin, rpId = new URL(origin).hostname, verifies = true, countsBy = 1 } = options
    authenticator.counter += countsBy
    const flags = 0x01 | (verifies ? 0x04 : 0) | (credential.length > 0 ? 0x40 : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(authenticator.counter)
    return Buffer.concat([createHash('sha256').update(rpId).digest(), Buffer.from([flags]), counter, credential])
  }

  const authenticator: Authenticator = {
    counter: 0,
    create(given) {
      const { challenge, user } = given as unknown as Options
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      key = pair.privateKey
      id = randomBytes(16)
      handle = user?.id
      const { x = '', y = '' } = pair.publicKey.export({ format: 'jwk' })
      const length = Buffer.alloc(2)
      length.writeUInt16BE(id.length)
      const credential = Buffer.concat([Buffer.alloc(16), length, id, coseKey(x, y)])
      const attestation = cborMap([
        [text('fmt'), text('none')],
        [text('attStmt'), cborMap([])],
        [text('authData'), byteString(authenticatorData(credential, usual))],
      ])
      const data = clientData('webauthn.create', challenge, usual)
      return credentialJson(id, {
        clientDataJSON: data.toString('base64url'),
        attestationObject: attestation.toString('base64url'),
        transports: ['internal', 'teleport'],
      })
    },
    get(given, change = {}) {
      const options = { ...usual, ...change }
      const { credentialId } = change
      if (key === undefined) throw new Error('this authenticator holds no key')
      const data = clientData('webauthn.get', (given as unknown as Options).challenge, options)
      const authData = authenticatorData(Buffer.alloc(0), options)
      const signed = Buffer.concat([authData, createHash('sha256').update(data).digest()])
      return credentialJson(credentialId === undefined ? id : Buffer.from(credentialId, 'base64url'), {
        clientDataJSON: data.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: change.signature ?? sign('sha256', signed, key).toString('base64url'),
        userHandle: 'userHandle' in change ? change.userHandle : handle,
      })
    },
  }
  return authenticator
}

function credentialJson(id: Buffer, response: object): unknown {
  const name = id.toString('base64url')
  return { id: name, rawId: name, type: 'public-key', clientExtensionResults: {}, response }
}

/** An ES256 key as COSE has it (RFC 9053): kty 2, alg -7, crv 1, x, y. */
function coseKey(x: string, y: string): Buffer {
  const point = (part: string): Buffer => byteString(Buffer.from(part, 'base64url'))
  return cborMap([
    [integer(1), integer(2)],
    [integer(3), integer(-7)],
    [integer(-1), integer(1)],
    [integer(-2), point(x)],
    [integer(-3), point(y)],
  ])
}

// As much of CBOR (RFC 8949) as an authenticator speaks.
function head(major: number, size: number): Buffer {
  if (size < 24) return Buffer.from([(major << 5) | size])
  if (size < 256) return Buffer.from([(major << 5) | 24, size])
  return Buffer.from([(major << 5) | 25, size >> 8, size & 0xff])
}

function integer(value: number): Buffer {
  return value < 0 ? head(1, -1 - value) : head(0, value)
}

function text(value: string): Buffer {
  return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
}

function byteString(value: Buffer): Buffer {
  return Buffer.concat([head(2, value.length), value])
}

function cborMap(pairs: readonly (readonly [Buffer, Buffer])[]): Buffer {
  return Buffer.concat([head(5, pairs.length), ...pairs.flat()])
}
