/** What a statement has of what escaping writes: a form that needs what is not there is not made. */
export interface Escapes {
  /** The longest form that has room in it. */
  readonly most: number
  readonly backslash: boolean
  readonly single: boolean
  readonly double: boolean
}

const ALL: Escapes = { most: Number.POSITIVE_INFINITY, backslash: true, single: true, double: true }

export function escapesOf(sql: string): Escapes {
  return {
    most: sql.length,
    backslash: sql.includes('\\'),
    single: sql.includes("''"),
    double: sql.includes('""'),
  }
}

/**
 * What an app may have made of a text before it put it into a statement, with no regard to whether that was right, as far as it may stand
 * in there.
 */
export function formsOf(text: string, { most, backslash, single, double }: Escapes = ALL): readonly string[] {
  // Blanks around it change nothing; the end of a line, which ends a comment, does.
  const bare = text.replace(/^[ \t]+|[ \t]+$/g, '')
  const trimmed = bare.trim()
  const forms = trimmed === bare || trimmed === '' ? [bare] : [bare, trimmed]
  if (!ESCAPED.test(bare)) return forms
  const [singles, doubles, backs, controls] = signsOf(bare)
  const room = most - bare.length
  if (single && singles > 0 && singles <= room) forms.push(bare.replaceAll("'", "''"))
  if (double && doubles > 0 && doubles <= room) forms.push(bare.replaceAll('"', '""'))
  if (!backslash) return forms
  if (singles + doubles + backs + controls <= room) {
    const escaped = bare.replace(/[\\'"\0\n\r\x1a]/g, escapeOne)
    if (!forms.includes(escaped)) forms.push(escaped)
  }
  if (singles + backs > 0 && singles + backs <= room && doubles + controls > 0) {
    forms.push(bare.replace(/[\\']/g, '\\$&'))
  }
  if (singles > 0 && backs > 0) {
    if (singles + backs <= room) forms.push(bare.replaceAll('\\', '\\\\').replaceAll("'", "''"))
    if (singles <= room) forms.push(bare.replaceAll("'", "\\'"))
  }
  return forms
}

/** How many of a text are single quotes, double quotes, backslashes, and signs that escaping writes as letters. */
function signsOf(text: string): readonly [number, number, number, number] {
  let single = 0
  let double = 0
  let back = 0
  let controls = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 0x27) single++
    else if (code === 0x22) double++
    else if (code === 0x5c) back++
    else if (code === 0 || code === 0x0a || code === 0x0d || code === 0x1a) controls++
  }
  return [single, double, back, controls]
}

/**
 * The longest piece of a text that every form of it holds: what is not in the statement rules the text out with one look, however
 * many texts a client sends.
 */
export function anchorOf(text: string): string {
  let best = 0
  let bestEnd = 0
  let from = 0
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && !isEscaped(text.charCodeAt(i))) continue
    if (i - from > best) {
      best = i - from
      bestEnd = i
    }
    from = i + 1
    // Long enough to be found nowhere by chance.
    if (best >= 16) break
  }
  return asciiLower(text.slice(bestEnd - best, bestEnd).trim())
}

/**
 * The text without what escaping adds or takes: every form of a text gives the same, so that one look at the statement, stripped in
 * the same way, stands for all of them. `undefined` where escaping writes letters.
 */
export function strippedOf(text: string): string | undefined {
  return /[\0\n\r\x1a]/.test(text) ? undefined : stripped(text.trim())
}

export function stripped(text: string): string {
  return asciiLower(text).replace(/['"\\]+/g, '')
}

/** Lower case that never changes the length, so that places stay places. */
export function asciiLower(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

const ESCAPED = /['"\\\0\n\r\x1a]/

function isEscaped(code: number): boolean {
  return (
    code === 0x27 || code === 0x22 || code === 0x5c || code === 0 || code === 0x0a || code === 0x0d || code === 0x1a
  )
}

function escapeOne(character: string): string {
  if (character === '\0') return '\\0'
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  if (character === '\x1a') return '\\Z'
  return `\\${character}`
}
