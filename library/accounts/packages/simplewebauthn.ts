import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { BulwarkError } from '../../core/errors.ts'
import type { Passkey } from '../store.ts'

/** What the browser is asked, as JSON: `PublicKeyCredential.parseCreationOptionsFromJSON(options)` and its sister read it. */
export type PasskeyOptions = Readonly<Record<string, unknown>>

/** To whom passkeys belong, and the question that they answer. */
export interface Ceremony {
  readonly rpId: string
  readonly origins: readonly string[]
  /** In base64url. */
  readonly challenge: string
}

export interface Passkeys {
  creationOptions(
    ceremony: Ceremony,
    about: {
      readonly title: string
      readonly handle: string
      readonly label: string
      readonly existing: readonly Passkey[]
    },
  ): Promise<PasskeyOptions>
  requestOptions(ceremony: Ceremony): Promise<PasskeyOptions>
  /** The new credential. @throws what the package throws when anything about the answer is not as it must be */
  verifyCreation(
    ceremony: Ceremony,
    response: unknown,
  ): Promise<Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'transports' | 'backedUp'>>
  /** The signature counter, from an answer whose signature is right. @throws as above */
  verifyRequest(
    ceremony: Ceremony,
    response: unknown,
    passkey: Passkey,
  ): Promise<{ readonly counter: number; readonly backedUp: boolean }>
}

/** EdDSA, ES256 and RS256: what authenticators have. */
const ALGORITHMS = [-8, -7, -257]
const TRANSPORTS: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']
let loaded: Promise<Passkeys> | undefined

/**
 * Loads the package `@simplewebauthn/server` when the first passkey needs it.
 *
 * @throws BulwarkError `BULWARK_PACKAGE_MISSING`
 */
export function loadPasskeys(): Promise<Passkeys> {
  loaded ??= load()
  // A package that is installed later is found without a restart.
  loaded.catch(() => {
    loaded = undefined
  })
  return loaded
}

async function load(): Promise<Passkeys> {
  let package_: typeof import('@simplewebauthn/server')
  try {
    package_ = await import('@simplewebauthn/server')
  } catch (cause) {
    throw new BulwarkError('BULWARK_PACKAGE_MISSING', 'passkeys need the package @simplewebauthn/server', {
      fix: 'npm install @simplewebauthn/server@14',
      cause,
    })
  }
  const { generateRegistrationOptions, generateAuthenticationOptions } = package_
  const { verifyRegistrationResponse, verifyAuthenticationResponse } = package_

  return {
    async creationOptions({ rpId, challenge }, { title, handle, label, existing }) {
      return toOptions(
        await generateRegistrationOptions({
          rpName: title,
          rpID: rpId,
          userName: label,
          userDisplayName: label,
          userID: bytes(Buffer.from(handle)),
          challenge: bytes(Buffer.from(challenge, 'base64url')),
          attestationType: 'none',
          excludeCredentials: existing.map(({ id, transports }) => ({ id, transports: [...transports] })),
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
          supportedAlgorithmIDs: ALGORITHMS,
        }),
      )
    },

    async requestOptions({ rpId, challenge }) {
      return toOptions(
        await generateAuthenticationOptions({
          rpID: rpId,
          challenge: bytes(Buffer.from(challenge, 'base64url')),
          userVerification: 'required',
        }),
      )
    },

    async verifyCreation({ rpId, origins, challenge }, response) {
      checkFrame(response)
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: response as RegistrationResponseJSON,
        expectedChallenge: challenge,
        expectedOrigin: [...origins],
        expectedRPID: rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS,
      })
      if (!verified) throw new Error('the attestation is not right')
      const { credential, credentialBackedUp } = registrationInfo
      const { id, publicKey, counter } = credential
      // As the browser says, and so only as a hint to browsers.
      const transports = (credential.transports ?? []).filter((each) => TRANSPORTS.includes(each))
      return {
        id,
        publicKey: Buffer.from(publicKey).toString('base64url'),
        counter,
        transports,
        backedUp: credentialBackedUp,
      }
    },

    async verifyRequest({ rpId, origins, challenge }, response, passkey) {
      checkFrame(response)
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: response as AuthenticationResponseJSON,
        expectedChallenge: challenge,
        expectedOrigin: [...origins],
        expectedRPID: rpId,
        requireUserVerification: true,
        // The package looks at the counter before the signature: anybody could then make it cry that the key was copied.
        credential: { id: passkey.id, publicKey: bytes(Buffer.from(passkey.publicKey, 'base64url')), counter: 0 },
      })
      if (!verified) throw new Error('the signature is not right')
      return { counter: authenticationInfo.newCounter, backedUp: authenticationInfo.credentialBackedUp }
    },
  }
}

/**
 * An answer that was given inside of a frame of another site is refused; the package lets it pass when the browser does not name the site.
 * **Security**: CWE-1021; WebAuthn Level 3, section 13.4.9.
 */
function checkFrame(response: unknown): void {
  const text = (response as { response?: { clientDataJSON?: unknown } } | null | undefined)?.response?.clientDataJSON
  if (typeof text !== 'string') throw new Error('the answer holds no clientDataJSON')
  const data = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as { crossOrigin?: unknown } | null
  if (data?.crossOrigin !== undefined && data.crossOrigin !== false) throw new Error('the answer was given in a frame')
}

/** Leaves out what is `undefined`, as JSON does. */
function toOptions(options: object): PasskeyOptions {
  return JSON.parse(JSON.stringify(options)) as PasskeyOptions
}

function bytes(buffer: Buffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer)
}
