import * as posix from './posix.ts'

/** How a command is read: by a POSIX shell, by `cmd.exe`, or by PowerShell. */
export type Shell = 'posix' | 'cmd' | 'powershell'

/** What means nothing but itself outside of quotes, wherever in a word. Everything beyond ASCII does, too. */
const PLAIN: Readonly<Record<Shell, RegExp>> = {
  posix: /^[\w./:@%+,=\u0080-\uffff-][\w./:@%+,=#!\u0080-\uffff-]*$/,
  cmd: /^[\w./\\:@+#~\u0080-\uffff-]+$/,
  powershell: /^[\w./\\:+=~\u0080-\u2017\u201c-\uffff-]+$/,
}
const EXPANDS = /[$][\w{(@*#?$!-]|[`]/
const ESCAPES = /\\(?:["$`\\\n]|$)/

/** Whether `text` at this place of the command is a part of one word, and nothing that the shell acts upon. */
export function isConfined(command: string, modes: Uint8Array, at: number, text: string, shell: Shell): boolean {
  const mode = modes[at] as number
  if (mode === posix.ESCAPED || mode === posix.ESCAPED_IN_DOUBLE) {
    // The app put a backslash in front of the first character.
    const rest = text.slice(1)
    return rest === '' || isConfined(command, modes, at + 1, rest, shell)
  }
  for (let i = at + 1; i < at + text.length; i++) if (modes[i] !== mode && mode !== posix.ANSI) return false
  if (shell === 'posix') return isConfinedInPosix(mode, text, command[at + text.length] ?? '')
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
    const least = at + text.length - form.length
    let start = command.indexOf(form, Math.max(least, 0))
    for (; start !== -1 && start <= at; start = command.indexOf(form, start + 1)) if (modes[start] === mode) return true
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

/** Whether `text` at this place of a program of any language is a part of one of its strings, or nothing but words. */
export function isConfinedInCode(code: string, at: number, text: string): boolean {
  switch (quoteAt(code, at)) {
    case "'":
      return !/['\\\n]/.test(text)
    case '"':
      return !/["\\\n`$]|[#@]\{/.test(text)
    case '`':
      return !/[`\\]|\$\{/.test(text)
    default:
      return !/['"`\\$(){}[\];=<>|&\r\n]/.test(text)
  }
}

function quoteAt(code: string, at: number): string {
  let quote = ''
  for (let i = 0; i < at; i++) {
    const char = code[i] as string
    if (char === '\\') i++
    else if (quote === '' && /['"`]/.test(char)) quote = char
    else if (char === quote) quote = ''
  }
  return quote
}
