/** Ways in which a text may hold another one. Each answers `undefined` when it does not. */

const PERCENT = /%[0-9a-fA-F]{2}/
const BROKEN = /%(?![0-9a-fA-F]{2})/
const BASE64 = /^[A-Za-z0-9+/_-]{8,}={0,2}$/
const JWT = /^[A-Za-z0-9_-]{4,}\.([A-Za-z0-9_-]{4,})\.[A-Za-z0-9_-]*$/
/** A few signs are decoded one by one, which costs less than a buffer. */
const SHORT_RUN = 48
/** Longer base64 is a file and not a value that a query is written with. */
const LONGEST_BASE64 = 64 * 1024

/** Undoes one round of percent-encoding; bytes that are no UTF-8 stay replacement characters, as they do in lenient parsers. */
export function percentDecoded(text: string): string | undefined {
  if (!PERCENT.test(text)) return undefined
  // `decodeURIComponent` throws at the first byte that is none, and an error for every text of a client is dear.
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, decodedRun)
}

/**
 * A field of a form or a query as apps may get it: with whatever of it can be decoded, and, where something cannot, as it came. Parsers
 * like qs give a text back whole when one `%` in it means nothing: `7%20=7` stays, which is code to a database.
 */
export function fieldReadings(name: string, value: string): [string, string][] {
  const [plainName, plainValue] = [percentDecoded(name), percentDecoded(value)]
  const readings: [string, string][] = [[plainName ?? name, plainValue ?? value]]
  if (isLeft(name, plainName) || isLeft(value, plainValue)) readings.push([name, value])
  return readings
}

/** Whether strict parsers leave a text as it came, although lenient ones decode a part of it. */
function isLeft(text: string, decoded: string | undefined): boolean {
  return decoded !== undefined && (BROKEN.test(text) || decoded.includes('\ufffd'))
}

/** Undoes base64 and base64url where that gives readable text. */
export function base64Decoded(text: string): string | undefined {
  if (text.length < 8 || text.length > LONGEST_BASE64 || text.length % 4 === 1) return undefined
  if (!BASE64.test(text)) return undefined
  // Most words look like base64, and none of them decodes to readable text: the first six bytes tell.
  if (!isReadable(Buffer.from(text.slice(0, 8), 'base64'))) return undefined
  const bytes = Buffer.from(text, 'base64')
  return isReadable(bytes) ? bytes.toString('utf8') : undefined
}

/** The payload of a JSON Web Token, whoever signed it. */
export function jwtPayload(text: string): string | undefined {
  if (!text.startsWith('eyJ')) return undefined
  const payload = JWT.exec(text)?.[1]
  return payload === undefined ? undefined : Buffer.from(payload, 'base64url').toString('utf8')
}

/** Whether a text begins and ends like an object, a list or a string. Trying one that is none costs as much as twenty that are. */
export function isLikeJson(text: string): boolean {
  const at = firstOf(text)
  const first = text.charCodeAt(at)
  if (first !== 0x7b && first !== 0x5b && first !== 0x22) return false
  let end = text.length - 1
  while (end > at && text.charCodeAt(end) <= 0x20) end--
  const last = text.charCodeAt(end)
  if (first === 0x22) return last === first && end > at
  if (last !== first + 2) return false
  let next = at + 1
  while (text.charCodeAt(next) <= 0x20) next++
  // Templates begin with two braces.
  return first === 0x5b || next === end || text.charCodeAt(next) === 0x22
}

/** The value of text that is JSON: only objects, lists and strings are tried. */
export function jsonValue(text: string): unknown {
  if (!isLikeJson(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The form that compatibility normalisation gives: full-width quotes become quotes. */
export function normalized(text: string): string | undefined {
  if (/^[\x00-\x7f]*$/.test(text)) return undefined
  const form = text.normalize('NFKC')
  return form === text ? undefined : form
}

function decodedRun(run: string): string {
  let plain = ''
  for (let i = 0; i < run.length; i += 3) {
    const high = digitOf(run.charCodeAt(i + 1))
    if (high > 7 || i > SHORT_RUN) return Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8')
    plain += String.fromCharCode(high * 16 + digitOf(run.charCodeAt(i + 2)))
  }
  return plain
}

/** Of a hexadecimal digit. */
function digitOf(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x57
}

function firstOf(text: string): number {
  let i = 0
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++
  return i
}

function isReadable(bytes: Uint8Array): boolean {
  let odd = 0
  for (const byte of bytes) if (byte < 0x20 ? byte !== 9 && byte !== 10 && byte !== 13 : byte >= 0x7f) odd++
  return odd * 8 <= bytes.length
}
