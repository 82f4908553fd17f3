import { longestOf, Places, wholeOf, withoutDepths } from '../../../toolbox/depths.ts'
import { Finder } from '../../../toolbox/finder.ts'
import { presenceInCuts, presentIn } from '../../../toolbox/presence.ts'
import { endsOf, isConfined, isConfinedInCode, isPartOfEscaped, lexWindows, quotesOf } from './confined.ts'
import { runsOf } from './cuts.ts'
import { formsOf, isEdged } from './forms.ts'
import { hasOption } from './options.ts'
import { lexPosix } from './posix.ts'
import { programOf, type Reading, readingsOf } from './programs.ts'
import { unseen } from './unseen.ts'

/** What a text of the client's would be: code of a shell or another language, an option, or the program itself. */
export type Verdict = 'code' | 'option' | 'program'

/** Shells in shells in shells: nobody writes more of them. */
const DEEPEST = 4
/** What is read of one command. Whoever sends so much of it that this does not suffice wants to tire whoever reads it. */
const MOST_WORK = 2_000_000
const EACH = 50
/** Besides what the longest text takes twice: what several programs of one command run one after the other. */
const MOST_READ = 100_000
/** So many programs are compared to each text; for more of them, the texts are put together once. */
const FEW_PROGRAMS = 16
const NO_COMMANDS: readonly (readonly string[])[] = []
const ASSIGNMENT = /^[A-Za-z_]\w*\+?=/
/** They take options behind a program as well. */
const READS_ON = /^(?:node|nodejs|bun|perl|ruby|php)[\d.]*$/
const RESERVED = /^(?:if|then|elif|else|do|while|until|!|\{|time|exec|command|builtin)$/

/** For so much of a command and so many texts it is worth the while to cut off what is deep inside of quotes. */
const LONG = 1024
const MANY = 48

/** What a client sent: its texts, and what could not be taken apart. */
interface Sent {
  readonly texts: readonly string[]
  readonly rest: string
  /** How many programs were compared to the texts. */
  programs: number
  forms: ReadonlySet<string> | undefined
}

/** What may still be read of one command, and what has been. */
interface Reader {
  left: number
  readonly done: Set<string>
}

/**
 * Judges one program with its arguments against what a client sent, with the blanks around it and without. `undefined`: nothing of it is more
 * than a value.
 */
export function judge(words: readonly string[], texts: readonly string[], rest = ''): Verdict | undefined {
  const sent: Sent = { texts, rest, programs: 0, forms: undefined }
  const readings = readingsOf(words)
  return runsCode(readings, sent) ? 'code' : verdictOn(words, readings, sent)
}

/** Whether something of the client's is code in what is read, or anything at all in the commands that stand in it. */
function runsCode(readings: readonly Reading[], sent: Sent): boolean {
  const longest = readings.reduce((most, { text }) => Math.max(most, text.length), 0)
  const reader: Reader = { left: MOST_READ + 2 * (longest + sent.texts.length), done: new Set() }
  for (let depth = 0, open = readings; open.length > 0; depth++) {
    const inner: Reading[] = []
    for (const reading of open) {
      const key = `${reading.kind === 'code' ? 'code' : reading.shell} ${reading.text}`
      if (reader.done.has(key)) continue
      reader.done.add(key)
      reader.left -= reading.text.length + sent.texts.length + EACH
      if (reader.left < 0) return true
      const commands = judgeReading(reading, sent)
      if (commands === 'code') return true
      if (depth === DEEPEST) continue
      for (const words of commands) {
        const start = firstWord(words)
        if (start === words.length) continue
        const command = words.slice(start)
        const more = readingsOf(command)
        if (verdictOn(command, more, sent) !== undefined) return true
        for (const each of more) inner.push(each)
      }
    }
    open = inner
  }
  return false
}

/** Where the program of a simple command is. */
function firstWord(words: readonly string[]): number {
  let start = 0
  while (start < words.length && (ASSIGNMENT.test(words[start] as string) || RESERVED.test(words[start] as string)))
    start++
  return start
}

/** Whether the client named the program, or brought an option along. */
function verdictOn(
  words: readonly string[],
  readings: readonly Reading[],
  sent: Sent,
): 'program' | 'option' | undefined {
  const [file = ''] = words
  if (/[/\\=]/.test(file) && isNamed(file, sent)) return 'program'
  // What stands behind a command of a shell is its parameters.
  let last = words.length
  for (const { kind, at } of readings) if (at < last && !(kind === 'code' && READS_ON.test(programOf(file)))) last = at
  return hasOption(words, last, sent.texts) ? 'option' : undefined
}

function isNamed(file: string, sent: Sent): boolean {
  const { length } = file
  if (length < 2) return false
  if (++sent.programs > FEW_PROGRAMS) return (sent.forms ??= new Set(sent.texts.flatMap(formsOf))).has(file)
  return sent.texts.some(
    (text) =>
      (text.length === length && text === file) || (text.length > length && isEdged(text) && text.trim() === file),
  )
}

/** Whether any text occurs in the words at all. */
export function touches(words: readonly string[], texts: readonly string[]): boolean {
  const finder = new Finder(words.join('\0'))
  return presentIn(finder.text, texts).some((text) => formsOf(text).some((form) => finder.includes(form)))
}

/** The commands that stand in a text, or that something of the client's is code in it. */
function judgeReading(reading: Reading, sent: Sent): 'code' | readonly (readonly string[])[] {
  const { text } = reading
  // Words that an inner shell reads may hold a text that the outer one wrote with quotes.
  if (reading.kind === 'code') {
    const quotes = quotesOf(text)
    const texts = [...presentIn(text, sent.texts), ...unseen(text, sent)]
    const isCode = breaksOut(texts, new Places(wholeOf(text)), (at, form) => isConfinedInCode(quotes, at, form))
    return isCode ? 'code' : NO_COMMANDS
  }
  const lexed = reading.shell === 'posix' ? lexPosix(text) : undefined
  const modes = lexed?.modes ?? lexWindows(text, reading.shell === 'cmd' ? 'cmd' : 'powershell')
  const ends = endsOf(modes)
  const isHarmless = (at: number, each: string): boolean =>
    isConfined(ends, modes, at, each, text.charAt(at + each.length), reading.shell) ||
    (lexed !== undefined && isPartOfEscaped(text, modes, at, each))
  const isCut = lexed !== undefined && text.length > LONG && (sent.texts.length > MANY || sent.rest !== '')
  const cuts = isCut ? withoutDepths(text, runsOf(text, modes), longestOf(sent.texts)) : wholeOf(text)
  const texts =
    cuts.length === 1 ? presentIn(text, sent.texts) : sent.texts.filter(isMarked(presenceInCuts(cuts, sent.texts)))
  if (breaksOut([...texts, ...unseen(cuts[0].left, sent)], new Places(cuts), isHarmless)) return 'code'
  return lexed?.commands ?? NO_COMMANDS
}

function isMarked(marks: Uint8Array): (text: string, i: number) => boolean {
  return (_, i) => marks[i] !== 0
}

function breaksOut(
  texts: readonly string[],
  places: Places,
  isHarmless: (at: number, form: string) => boolean,
): boolean {
  let left = MOST_WORK
  for (const text of texts) {
    for (const form of formsOf(text)) {
      for (const at of places.of(form)) {
        left -= form.length + EACH
        if (left < 0 || !isHarmless(at, form)) return true
      }
    }
  }
  return false
}
