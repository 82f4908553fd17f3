import { BulwarkError } from '../../../core/errors.ts'
import { isCommonPassword, isCommonWord } from './list.ts'
import { isRepetition, isSequence } from './runs.ts'

export interface ChoiceOptions {
  /**
   * Characters that a password must have at least.
   *
   * **Security**: NIST asks for 15 where nothing else is asked for at sign-in, and for 8 with a second factor.
   * @default 15, or 8 with `secondFactor`
   */
  readonly minLength?: number
  /**
   * Characters that it may have at most. Sentences need at least 64.
   * @default 256
   */
  readonly maxLength?: number
  /**
   * Whether everybody signs in with a second factor besides the password.
   * @default false
   */
  readonly secondFactor?: boolean
  /**
   * Words that everybody here thinks of first, such as the name of the company.
   * @default [] (the app's own name is always among them)
   */
  readonly words?: readonly string[]
}

/** What is about the person who chooses: name, e-mail address, town. No password may be made of it. */
export interface PersonalWords {
  readonly words?: readonly string[]
}

export type PasswordProblem = 'no-text' | 'too-short' | 'too-long' | 'common' | 'repetition' | 'sequence' | 'personal'

export type Checked =
  | { readonly ok: true }
  | {
      readonly ok: false
      readonly reason: PasswordProblem
      /** For the person who chose it, in English. */
      readonly message: string
    }

export type Acceptable = (password: string, about?: PersonalWords) => Checked

const FINE: Checked = { ok: true }
const LONE_SURROGATE = /\p{Surrogate}/u
const SHORTEST_WORD = 4
/** Letters that must be left of a password besides the words that anybody could find out. */
const LEAST_OWN = 6

/**
 * Makes the check of new passwords.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function acceptableOf(options: ChoiceOptions): Acceptable {
  const { secondFactor = false, minLength = secondFactor ? 8 : 15, maxLength = 256, words = [] } = options
  checkLengths(minLength, maxLength)
  const own = wordsOf(words)
  return (password, about) => {
    if (typeof password !== 'string' || LONE_SURROGATE.test(password)) {
      return no('no-text', 'This password has characters in it that cannot be stored.')
    }
    // Everything below takes time in proportion to the length, or to its square: only now is it bounded.
    if (password.length > maxLength * 4) return tooLong(maxLength)
    const text = password.normalize('NFKC')
    const length = [...text].length
    if (length < minLength) return no('too-short', `Choose a password of at least ${minLength} characters.`)
    if (length > maxLength) return tooLong(maxLength)
    const lower = text.toLowerCase()
    if (isRepetition(lower)) return no('repetition', 'This password repeats itself, so it is guessed quickly.')
    if (isSequence(lower)) return no('sequence', 'This password follows the alphabet, the digits or the keyboard.')
    const cores = coresOf(lower)
    if (isCommonPassword(lower) || cores.some(isCommonWord) || isDate(lower)) {
      return no('common', 'This password, or one very much like it, is among those that are tried first.')
    }
    const personal = about?.words === undefined ? own : [...own, ...wordsOf(about.words)]
    if (personal.length > 0 && cores.some((core) => isMadeOf(core, personal))) {
      return no('personal', 'This password is made of a name or a word that others can find out.')
    }
    return FINE
  }
}

function no(reason: PasswordProblem, message: string): Checked {
  return { ok: false, reason, message }
}

function tooLong(maxLength: number): Checked {
  return no('too-long', `Choose a password of at most ${maxLength} characters.`)
}

/** The text as it is, and without the digits and signs around it; each with the digits and signs inside read as the letters they look like. */
export function coresOf(lower: string): readonly string[] {
  const cores = new Set<string>()
  const end = lower.length - trailing(lower)
  const start = Math.min(end, leading(lower))
  for (const piece of [lower, lower.slice(0, end), lower.slice(start), lower.slice(start, end)]) {
    if (piece === '') continue
    cores.add(piece)
    if (LOOKS_LIKE_LETTER.test(piece)) {
      cores.add(readLetters(piece, 'i'))
      cores.add(readLetters(piece, 'l'))
    }
    cores.add(piece.replace(/[^\p{L}]/gu, ''))
  }
  return [...cores]
}

const LETTER = /\p{L}/u
const LOOKS_LIKE_LETTER = /[013457@$!|]/
const LOOKS: Readonly<Record<string, string>> = { '0': 'o', '3': 'e', '4': 'a', '5': 's', '7': 't', '@': 'a', $: 's' }

function readLetters(text: string, one: 'i' | 'l'): string {
  return text.replace(/[013457@$!|]/g, (character) => LOOKS[character] ?? one)
}

function leading(text: string): number {
  let count = 0
  while (count < text.length && !LETTER.test(text[count]!)) count++
  return count
}

function trailing(text: string): number {
  let count = 0
  while (count < text.length && !LETTER.test(text[text.length - 1 - count]!)) count++
  return count
}

/** `19870512`, `12051987` and `05121987`, with or without something between the numbers. */
export function isDate(text: string): boolean {
  const digits = text.replace(/[-./ ]/g, '')
  return /^(?:(?:19|20)\d\d[01]\d[0-3]\d|[0-3]\d[0-3]\d(?:19|20)\d\d)$/.test(digits)
}

/** Names and addresses in pieces: `ada.lovelace@example.org` is `ada.lovelace`, `adalovelace`, `lovelace` and `example`. */
function wordsOf(texts: readonly string[]): readonly string[] {
  const words = new Set<string>()
  for (const text of texts) {
    if (typeof text !== 'string') continue
    const lower = text.normalize('NFKC').toLowerCase().slice(0, 254)
    for (const part of lower.split('@')) {
      words.add(part.replace(/[^\p{L}\p{N}]/gu, ''))
      for (const piece of part.split(/[^\p{L}\p{N}]+/u)) words.add(piece)
    }
  }
  // Longest first, so that a name goes as a whole before a part of it does.
  return [...words].filter((word) => word.length >= SHORTEST_WORD).sort((a, b) => b.length - a.length)
}

/** Whether hardly anything is left of the text when the words are taken out of it. */
function isMadeOf(core: string, words: readonly string[]): boolean {
  let rest = core
  for (const word of words) rest = rest.replaceAll(word, ' ')
  if (rest === core) return false
  const letters = rest.replace(/[^\p{L}]/gu, '')
  return letters.length < LEAST_OWN || isCommonWord(letters)
}

function checkLengths(minLength: number, maxLength: number): void {
  if (!Number.isSafeInteger(minLength) || minLength < 1 || minLength > 64) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'minLength is a whole number from 1 to 64', {
      at: 'policy.passwords.minLength',
      fix: 'leave it out: 15 characters, or 8 with secondFactor, is what NIST SP 800-63B-4 asks for',
    })
  }
  if (!Number.isSafeInteger(maxLength) || maxLength < minLength || maxLength > 1024) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'maxLength is a whole number from minLength to 1024', {
      at: 'policy.passwords.maxLength',
      fix: 'leave it out, so that whole sentences fit',
    })
  }
}
