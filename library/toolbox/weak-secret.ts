/** Why a secret can be guessed. `poor` ones are no secrets at all; `sample` ones were copied from an example or made up by a person. */
export interface Weakness {
  readonly kind: 'poor' | 'sample'
  /** In a few words, without the secret. */
  readonly why: string
}

const WORDS =
  /secret|passw(?:or)?d|pass ?phrase|change|replace|example|sample|default|your|please|keyboard|cat|minimum|least|character|chars|thirty|bits?|bytes?|long|length|string|random|complex|phrase|super|very|bigger|than|insert|here|token|session|cookie|encrypt|signing|key|test|dev(?:elopment)?|production|must|should|this|that|with|have|some|only|not|the|and|for|use|at|of|is|be|in|my|me|a|to|two|jwt|app|prod|env/gi
/** Letters in the middle of a word are small; in chance they are not. */
const SENTENCE = /^[A-Z]?[a-z]+(?:[ _.,!?'-]+[A-Z]?[a-z]+)+[.!?]?$/

/**
 * Why a secret that signs or seals is not one, or `undefined`. At least 32 characters are asked for: 128 bits even in hexadecimal.
 *
 * **Security**: what is signed can be tried against guesses offline. Nobody can tell randomness from text, only what certainly is none:
 * repetitions, the alphabet, a keyboard's rows, and the sentences of tutorials. CWE-1391, CWE-798, ASVS 5.0 11.1.1, 13.3.1.
 */
export function weaknessOf(secret: string): Weakness | undefined {
  if (secret.length < 32) return { kind: 'poor', why: 'it is shorter than 32 characters' }
  if (new Set(secret).size < 8) return { kind: 'poor', why: 'it has fewer than eight different characters' }
  if (isRepetition(secret)) return { kind: 'sample', why: 'it repeats itself' }
  if (isSequence(secret)) return { kind: 'sample', why: 'it runs along the alphabet or the keyboard' }
  if (isWords(secret)) return { kind: 'sample', why: 'it is made of words, as the samples of tutorials are' }
  return undefined
}

function isRepetition(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period++) {
    if (text.slice(period) === text.slice(0, -period)) return true
  }
  return false
}

const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
]

/** More than half of it are steps from one character to its neighbour. */
function isSequence(text: string): boolean {
  const lower = text.toLowerCase()
  let steps = 0
  for (let i = 1; i < lower.length; i++) {
    const pair = lower.slice(i - 1, i + 1)
    const back = pair.charAt(1) + pair.charAt(0)
    if (ROWS.some((row) => row.includes(pair) || row.includes(back))) steps++
  }
  return steps > lower.length / 2
}

/** Words of tutorials cover most of it, or it is a short sentence. Eight words drawn at random are a passphrase, and fine. */
function isWords(text: string): boolean {
  const letters = text.replace(/[^a-z]/gi, '')
  if (letters.length < text.length / 2) return false
  const rest = text.replace(WORDS, '').replace(/[^a-z]/gi, '')
  if (rest.length < letters.length / 3) return true
  return SENTENCE.test(text) && text.split(/[^a-z]+/i).filter((word) => word.length > 1).length < 8
}
