/** A cookie's value with another identity in it, and what was exchanged for what. */
export interface Forgery {
  readonly value: string
  readonly from: string
  readonly to: string
}

/** Longer numbers are no identifiers that one could guess, but times or chance. */
const NUMBER = /(?<!\d)\d{1,6}(?!\d)/
const NAMED = /((?:user|name|login|account|sub|email|uid)"?\s*[:=]\s*"?)([a-z][\w.@-]{1,40})/i

/**
 * Values that name somebody else, for a cookie that shows whom it names: a short number or a name, plainly, percent-encoded, or in Base64.
 * None when nothing of the kind can be read. A signature behind it stays, and is then wrong.
 */
export function forgeries(value: string): readonly Forgery[] {
  const plain = percentDecoded(value)
  const direct = exchanges(plain).map(({ value: text, ...rest }) => ({ ...rest, value: encodeURIComponent(text) }))
  const found = direct.length > 0 && isReadable(plain) ? direct : []
  const parts = plain.split('.')
  const coded = parts.flatMap((part, i) => {
    const text = base64Text(part)
    if (text === undefined) return []
    return exchanges(text).map((forged) => {
      const again = parts.map((other, j) => (j === i ? Buffer.from(forged.value).toString('base64url') : other))
      return { ...forged, value: encodeURIComponent(again.join('.')) }
    })
  })
  return [...found, ...coded].slice(0, 6)
}

function exchanges(text: string): Forgery[] {
  const number = NUMBER.exec(text)
  if (number) {
    const [from] = number
    const near = [...new Set([Number(from) + 1, Number(from) - 1, Number(from) + 2, 1, 2])].filter(
      (n) => n > 0 && String(n) !== from,
    )
    return near.slice(0, 3).map((n) => ({ from, to: String(n), value: replaced(text, number.index, from, String(n)) }))
  }
  const name = NAMED.exec(text)
  if (!name) return []
  const [all, before = '', from = ''] = name
  const to = from.toLowerCase() === 'admin' ? 'root' : 'admin'
  return [{ from, to, value: replaced(text, name.index, all, before + to) }]
}

function replaced(text: string, at: number, from: string, to: string): string {
  return text.slice(0, at) + to + text.slice(at + from.length)
}

/** Random tokens have digits too. An identifier stands alone, or in front of a signature. */
function isReadable(text: string): boolean {
  const first = text.replace(/^s:/, '').split('.')[0] ?? ''
  return /^[a-z_-]{0,12}[:=|-]?\d{1,6}$/i.test(first) || /^[[{"]/.test(text) || NAMED.test(text)
}

function base64Text(part: string): string | undefined {
  if (part.length < 4 || !/^[\w+/-]+={0,2}$/.test(part)) return undefined
  const text = Buffer.from(part, 'base64').toString('utf8')
  return /^[\x20-\x7e]{2,}$/.test(text) && /["=:|{]|^\d{1,6}$/.test(text) ? text : undefined
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
