import { randomInt, type X509Certificate } from 'node:crypto'
import { parse, readDirectory } from './client.ts'
import { ask } from './wire.ts'

/** What an authority says about when a certificate is better renewed, and what was made of it. */
export interface RenewalPlan {
  /** Which certificate it is about. */
  readonly certificate: string
  /** The moment to renew at, milliseconds since the epoch; `undefined` where the authority says nothing about it. */
  readonly renewAt: number | undefined
  /** What the moment was chosen from. */
  readonly start: number | undefined
  readonly end: number | undefined
  /** When to ask again, milliseconds since the epoch. */
  readonly askAt: number
}

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]
/** How often is asked where the authority names no time, and after it could not be asked (RFC 9773, 4.3). */
const ASK_EVERY = 6 * HOUR
const AUTHORITY_KEY_IDENTIFIER = Buffer.from('0603551d23', 'hex')

/**
 * How an authority knows a certificate: its own key's identifier and the serial number (RFC 9773, 4.1). `undefined` where the certificate does
 * not say which key signed it.
 */
export function certificateId(certificate: X509Certificate): string | undefined {
  const issuer = authorityKeyOf(certificate.raw)
  if (issuer === undefined) return undefined
  const digits = certificate.serialNumber
  const serial = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
  // As in the certificate itself: a first bit that is set would make the number a negative one.
  const own = (serial[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.from([0]), serial]) : serial
  return `${issuer.toString('base64url')}.${own.toString('base64url')}`
}

/**
 * Asks the authority when the certificate is better renewed: earlier than usual when it has to be revoked, spread over time otherwise.
 * Once chosen, the moment stays for as long as the authority's window does.
 *
 * **Security**: only asked for, never obeyed beyond the certificate's own end; an authority that is away or talks nonsense changes nothing.
 */
export async function askRenewal(
  certificate: X509Certificate,
  known: RenewalPlan | undefined,
  { directory, ca, now }: { readonly directory: string; readonly ca?: string; readonly now: number },
): Promise<RenewalPlan | undefined> {
  const id = certificateId(certificate)
  if (id === undefined) return undefined
  const before = known?.certificate === id ? known : undefined
  if (before !== undefined && now < before.askAt) return before
  const { renewAt, start, end } = before ?? {}
  const unchanged = { certificate: id, renewAt, start, end, askAt: now + ASK_EVERY }
  try {
    const about = ca === undefined ? {} : { ca }
    const { renewalInfo } = await readDirectory(directory, about)
    if (renewalInfo === undefined) return { ...unchanged, renewAt: undefined, start: undefined, end: undefined }
    const answer = await ask(`${renewalInfo.replace(/\/$/, '')}/${id}`, about)
    const askAt = now + waitIn(answer.header('retry-after'), now)
    const window = answer.status === 200 ? windowIn(answer.text, Date.parse(certificate.validTo)) : undefined
    if (window === undefined) return { ...unchanged, askAt }
    const isKnown = before !== undefined && window.start === before.start && window.end === before.end
    return { certificate: id, askAt, ...window, renewAt: isKnown ? before.renewAt : momentIn(window) }
  } catch {
    // It is a hint. What is known goes on to hold, and the end of the certificate does so anyway.
    return unchanged
  }
}

/** What was written down of an earlier answer; `undefined` for anything else. */
export function readPlan(text: string | undefined): RenewalPlan | undefined {
  const { certificate, renewAt, start, end, askAt } = parse(text ?? '')
  const isTime = (value: unknown): value is number | undefined => value === undefined || Number.isFinite(value)
  if (typeof certificate !== 'string' || typeof askAt !== 'number') return undefined
  if (!isTime(renewAt) || !isTime(start) || !isTime(end)) return undefined
  return { certificate, renewAt, start, end, askAt }
}

function windowIn(text: string, expires: number): { readonly start: number; readonly end: number } | undefined {
  const { suggestedWindow } = parse(text)
  const { start, end } = (suggestedWindow ?? {}) as { readonly start?: unknown; readonly end?: unknown }
  const window = { start: Date.parse(String(start)), end: Date.parse(String(end)) }
  return window.start < window.end && window.end < expires ? window : undefined
}

/** At random, so that those who got theirs together do not all come back together. */
function momentIn({ start, end }: { readonly start: number; readonly end: number }): number {
  return start + randomInt(Math.min(end - start, 2 ** 47))
}

/** Seconds or a date, between a minute and a day. */
function waitIn(header: string | undefined, now: number): number {
  const seconds = /^\d{1,9}$/.test(header ?? '') ? Number(header) * 1000 : Date.parse(header ?? '') - now
  return Number.isNaN(seconds) ? ASK_EVERY : Math.min(DAY, Math.max(MINUTE, seconds))
}

/** The identifier in the extension: OCTET STRING { SEQUENCE { [0] identifier ... } } (RFC 5280, 4.2.1.1). */
function authorityKeyOf(der: Buffer): Buffer | undefined {
  const at = der.indexOf(AUTHORITY_KEY_IDENTIFIER)
  if (at === -1) return undefined
  const value = der.subarray(at + AUTHORITY_KEY_IDENTIFIER.length)
  const length = value[5] ?? 0
  const isOne = value[0] === 0x04 && value[2] === 0x30 && value[4] === 0x80 && length > 0 && length <= 64
  return isOne && value.length >= 6 + length ? value.subarray(6, 6 + length) : undefined
}
