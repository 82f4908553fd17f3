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
/** The first argument is a command, which runs later. */
const LATER = /^trap$/
const RUN_AS = /^(?:su|runuser|script|flock|sg)$/
const SSH_TAKES = /^-[bcDEeFIiJLlmOopQRSWw]$/
/** Up to the first `c`: up to any of them would take the square of the length of `-cccc!`. */
const SHELL_OPTION = /^-[A-Zabd-z]*c[A-Za-z]*$/
const RUN_AS_OPTION = /^(?:-[A-Za-z]*c|--command)$/
const CMD_OPTION = /^\/[ck]/i
/** With a program in base64, with one as it is, or with a file. */
const POWERSHELL_OPTION = /^[-/](?:e(?:c|n\w*)?|c(?:o\w*)?|f(?:i\w*)?)$/i
/** All of these programs in one pattern, since most words are none of them. */
const READS: RegExp = new RegExp(
  [SHELLS, POWERSHELLS, AWKS, EVAL, LATER, RUN_AS, /^(?:cmd|ssh|rsh)$/, ...LANGUAGES.map(([program]) => program)]
    .map(({ source }) => source)
    .join('|'),
)
const LONGEST_NAME = 24
/** What is behind so many is a part of the last one, and no other one. */
const MOST_COMMANDS = 8
/** Words that leave a shell as they found it. */
const QUIET = /^[\w./:@%+,=\s\u0080-\uffff-]*$/

/** The program's name, without folder and ending, in lower case. */
export function programOf(file: string): string {
  const name = file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1).toLowerCase()
  return name.endsWith('.exe') ? name.slice(0, -4) : name
}

/** What in this list of words will be run as text, by the program or by one that it starts, such as in `find -exec sh -c`. */
export function readingsOf(words: readonly string[]): Reading[] {
  const readings: Reading[] = []
  let search: Search | undefined
  for (let i = 0; i < words.length; i++) {
    const name = programOf(words[i] as string)
    if (name.length > LONGEST_NAME || !READS.test(name)) continue
    search ??= new Search(words)
    const reading = readingAt(name, i, search)
    if (reading !== undefined) readings.push(reading)
  }
  return readings
}

/**
 * Looks through one list of words. **Security**: a list may hold `sh` twenty thousand times. None of them looks through the rest of it again,
 * and what several of them would run is read once.
 */
class Search {
  readonly words: readonly string[]
  readonly #next = new Map<RegExp, number>()
  readonly #taken = new Set<string>()
  /** Where what was last read as one command begins, and how far it is known to be words without quotes. */
  #joined = Number.POSITIVE_INFINITY
  #quiet = 0
  #commands = 0

  constructor(words: readonly string[]) {
    this.words = words
  }

  /** The first word behind `start` that is like this, or -1. Asked with a `start` that only grows. */
  behind(start: number, pattern: RegExp): number {
    const { words } = this
    let at = this.#next.get(pattern) ?? 0
    if (at === -1) return -1
    for (at = Math.max(at, start + 1); at < words.length; at++) if (pattern.test(words[at] as string)) break
    if (at === words.length) at = -1
    this.#next.set(pattern, at)
    return at
  }

  /** Whether nothing was read in this way from here on before. */
  take(kind: string, at: number): boolean {
    const key = `${kind} ${at}`
    return !this.#taken.has(key) && this.#taken.add(key) !== undefined
  }

  shell(at: number): Reading | undefined {
    const text = this.words[at]
    if (text === undefined || !this.take('posix', at)) return undefined
    return { kind: 'shell', shell: 'posix', text, at }
  }

  code(at: number): Reading | undefined {
    const text = this.words[at]
    return text === undefined || !this.take('code', at) ? undefined : { kind: 'code', text, at }
  }

  /**
   * All of the rest is one command, of the program at `start`. Where that stands in such a rest itself, it is read as a part of it, but for
   * quotes that may reach over it.
   */
  joined(start: number, at: number): Reading | undefined {
    const { words } = this
    if (at >= words.length) return undefined
    let isPart = this.#joined <= start
    for (; isPart && this.#quiet < at; this.#quiet++) isPart = QUIET.test(words[this.#quiet] as string)
    if (isPart || ++this.#commands > MOST_COMMANDS) return undefined
    if (this.#joined > start && this.#commands > 1) return this.#rest(at)
    this.#joined = at
    this.#quiet = at
    return this.#rest(at)
  }

  #rest(at: number): Reading {
    return { kind: 'shell', shell: 'posix', text: this.words.slice(at).join(' '), at }
  }

  cmd(start: number): Reading | undefined {
    const at = this.behind(start, CMD_OPTION)
    if (at === -1 || !this.take('cmd', at)) return undefined
    const first = this.words[at]?.slice(2) ?? ''
    const text = [...(first === '' ? [] : [first]), ...this.words.slice(at + 1)].join(' ')
    return { kind: 'shell', shell: 'cmd', text: /^".*"$/s.test(text) ? text.slice(1, -1) : text, at }
  }

  powershell(start: number): Reading | undefined {
    const at = this.behind(start, POWERSHELL_OPTION)
    const option = this.words[at] ?? ''
    if (at === -1 || /^.f/i.test(option) || !this.take('powershell', at)) return undefined
    const text = /^.e/i.test(option)
      ? Buffer.from(this.words[at + 1] ?? '', 'base64').toString('utf16le')
      : this.words.slice(at + 1).join(' ')
    return { kind: 'shell', shell: 'powershell', text, at }
  }
}

function readingAt(name: string, start: number, search: Search): Reading | undefined {
  const { words } = search
  if (SHELLS.test(name)) return search.shell(behind(search, start, SHELL_OPTION))
  if (RUN_AS.test(name)) return search.shell(behind(search, start, RUN_AS_OPTION))
  if (POWERSHELLS.test(name)) return search.powershell(start)
  if (name === 'cmd') return search.cmd(start)
  if (EVAL.test(name)) return search.joined(start, start + 1)
  if (LATER.test(name)) return search.shell(start + (words[start + 1] === '--' ? 2 : 1))
  if (name === 'ssh' || name === 'rsh') {
    let at = start + 1
    while (words[at]?.startsWith('-')) at += SSH_TAKES.test(words[at] as string) ? 2 : 1
    return search.joined(start, at + 1)
  }
  if (AWKS.test(name)) {
    let at = start + 1
    while (words[at]?.startsWith('-')) at += /^-[Fvf]$/.test(words[at] as string) ? 2 : 1
    return search.code(at)
  }
  for (const [program, option] of LANGUAGES) if (program.test(name)) return search.code(behind(search, start, option))
  return undefined
}

/** Where the argument of an option stands; behind the last word when there is none. */
function behind(search: Search, start: number, option: RegExp): number {
  const at = search.behind(start, option)
  return at === -1 ? search.words.length : at + 1
}
