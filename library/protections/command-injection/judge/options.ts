import { formsOf } from './forms.ts'
import { programOf } from './programs.ts'

const OPTION = /^--?[A-Za-z]/
const MAYBE_OPTION = /^\s*--?[A-Za-z]/
/** An option that brings its own value along. */
const OPTION_WITH_VALUE = /^(?:--[A-Za-z][\w-]*=|-[A-Za-z]\S*[=/])/
/** `--help` alone is what it says behind nearly every option; behind these stands a text, whatever it begins with. */
const LONG_OPTION = /^--[A-Za-z][\w-]*$/
const TAKES_TEXT = /^(?:-m|-e|--(?:message|regexp|expression|title|subject|body|text|name|comment|description|author))$/
/** Their options change nothing but how they write. */
const WRITERS = /^(?:echo|printf|test|\[|true|false)$/
const DASH = 0x2d

/** For as long as the list of an exchange's texts lives. */
const known = new WeakMap<readonly string[], Options>()

/** Whether one of these words, up to `last`, is an option that the client sent. */
export function hasOption(words: readonly string[], last: number, texts: readonly string[]): boolean {
  if (!words.some((word, i) => i > 0 && i < last && word.charCodeAt(0) === DASH && OPTION.test(word))) return false
  const options = optionsOf(texts)
  if (options.isEmpty || WRITERS.test(programOf(words[0] ?? ''))) return false
  for (let i = 1; i < last; i++) {
    const word = words[i] as string
    if (word.charCodeAt(0) !== DASH) continue
    if (word === '--') return false
    const text = options.beginningOf(word)
    if (text === undefined) continue
    // Behind an option it may be that option's value, such as a message that begins with a dash.
    const before = words[i - 1] as string
    const isValue = i > 1 && before.startsWith('-') && !options.has(before)
    if (!isValue || OPTION_WITH_VALUE.test(text)) return true
    if (LONG_OPTION.test(word) && !TAKES_TEXT.test(before)) return true
  }
  return false
}

function optionsOf(texts: readonly string[]): Options {
  let options = known.get(texts)
  if (options === undefined) known.set(texts, (options = new Options()))
  options.read(texts)
  return options
}

/** Texts that may be options. By their beginnings, so that a word is not compared to each of twenty thousand. */
class Options {
  #read = 0
  /** Each with its place among them. */
  readonly #order = new Map<string, number>()
  readonly #lengths = new Set<number>()

  get isEmpty(): boolean {
    return this.#order.size === 0
  }

  read(texts: readonly string[]): void {
    for (; this.#read < texts.length; this.#read++) {
      const text = texts[this.#read] as string
      const first = text.charCodeAt(0)
      if ((first > 0x20 && first < 0x80 && first !== DASH) || !MAYBE_OPTION.test(text)) continue
      for (const form of formsOf(text)) if (OPTION.test(form)) this.#add(form)
    }
  }

  has(word: string): boolean {
    return this.#order.has(word)
  }

  /** The first of them that the word begins with. */
  beginningOf(word: string): string | undefined {
    let least = Number.POSITIVE_INFINITY
    let found: string | undefined
    for (const length of this.#lengths) {
      if (length > word.length) continue
      const beginning = word.slice(0, length)
      const order = this.#order.get(beginning)
      if (order === undefined || order >= least) continue
      least = order
      found = beginning
    }
    return found
  }

  #add(option: string): void {
    if (this.#order.has(option)) return
    this.#order.set(option, this.#order.size)
    this.#lengths.add(option.length)
  }
}
