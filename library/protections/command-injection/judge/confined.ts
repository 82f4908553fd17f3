import * as posix from './posix.ts'

/** How a command is read: by a POSIX shell, by `cmd.exe`, or by PowerShell. */
export type Shell = 'posix' | 'cmd' | 'powershell'

/** What means nothing but itself outside of quotes, wherever in a word. Everything beyond ASCII does, too. */
const PLAIN: Readonly<Record<Shell, RegExp>> = {
  // A home is read for `~` at the beginning of a word and of what is assigned.
  posix: /^[\w./:@%+,=\u0080-\uffff-](?:[\w./:@%+,=#!\u0080-\uffff-]|(?<![:=])~)*$/,
  cmd: /^[\w./\\:@+#~\u0080-\uffff-]+$/,
  powershell: /^[\w./\\:+=~\u0080-\u2017\u201c-\uffff-]+$/,
}
const EXPANDS = /[$][\w{(@*#?$!-]|[`]/
const ESCAPES = /\\(?:["$`\\\n]|$)/

/** For each character, where the way in which the shell reads it ends. */
export function endsOf(modes: Uint8Array): Int32Array {
  const ends = new Int32Array(modes.length)
  let end = modes.length
  for (let i = modes.length - 1; i >= 0; i--) {
    if (modes[i] !== modes[i + 1]) end = i + 1
    ends[i] = end
  }
  return ends
}

/**
 * Whether `text` at this place of a command is a part of one word, and nothing that the shell acts upon. `next` is the sign behind it, `ends`
 * are those of {@link endsOf}.
 */
export function isConfined(
  ends: Int32Array,
  modes: Uint8Array,
  at: number,
  text: string,
  next: string,
  shell: Shell,
): boolean {
  const mode = modes[at] as number
  if (mode === posix.ESCAPED || mode === posix.ESCAPED_IN_DOUBLE) {
    // The app put a backslash in front of the first character.
    const rest = text.slice(1)
    return rest === '' || isConfined(ends, modes, at + 1, rest, next, shell)
  }
  if (mode !== posix.ANSI && (ends[at] as number) < at + text.length) return false
  if (shell === 'posix') return isConfinedInPosix(mode, text, next)
  switch (mode) {
    case posix.SINGLE:
      return !/['\u2018-\u201b]/.test(text)
    case posix.DOUBLE:
      return shell === 'cmd' ? !/["%\r\n]/.test(text) : !/["$`\u201c-\u201e]/.test(text)
    default:
      return PLAIN[shell].test(text)
  }
}

function isConfinedInPosix(mode: number, text: string, next: string): boolean {
  switch (mode) {
    case posix.SINGLE:
      return !text.includes("'")
    case posix.DOUBLE:
      return !text.includes('"') && !expands(text, next) && !ESCAPES.test(text)
    case posix.ANSI:
      return !/['\\]/.test(text)
    case posix.COMMENT:
      return !text.includes('\n')
    case posix.DOCUMENT:
      return !expands(text, next) && !/\\(?:[$`\\\n]|$)/.test(text)
    case posix.QUOTED_DOCUMENT:
      return true
    case posix.EXPANSION:
      return /^\w+$/.test(text)
    default:
      return PLAIN.posix.test(text)
  }
}

function expands(text: string, next: string): boolean {
  return EXPANDS.test(text) || (text.endsWith('$') && /[\w{(]/.test(next))
}

const SPECIAL = /[^\w./:@%+,=\u0080-\uffff-]/g
/** What a text becomes when it is escaped for the quotes around it. */
const FORMS: readonly (readonly [number, (text: string) => string])[] = [
  [posix.SINGLE, (text) => text.replaceAll("'", "'\\''")],
  [posix.SINGLE, (text) => text.replaceAll("'", `'"'"'`)],
  [posix.DOUBLE, (text) => text.replace(/["$`\\]/g, '\\$&')],
  [posix.PLAIN, (text) => text.replace(SPECIAL, '\\$&')],
]

/** Whether the text at this place only seems to stand there: `'a` is the end of `'\\''a`, which is `'a` escaped. */
export function isPartOfEscaped(command: string, modes: Uint8Array, at: number, text: string): boolean {
  for (const [mode, escaped] of FORMS) {
    const form = escaped(text)
    if (form === text) continue
    const least = Math.max(at + text.length - form.length, 0)
    // Farther away it is another one.
    const near = command.slice(least, at + form.length)
    for (let i = near.indexOf(form); i !== -1; i = near.indexOf(form, i + 1)) if (modes[least + i] === mode) return true
  }
  return false
}

/** How `cmd.exe` and PowerShell read the characters of a command: their quotes, and nothing more. */
export function lexWindows(text: string, shell: 'cmd' | 'powershell'): Uint8Array {
  const modes = new Uint8Array(text.length)
  const escaping = shell === 'cmd' ? '^' : '`'
  let mode = posix.PLAIN
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    modes[i] = mode
    if (char === escaping && mode !== posix.SINGLE && !(shell === 'cmd' && mode === posix.DOUBLE)) {
      if (++i < text.length) modes[i] = mode === posix.DOUBLE ? posix.ESCAPED_IN_DOUBLE : posix.ESCAPED
    } else if (char === '"' && mode !== posix.SINGLE) mode = mode === posix.DOUBLE ? posix.PLAIN : posix.DOUBLE
    else if (char === "'" && shell === 'powershell' && mode !== posix.DOUBLE) {
      mode = mode === posix.SINGLE ? posix.PLAIN : posix.SINGLE
    }
  }
  return modes
}

/**
 * Whether `text` at this place of a program of any language is a part of one of its strings, or nothing but words. `quotes` are those of
 * {@link quotesOf}.
 */
export function isConfinedInCode(quotes: Uint8Array, at: number, text: string): boolean {
  switch (quotes[at]) {
    case SINGLE_QUOTE:
      return !/['\\\n]/.test(text)
    case DOUBLE_QUOTE:
      return !/["\\\n`$]|[#@]\{/.test(text)
    case BACKTICK:
      return !/[`\\]|\$\{/.test(text)
    default:
      return !/['"`\\$(){}[\];=<>|&\r\n]/.test(text)
  }
}

const SINGLE_QUOTE = 0x27
const DOUBLE_QUOTE = 0x22
const BACKTICK = 0x60
const BACKSLASH = 0x5c

/** The quote that each character of a program stands in, or 0. */
export function quotesOf(code: string): Uint8Array {
  const quotes = new Uint8Array(code.length + 1)
  let quote = 0
  for (let i = 0; i <= code.length; i++) {
    quotes[i] = quote
    const sign = code.charCodeAt(i)
    if (sign === BACKSLASH) {
      if (i < code.length) quotes[++i] = quote
    } else if (quote === 0 && (sign === SINGLE_QUOTE || sign === DOUBLE_QUOTE || sign === BACKTICK)) quote = sign
    else if (sign === quote) quote = 0
  }
  return quotes
}
