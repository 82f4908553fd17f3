import { BulwarkError } from '../../core/errors.ts'

/** The codes of an authenticator app: six digits, a new one every 30 seconds (RFC 6238). */
export interface Codes {
  /** 160 random bits in base32. */
  newSecret(): string
  /** What the QR code holds that an authenticator app scans. */
  uri(secret: string, issuer: string, label: string): string
  /** The time step whose code this is, of the present one and its two neighbours; `undefined` when it is of none. */
  stepOf(code: string, secret: string, now: number): number | undefined
}

const PERIOD = 30
let loaded: Promise<Codes> | undefined

/**
 * Loads the package `otpauth` when the first second factor needs it.
 *
 * @throws BulwarkError `BULWARK_PACKAGE_MISSING`
 */
export function loadCodes(): Promise<Codes> {
  loaded ??= load()
  // A package that is installed later is found without a restart.
  loaded.catch(() => {
    loaded = undefined
  })
  return loaded
}

async function load(): Promise<Codes> {
  let package_: typeof import('otpauth')
  try {
    package_ = await import('otpauth')
  } catch (cause) {
    throw new BulwarkError('BULWARK_PACKAGE_MISSING', 'codes of authenticator apps need the package otpauth', {
      fix: 'npm install otpauth@9',
      cause,
    })
  }
  const { Secret, TOTP } = package_
  const settings = { algorithm: 'SHA1', digits: 6, period: PERIOD }
  return {
    newSecret: () => new Secret({ size: 20 }).base32,
    uri: (secret, issuer, label) => new TOTP({ ...settings, issuer, label, secret }).toString(),
    stepOf(code, secret, now) {
      if (!/^\d{6}$/.test(code)) return undefined
      const delta = TOTP.validate({
        ...settings,
        token: code,
        secret: Secret.fromBase32(secret),
        timestamp: now,
        window: 1,
      })
      return delta === null ? undefined : Math.floor(now / 1000 / PERIOD) + delta
    },
  }
}
