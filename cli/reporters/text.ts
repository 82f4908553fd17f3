import type { Severity } from '../arguments.ts'

export interface Page {
  readonly width: number
  readonly colour: boolean
}

/**
 * Text that others wrote (source lines, answers of an attacked app), fit for a terminal.
 * **Security**: escape sequences could rewrite the report on the screen, and bidirectional marks could reorder it; both become visible.
 */
export function clean(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (sign) =>
      sign === '\r' ? '' : `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    .replaceAll('\t', '  ')
}

/** Breaks at spaces so that no line is longer than `width`, except for words that are longer themselves. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ').filter((part) => part !== '')) {
      if (line === '') line = word
      else if (line.length + 1 + word.length <= width) line += ` ${word}`
      else {
        lines.push(line)
        line = word
      }
    }
    lines.push(line)
  }
  return lines
}

/** A label and a wrapped text beside it; further lines stand under the text. `indent` is where the label stands. */
export function field(label: string, text: string, { width }: Page, indent = 10): string {
  const head = (' '.repeat(Math.max(0, indent)) + label).padEnd(indent + 6)
  return wrap(clean(text), width - head.length)
    .map((line, index) => `${index === 0 ? head : ' '.repeat(head.length)}${line}`.trimEnd())
    .join('\n')
}

/** A command line on several lines that can still be pasted: it breaks before options, never inside quotes. */
export function breakCommand(command: string, width: number): string[] {
  const parts = splitOptions(command)
  const lines: string[] = []
  let line = ''
  for (const part of parts) {
    if (line !== '' && line.length + 1 + part.length > width - 2) {
      lines.push(`${line} \\`)
      line = `  ${part}`
    } else line = line === '' ? part : `${line} ${part}`
  }
  lines.push(line)
  return lines
}

/** `curl -H 'a: b' -d c 'url'` to `curl`, `-H 'a: b'`, `-d c`, `'url'`. */
function splitOptions(command: string): string[] {
  const words = command.match(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs) ?? [command]
  const parts: string[] = []
  for (const word of words) {
    const last = parts.at(-1)
    const isValue = last !== undefined && /^-\S+$/.test(last) && !word.startsWith('-')
    if (isValue) parts[parts.length - 1] = `${last} ${word}`
    else parts.push(word)
  }
  return parts
}

const CODES = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  blue: '34',
  magenta: '35',
  cyan: '36',
} as const

export type Colour = keyof typeof CODES

export function paint(text: string, colour: Colour, page: Page): string {
  return page.colour ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text
}

const SHADE: Readonly<Record<Severity, Colour>> = { critical: 'magenta', high: 'red', medium: 'yellow', low: 'blue' }

/** The severity in a column of ten, so that what follows stands in line. */
export function severityWord(severity: Severity, page: Page): string {
  return paint(severity.padEnd(8), SHADE[severity], page).concat('  ')
}

/** `1 finding`, `2 findings`. */
export function count(many: number, word: string): string {
  return `${many} ${word}${many === 1 ? '' : 's'}`
}

/** `420 ms`, `3.4 s`. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
