/** Ways in which a text may hold another one. Each answers `undefined` when it does not. */

const BROKEN = /%(?![0-9a-fA-F]{2})/
const BASE64 = /^[A-Za-z0-9+/_-]{8,}={0,2}$/
/** Plain numbers are numbers. */
const HEX = /^(?=\d*[a-f])[0-9a-f]+$/i
const SHORTEST_HEX = 6
const JWT = /^[A-Za-z0-9_-]{4,}\.([A-Za-z0-9_-]{4,})\.[A-Za-z0-9_-]*$/
/** A few signs are decoded one by one, which costs less than a buffer. */
const SHORT_RUN = 48
const SHORT_BASE64 = 64
const BACKSLASH = 0x5c
/** `u`, behind which a number is. */
const UNICODE = 0x75
const HEX_UNIT = /^[0-9a-f]{4}$/i
/** What a sign behind a backslash stands for in JSON. */
const CONTROLS: ReadonlyMap<number | undefined, number> = new Map(
  Object.entries({ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', u: 'u', '"': '"', '/': '/', '\\': '\\' }).map(
    ([sign, meant]) => [sign.charCodeAt(0), meant.charCodeAt(0)],
  ),
)
/** Longer base64 is a file and not a value that a query is written with. */
const LONGEST_BASE64 = 64 * 1024

/** Undoes one round of percent-encoding; bytes that are no UTF-8 stay replacement characters, as they do in lenient parsers. */
export function percentDecoded(text: string): string | undefined {
  let plain = ''
  let from = 0
  // By hand: `decodeURIComponent` throws at the first byte that is none, and a pattern costs more than all else that is done with a text.
  for (let at = text.indexOf('%'); at !== -1; at = text.indexOf('%', at)) {
    const begin = at
    while (isEncoded(text, at)) at += 3
    if (at === begin) {
      at++
      continue
    }
    plain += text.slice(from, begin) + decodedRun(text, begin, at)
    from = at
  }
  return from === 0 ? undefined : plain + text.slice(from)
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
  const first = asciiOf(text, 8)
  if (first === undefined || !isReadable(first)) return undefined
  const plain = text.length <= SHORT_BASE64 ? asciiOf(text, text.length) : undefined
  if (plain !== undefined) return isReadable(plain) ? plain : undefined
  const bytes = Buffer.from(text, 'base64')
  return isReadable(bytes) ? bytes.toString('utf8') : undefined
}

/** Undoes hexadecimal digits where that gives readable text. */
export function hexDecoded(text: string): string | undefined {
  const { length } = text
  if (length < SHORTEST_HEX || length > LONGEST_BASE64 || length % 2 === 1) return undefined
  // Digests and identifiers are no text: the first bytes tell.
  if (!isReadableHex(text, Math.min(length, SHORTEST_HEX * 2)) || !HEX.test(text)) return undefined
  const bytes = Buffer.from(text, 'hex')
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

/**
 * A text that is too large to be taken apart, together with what a form or JSON would be read from it: nobody can hide an encoded text behind
 * many others.
 */
export function readAnyhow(raw: string): string {
  const form = raw.includes('%') ? percentDecoded(raw.replaceAll('+', ' ')) : undefined
  const json = raw.includes('\\') ? unescaped(raw) : raw
  return [raw, ...(form === undefined ? [] : [form]), ...(json === raw ? [] : [json])].join('\n')
}

/** What strings of JSON would be, wherever they begin and end. */
function unescaped(raw: string): string {
  const bytes = Buffer.from(raw, 'utf16le')
  const codes = new Uint16Array(bytes.buffer, bytes.byteOffset, raw.length)
  let size = 0
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number
    const next = code === BACKSLASH ? (CONTROLS.get(codes[i + 1]) ?? -1) : -1
    if (next === -1) codes[size++] = code
    else if (next !== UNICODE) {
      codes[size++] = next
      i++
    } else {
      let unit = 0
      for (let at = i + 2; at < i + 6; at++) unit = unit * 16 + digitOf(codes[at] ?? 0)
      const isUnit = HEX_UNIT.test(raw.slice(i + 2, i + 6))
      codes[size++] = isUnit ? unit : code
      if (isUnit) i += 5
    }
  }
  return bytes.toString('utf16le', 0, size * 2)
}

function decodedRun(text: string, from: number, to: number): string {
  let plain = ''
  if (to - from <= SHORT_RUN) {
    for (let i = from; i < to; ) {
      const size = characterAt(text, i, to)
      if (size === 0) break
      plain += decodedCharacter
      i += size
      if (i === to) return plain
    }
  }
  return Buffer.from(text.slice(from, to).replaceAll('%', ''), 'hex').toString('utf8')
}

let decodedCharacter = ''

/** Reads one character of UTF-8 and answers how much of the text it takes; 0 for what is none, or beyond the first 65,536. */
function characterAt(text: string, at: number, to: number): number {
  const first = byteAt(text, at)
  if (first < 0x80) {
    decodedCharacter = String.fromCharCode(first)
    return 3
  }
  const more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : 0
  if (more === 0 || at + 3 + more * 3 > to) return 0
  let code = first & (more === 1 ? 0x1f : 0x0f)
  for (let i = 1; i <= more; i++) {
    const next = byteAt(text, at + i * 3)
    if ((next & 0xc0) !== 0x80) return 0
    code = (code << 6) | (next & 0x3f)
  }
  // Too long a form, or half of a pair.
  if (more === 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return 0
  decodedCharacter = String.fromCharCode(code)
  return 3 + more * 3
}

/** Of a `%` and two digits. */
function byteAt(text: string, at: number): number {
  return digitOf(text.charCodeAt(at + 1)) * 16 + digitOf(text.charCodeAt(at + 2))
}

/** Whether a `%` and two digits begin here. */
function isEncoded(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x25 && digitOf(text.charCodeAt(at + 1)) < 16 && digitOf(text.charCodeAt(at + 2)) < 16
}

/** Of a hexadecimal digit; 16 for any other sign, and behind the end. */
function digitOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : 16
}

function firstOf(text: string): number {
  let i = 0
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++
  return i
}

/** What so many signs of base64 hold; `undefined` when not all of it is ASCII. */
function asciiOf(text: string, length: number): string | undefined {
  let plain = ''
  let bits = 0
  let count = 0
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x3d) break
    bits = ((bits << 6) | sextetOf(code)) & 0xfff
    count += 6
    if (count < 8) continue
    count -= 8
    const byte = (bits >> count) & 255
    if (byte >= 0x80) return undefined
    plain += String.fromCharCode(byte)
  }
  return plain
}

function isReadableHex(text: string, end: number): boolean {
  for (let i = 0; i < end; i += 2) {
    const high = digitOf(text.charCodeAt(i))
    if (high > 15 || digitOf(text.charCodeAt(i + 1)) > 15) return false
    // Control characters but for blanks. What is beyond ASCII may be a letter.
    if (high < 2 && !/[9ad]/i.test(text.charAt(i + 1))) return false
  }
  return true
}

function sextetOf(code: number): number {
  if (code >= 0x61) return code - 0x61 + 26
  if (code >= 0x41) return code === 0x5f ? 63 : code - 0x41
  if (code >= 0x30) return code - 0x30 + 52
  return code === 0x2b || code === 0x2d ? 62 : 63
}

function isReadable(bytes: Uint8Array | string): boolean {
  let odd = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = typeof bytes === 'string' ? bytes.charCodeAt(i) : (bytes[i] as number)
    if (byte < 0x20 ? byte !== 9 && byte !== 10 && byte !== 13 : byte >= 0x7f) odd++
  }
  return odd * 8 <= bytes.length
}
