import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { constantTimeEqual } from '../../../toolbox/tokens.ts'
import type { OldCookie } from '../earlier.ts'

const LONGEST = 1024
const IV = 12
const TAG = 16

/**
 * The id of `s:<id>.<HMAC-SHA-256 in base64>`, percent-encoded, as `express-session` writes it.
 * **Security**: compared in constant time (CWE-208); without a right signature nothing is looked for.
 */
export function unsign(value: string, secrets: readonly string[]): OldCookie | undefined {
  if (value.length > LONGEST) return undefined
  let text: string
  try {
    text = decodeURIComponent(value)
  } catch {
    return undefined
  }
  const dot = text.lastIndexOf('.')
  if (!text.startsWith('s:') || dot < 3) return undefined
  const id = text.slice(2, dot)
  const signature = text.slice(dot + 1)
  const secret = secrets.find((each) => constantTimeEqual(signature, signatureOf(id, each)))
  return secret === undefined ? undefined : { id, secret }
}

function signatureOf(id: string, secret: string): string {
  return createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')
}

/** The new id for those who have the old cookie: whoever reads the store must not be able to use it (CWE-522). */
export function seal(old: OldCookie, id: string): string {
  const iv = randomBytes(IV)
  const cipher = createCipheriv('aes-256-gcm', keyOf(old), iv)
  const sealed = Buffer.concat([cipher.update(id, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
}

/** `undefined` for what was sealed for another cookie. */
export function open(old: OldCookie, text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length <= IV + TAG) return undefined
  const decipher = createDecipheriv('aes-256-gcm', keyOf(old), bytes.subarray(0, IV), { authTagLength: TAG })
  decipher.setAuthTag(bytes.subarray(IV, IV + TAG))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(IV + TAG)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function keyOf({ id, secret }: OldCookie): Buffer {
  return createHmac('sha256', secret).update(`bulwark take-over\0${id}`).digest()
}
