import { Finder } from '../../../toolbox/finder.ts'
import { type Cut, presenceInCuts, presentIn } from '../../../toolbox/presence.ts'
import { isConfined, isConfinedInCode, isPartOfEscaped, lexWindows, quotesOf } from './confined.ts'
import { cutsOf } from './cuts.ts'
import { type Lexed, lexPosix } from './posix.ts'
import { programOf, type Reading, readingsOf } from './programs.ts'
import { unseen } from './unseen.ts'

/** What a text of the client's would be: code of a shell or another language, an option, or the program itself. */
export type Verdict = 'code' | 'option' | 'program'

/** Shells in shells in shells: nobody writes more of them. */
const DEEPEST = 4
/** What is read of one command. Whoever sends so much of it that this does not suffice wants to tire whoever reads it. */
const MOST_WORK = 2_000_000
const EACH = 50
const OPTION = /^--?[A-Za-z]/
const MAYBE_OPTION = /^\s*--?[A-Za-z]/
/** An option that brings its own value along. */
const OPTION_WITH_VALUE = /^(?:--[A-Za-z][\w-]*=|-[A-Za-z]\S*[=/])/
/** `--help` alone is what it says behind nearly every option; behind these stands a text, whatever it begins with. */
const LONG_OPTION = /^--[A-Za-z][\w-]*$/
const TAKES_TEXT = /^(?:-m|-e|--(?:message|regexp|expression|title|subject|body|text|name|comment|description|author))$/
/** Their options change nothing but how they write. */
const WRITERS = /^(?:echo|printf|test|\[|true|false)$/
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/
const RESERVED = /^(?:if|then|elif|else|do|while|until|!|\{|time|exec|command|builtin)$/

/** For so much of a command and so many texts it is worth the while to cut off what is deep inside of quotes. */
const LONG = 1024
const MANY = 48

/** What a client sent: its texts, and what could not be taken apart. */
interface Sent {
  readonly texts: readonly string[]
  readonly rest: string
  /** Those that may be options, once they are asked for. */
  options: readonly string[] | undefined
  readonly command: readonly string[]
}

/**
 * Judges one program with its arguments against what a client sent, with the blanks around it and without. `undefined`: nothing of it is more
 * than a value.
 */
export function judge(words: readonly string[], texts: readonly string[], rest = ''): Verdict | undefined {
  return judgeWords(words, { texts, rest, options: undefined, command: words }, 0)
}

function judgeWords(words: readonly string[], sent: Sent, depth: number): Verdict | undefined {
  const readings = readingsOf(words)
  const code = readings.some((reading) => judgeReading(reading, sent, depth)) ? 'code' : undefined
  if (code !== undefined) return code
  const [file = ''] = words
  if (/[/\\=]/.test(file) && sent.texts.some((text) => text.length >= file.length && formsOf(text).includes(file))) {
    return 'program'
  }
  // What stands behind a command of a shell is its parameters.
  const last = Math.min(words.length, ...readings.map(({ at }) => at))
  return hasOption(words, last, sent) ? 'option' : undefined
}

/** Whether any text occurs in the words at all. */
export function touches(words: readonly string[], texts: readonly string[]): boolean {
  const present = presentIn(words.join('\0'), texts)
  return words.some((word) => present.some((text) => formsOf(text).some((form) => word.includes(form))))
}

/** A text as it came, and without the blanks that apps cut off. One sign alone is no command. */
function formsOf(text: string): readonly string[] {
  const trimmed = text.trim()
  const forms = trimmed === text ? [text] : [text, trimmed]
  return trimmed.length > 1 ? forms : forms.filter((form) => form.length > 1)
}

function judgeReading(reading: Reading, sent: Sent, depth: number): boolean {
  const { text } = reading
  const finder = new Finder(text)
  const work = { left: MOST_WORK }
  const isAnyCode = (texts: readonly string[], isHarmless: (at: number, form: string) => boolean): boolean =>
    texts.some((each) => formsOf(each).some((form) => breaks(finder, form, work, (at) => isHarmless(at, form))))
  // Words that an inner shell reads may hold a text that the outer one wrote with quotes.
  if (reading.kind === 'code') {
    const quotes = quotesOf(text)
    const texts = [...presentIn(text, sent.texts), ...unseen(text, sent.rest)]
    return isAnyCode(texts, (at, form) => isConfinedInCode(quotes, at, form))
  }
  const lexed = reading.shell === 'posix' ? lexPosix(text) : undefined
  const modes = lexed?.modes ?? lexWindows(text, reading.shell === 'cmd' ? 'cmd' : 'powershell')
  const isHarmless = (at: number, each: string): boolean =>
    isConfined(text, modes, at, each, reading.shell) || (lexed !== undefined && isPartOfEscaped(text, modes, at, each))
  const cuts = lexed !== undefined && text.length > LONG ? [...cutsOf(text, modes)] : undefined
  const texts =
    cuts === undefined || sent.texts.length <= MANY ? presentIn(text, sent.texts) : presentInCuts(cuts, sent.texts)
  if (isAnyCode([...texts, ...unseen(cuts?.[0]?.left ?? text, sent.rest)], isHarmless)) return true
  return lexed !== undefined && depth < DEEPEST && judgeCommands(lexed, sent, depth)
}

function presentInCuts(cuts: readonly Cut[], texts: readonly string[]): readonly string[] {
  const marked = presenceInCuts(cuts, texts)
  return texts.filter((_, i) => marked[i] !== 0)
}

function judgeCommands({ commands }: Lexed, sent: Sent, depth: number): boolean {
  for (const words of commands) {
    let start = 0
    while (ASSIGNMENT.test(words[start] ?? '') || RESERVED.test(words[start] ?? '')) start++
    if (start < words.length && judgeWords(words.slice(start), sent, depth + 1) !== undefined) return true
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

function hasOption(words: readonly string[], last: number, sent: Sent): boolean {
  if (!words.some((word, i) => i > 0 && i < last && OPTION.test(word))) return false
  const options = (sent.options ??= optionsOf(sent))
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

function optionsOf({ texts, command }: Sent): readonly string[] {
  const options = texts
    .flatMap((text) => (MAYBE_OPTION.test(text) ? formsOf(text) : []))
    .filter((text) => OPTION.test(text))
  return presentIn(command.join('\0'), options)
}
