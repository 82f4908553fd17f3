/** What a program makes of its arguments. */
export type Reading =
  /** One of them is a command for a shell. */
  | {
      readonly kind: 'shell'
      readonly shell: 'posix' | 'cmd' | 'powershell'
      readonly text: string
      readonly at: number
    }
  /** One of them is a program in another language. */
  | { readonly kind: 'code'; readonly text: string; readonly at: number }

const SHELLS = /^(?:sh|bash|dash|ash|ksh|mksh|zsh|fish|csh|tcsh|rbash)$/
const POWERSHELLS = /^(?:powershell|pwsh)$/
/** The options behind which these languages take a program. */
const LANGUAGES: readonly (readonly [RegExp, RegExp])[] = [
  [/^(?:node|nodejs|bun|electron)$/, /^(?:-e|--eval|-p|--print|-pe)$/],
  [/^(?:python|pypy)[\d.]*$/, /^-[A-Za-z]*c$/],
  [/^(?:perl|ruby)[\d.]*$/, /^-[A-Za-z]*[eE]$/],
  [/^php[\d.]*$/, /^-[rRBE]$/],
  [/^(?:lua|luajit|osascript|rscript|julia|elixir|groovy|scala)[\d.]*$/, /^-e$/],
  [/^deno$/, /^eval$/],
  [/^sed$/, /^(?:-e|--expression)$/],
]
const AWKS = /^(?:[gmn]?awk)$/
/** Their whole line, or the argument behind an option, is a command for a shell. */
const EVAL = /^(?:eval|watch)$/
const RUN_AS = /^(?:su|runuser|script|flock|sg)$/
const SSH_TAKES = /^-[bcDEeFIiJLlmOopQRSWw]$/

/** The program's name, without folder and ending, in lower case. */
export function programOf(file: string): string {
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1).toLowerCase()
  return name.endsWith('.exe') ? name.slice(0, -4) : name
}

/** What in this list of words will be run as text, by the program or by one that it starts, such as in `find -exec sh -c`. */
export function readingsOf(words: readonly string[]): Reading[] {
  const readings: Reading[] = []
  for (let i = 0; i < words.length; i++) {
    const reading = readingAt(words, i)
    if (reading !== undefined) readings.push(reading)
  }
  return readings
}

function readingAt(words: readonly string[], start: number): Reading | undefined {
  const name = programOf(words[start] as string)
  if (SHELLS.test(name)) return behind(words, start, /^-[A-Za-z]*c[A-Za-z]*$/, 'shell')
  if (RUN_AS.test(name)) return behind(words, start, /^(?:-[A-Za-z]*c|--command)$/, 'shell')
  if (POWERSHELLS.test(name)) return powershell(words, start)
  if (name === 'cmd') {
    const at = words.findIndex((word, i) => i > start && /^\/[ck]/i.test(word))
    const first = words[at]?.slice(2) ?? ''
    if (at === -1) return undefined
    const text = [...(first === '' ? [] : [first]), ...words.slice(at + 1)].join(' ')
    return { kind: 'shell', shell: 'cmd', text: /^".*"$/s.test(text) ? text.slice(1, -1) : text, at }
  }
  if (EVAL.test(name)) return joined(words, start + 1)
  if (name === 'ssh' || name === 'rsh') {
    let at = start + 1
    while (words[at]?.startsWith('-')) at += SSH_TAKES.test(words[at] as string) ? 2 : 1
    return joined(words, at + 1)
  }
  if (AWKS.test(name)) {
    let at = start + 1
    while (words[at]?.startsWith('-')) at += /^-[Fvf]$/.test(words[at] as string) ? 2 : 1
    return code(words, at)
  }
  for (const [program, option] of LANGUAGES) if (program.test(name)) return behind(words, start, option, 'code')
  return undefined
}

function behind(words: readonly string[], start: number, option: RegExp, kind: Reading['kind']): Reading | undefined {
  const at = words.findIndex((word, i) => i > start && option.test(word)) + 1
  if (at === 0) return undefined
  return kind === 'code' ? code(words, at) : shell(words, at)
}

function powershell(words: readonly string[], start: number): Reading | undefined {
  for (let at = start + 1; at < words.length; at++) {
    const word = words[at] as string
    if (/^[-/]e(?:c|n\w*)?$/i.test(word)) {
      return {
        kind: 'shell',
        shell: 'powershell',
        text: Buffer.from(words[at + 1] ?? '', 'base64').toString('utf16le'),
        at,
      }
    }
    if (/^[-/]c(?:o\w*)?$/i.test(word))
      return { kind: 'shell', shell: 'powershell', text: words.slice(at + 1).join(' '), at }
    if (/^[-/]f(?:i\w*)?$/i.test(word)) return undefined
  }
  return undefined
}

function joined(words: readonly string[], at: number): Reading | undefined {
  if (at >= words.length) return undefined
  return { kind: 'shell', shell: 'posix', text: words.slice(at).join(' '), at }
}

function shell(words: readonly string[], at: number): Reading | undefined {
  const text = words[at]
  return text === undefined ? undefined : { kind: 'shell', shell: 'posix', text, at }
}

function code(words: readonly string[], at: number): Reading | undefined {
  const text = words[at]
  return text === undefined ? undefined : { kind: 'code', text, at }
}
