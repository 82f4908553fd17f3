import { Finder } from '../../../toolbox/finder.ts'
import { isConfined, isConfinedInCode, isPartOfEscaped, lexWindows, quotesOf } from './confined.ts'
import { type Lexed, lexPosix } from './posix.ts'
import { programOf, type Reading, readingsOf } from './programs.ts'

/** What a text of the client's would be: code of a shell or another language, an option, or the program itself. */
export type Verdict = 'code' | 'option' | 'program'

/** Shells in shells in shells: nobody writes more of them. */
const DEEPEST = 4
/** What is read of one command. Whoever sends so much of it that this does not suffice wants to tire whoever reads it. */
const MOST_WORK = 2_000_000
const EACH = 50
const OPTION = /^--?[A-Za-z]/
/** An option that brings its own value along. */
const OPTION_WITH_VALUE = /^(?:--[A-Za-z][\w-]*=|-[A-Za-z]\S*[=/])/
/** `--help` alone is what it says behind nearly every option; behind these stands a text, whatever it begins with. */
const LONG_OPTION = /^--[A-Za-z][\w-]*$/
const TAKES_TEXT = /^(?:-m|-e|--(?:message|regexp|expression|title|subject|body|text|name|comment|description|author))$/
/** Their options change nothing but how they write. */
const WRITERS = /^(?:echo|printf|test|\[|true|false)$/
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/
const RESERVED = /^(?:if|then|elif|else|do|while|until|!|\{|time|exec|command|builtin)$/

/** Judges one program with its arguments against what a client sent. `undefined`: nothing of it is more than a value. */
export function judge(words: readonly string[], texts: readonly string[], depth = 0): Verdict | undefined {
  const readings = readingsOf(words)
  const code = readings.some((reading) => judgeReading(reading, texts, depth)) ? 'code' : undefined
  if (code !== undefined) return code
  const [file = ''] = words
  if (texts.some((text) => text === file && /[/\\=]/.test(text))) return 'program'
  // What stands behind a command of a shell is its parameters.
  const last = Math.min(words.length, ...readings.map(({ at }) => at))
  return hasOption(words, last, texts) ? 'option' : undefined
}

/** Whether any text occurs in the words at all. */
export function touches(words: readonly string[], texts: readonly string[]): boolean {
  return words.some((word) => texts.some((text) => word.includes(text)))
}

function judgeReading(reading: Reading, texts: readonly string[], depth: number): boolean {
  const { text } = reading
  const finder = new Finder(text)
  const work = { left: MOST_WORK }
  // Words that an inner shell reads may hold a text that the outer one wrote with quotes.
  if (reading.kind === 'code') {
    const quotes = quotesOf(text)
    return texts.some((each) => breaks(finder, each, work, (at) => isConfinedInCode(quotes, at, each)))
  }
  const lexed = reading.shell === 'posix' ? lexPosix(text) : undefined
  const modes = lexed?.modes ?? lexWindows(text, reading.shell === 'cmd' ? 'cmd' : 'powershell')
  const isHarmless = (at: number, each: string): boolean =>
    isConfined(text, modes, at, each, reading.shell) || (lexed !== undefined && isPartOfEscaped(text, modes, at, each))
  if (texts.some((each) => breaks(finder, each, work, (at) => isHarmless(at, each)))) return true
  return lexed !== undefined && depth < DEEPEST && judgeCommands(lexed, texts, depth)
}

function judgeCommands({ commands }: Lexed, texts: readonly string[], depth: number): boolean {
  for (const words of commands) {
    let start = 0
    while (ASSIGNMENT.test(words[start] ?? '') || RESERVED.test(words[start] ?? '')) start++
    if (start < words.length && judge(words.slice(start), texts, depth + 1) !== undefined) return true
  }
  return false
}

function breaks(whole: Finder, text: string, work: { left: number }, isHarmless: (at: number) => boolean): boolean {
  for (let at = whole.indexOf(text); at !== -1; at = whole.indexOf(text, at + 1)) {
    work.left -= text.length + EACH
    if (work.left < 0 || !isHarmless(at)) return true
  }
  return false
}

function hasOption(words: readonly string[], last: number, texts: readonly string[]): boolean {
  const options = texts.filter((text) => OPTION.test(text))
  if (options.length === 0 || WRITERS.test(programOf(words[0] ?? ''))) return false
  for (let i = 1; i < last; i++) {
    const word = words[i] as string
    if (word === '--') return false
    const text = options.find((each) => word.startsWith(each))
    if (text === undefined) continue
    // Behind an option it may be that option's value, such as a message that begins with a dash.
    const before = words[i - 1] as string
    const isValue = i > 1 && before.startsWith('-') && !options.includes(before)
    if (!isValue || OPTION_WITH_VALUE.test(text)) return true
    if (LONG_OPTION.test(word) && !TAKES_TEXT.test(before)) return true
  }
  return false
}
