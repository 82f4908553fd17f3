/** Rows of keys as fingers run along them, and the alphabet. `1qaz` goes down, so the columns are here as well. */
const ROWS: readonly string[] = [
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  'abcdefghijklmnopqrstuvwxyz',
  '0123456789',
  '1qaz',
  '2wsx',
  '3edc',
  '4rfv',
  '5tgb',
  '6yhn',
  '7ujm',
]

const next = new Map<string, string>()
for (const row of ROWS) {
  for (let i = 0; i + 1 < row.length; i++) next.set(row[i]!, (next.get(row[i]!) ?? '') + row[i + 1]!)
}

/** What the keys of the digits write with shift, which changes little for the fingers: `1qaz!QAZ`. */
const SHIFTED = '!@#$%^&*()'

/**
 * Whether the text, in lower case, consists of runs along the alphabet, the digits or the keyboard, three characters long on average;
 * a letter or two around digits make no difference.
 */
export function isSequence(text: string): boolean {
  const characters = [...unshift(/^\p{L}{0,2}(\d{4,})\p{L}{0,2}$/u.exec(text)?.[1] ?? text)]
  if (characters.length < 4) return false
  let runs = 1
  let way = 0
  for (let i = 1; i < characters.length; i++) {
    const step = stepOf(characters[i - 1]!, characters[i]!)
    if (step === 0 || (way !== 0 && step !== way)) {
      runs++
      way = 0
    } else way = step
  }
  return characters.length / runs >= 3
}

/** Whether the text is one piece over and over, or has no more than three different characters. */
export function isRepetition(text: string): boolean {
  const characters = [...unshift(text)]
  if (characters.length < 4) return false
  if (new Set(characters).size <= 3) return true
  // The shortest piece that the text is made of, the last one perhaps cut short: the text lies over itself, moved by that length.
  for (let length = 1; length <= characters.length / 2; length++) {
    let same = length
    while (same < characters.length && characters[same] === characters[same - length]) same++
    if (same === characters.length) return true
  }
  return false
}

function unshift(text: string): string {
  return text.replace(/[!@#$%^&*()]/g, (sign) => String((SHIFTED.indexOf(sign) + 1) % 10))
}

/** 1 forwards, -1 backwards, 2 for the same character again, 0 for no neighbour. */
function stepOf(from: string, to: string): number {
  if (from === to) return 2
  if (next.get(from)?.includes(to)) return 1
  return next.get(to)?.includes(from) ? -1 : 0
}
