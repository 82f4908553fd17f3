/** How the characters of a command are read by a POSIX shell. */
export const PLAIN = 0
export const SINGLE = 1
export const DOUBLE = 2
export const COMMENT = 3
/** `$'...'` of bash. */
export const ANSI = 4
/** Inside of `${...}` or `$((...))`. */
export const EXPANSION = 5
/** The one character behind a backslash, outside of quotes and inside of double ones. */
export const ESCAPED = 6
export const ESCAPED_IN_DOUBLE = 7
/** A here-document, and one in which nothing is expanded. */
export const DOCUMENT = 8
export const QUOTED_DOCUMENT = 9

export interface Lexed {
  /** For each character, the way in which the shell reads it. */
  readonly modes: Uint8Array
  /** The words of each simple command, without their quotes. What a shell fills in is not in them. */
  readonly commands: readonly (readonly string[])[]
}

interface Frame {
  words: string[]
  word: string | undefined
  readonly close: string
  readonly mode: number
}

interface Document {
  readonly end: string
  readonly quoted: boolean
  readonly tabs: boolean
}

/** What a shell does nothing with outside of quotes, and in double ones. */
const QUIET_PLAIN: Uint8Array = tableOf(/[\w./:@%+,=-]/)
const QUIET_DOUBLE: Uint8Array = tableOf(/[^"\\$`]/)

/** Reads a command as `sh` and its relatives do. Never fails: what is not closed goes on to the end. */
export function lexPosix(text: string): Lexed {
  const modes = new Uint8Array(text.length)
  const commands: string[][] = []
  const frames: Frame[] = []
  const documents: Document[] = []
  let frame: Frame = { words: [], word: undefined, close: '', mode: PLAIN }
  let mode = PLAIN

  const endWord = (): void => {
    if (frame.word !== undefined) frame.words.push(frame.word)
    frame.word = undefined
  }
  const endCommand = (): void => {
    endWord()
    if (frame.words.length > 0) commands.push(frame.words)
    frame.words = []
  }
  const add = (more: string): void => {
    frame.word = (frame.word ?? '') + more
  }
  const open = (close: string, inner: number): void => {
    add('')
    frames.push(frame)
    frame = { words: [], word: undefined, close, mode }
    mode = inner
  }
  const shut = (): void => {
    endCommand()
    mode = frame.mode
    frame = frames.pop() ?? { words: [], word: undefined, close: '', mode: PLAIN }
  }
  /** `$` and backticks, which mean the same wherever anything is expanded. Answers how many characters they are; 0 when they are none. */
  const expansion = (i: number): number => {
    const next = text[i + 1]
    if (text[i] === '`') {
      if (frame.close === '`') shut()
      else open('`', PLAIN)
      return 1
    }
    if (text[i] !== '$') return 0
    if (next === '(' && text[i + 2] === '(') open('))', EXPANSION)
    else if (next === '(') open(')', PLAIN)
    else if (next === '{') open('}', EXPANSION)
    else return 0
    return next === '(' && text[i + 2] === '(' ? 3 : 2
  }

  for (let i = 0; i < text.length; ) {
    const quiet = quietEnd(text, i, mode)
    if (quiet > i) {
      add(text.slice(i, quiet))
      if (mode !== PLAIN) modes.fill(mode, i, quiet)
      i = quiet
      continue
    }
    const char = text[i] as string
    modes[i] = mode
    let width = 1
    switch (mode) {
      case SINGLE:
        mode = PLAIN
        break
      case ANSI:
        if (char === '\\') width = 2
        else if (char === "'") mode = PLAIN
        add(text.slice(i, i + width))
        break
      case COMMENT:
        if (char !== '\n') break
        mode = PLAIN
        endCommand()
        break
      case DOUBLE:
        if (char === '"') mode = PLAIN
        else if (char === '\\' && /["$`\\\n]/.test(text[i + 1] ?? '')) {
          modes[i + 1] = ESCAPED_IN_DOUBLE
          add(text[i + 1] as string)
          width = 2
        } else {
          width = expansion(i)
          if (width === 0) add(char)
        }
        break
      case EXPANSION:
        if (text.startsWith(frame.close, i)) {
          width = frame.close.length
          shut()
        } else width = expansion(i)
        break
      default:
        width = plain(i, char)
    }
    width ||= 1
    for (let k = i + 1; k < i + width && k < text.length; k++) modes[k] ||= modes[i] as number
    i += width
  }
  endCommand()
  while (frames.length > 0) shut()
  endCommand()
  return { modes, commands }

  function plain(i: number, char: string): number {
    if (char === ' ' || char === '\t' || char === '\r') endWord()
    else if (char === '\n') {
      endCommand()
      return documents.length > 0 ? skipDocuments(i) : 1
    } else if (char === ')' && frame.close === ')') shut()
    else if (char === ';' || char === '&' || char === '|' || char === '(' || char === ')') endCommand()
    else if (char === '<' && text[i + 1] === '<') {
      if (text[i + 2] !== '<') return openDocument(i)
      // A here-string of bash: a word like any other.
      endWord()
      return 3
    } else if (char === '<' || char === '>') endWord()
    else if (char === '#' && frame.word === undefined) mode = COMMENT
    else if (char === "'") {
      add('')
      mode = SINGLE
    } else if (char === '"') {
      add('')
      mode = DOUBLE
    } else if (char === '\\') {
      if (i + 1 >= text.length) return 1
      modes[i + 1] = ESCAPED
      if (text[i + 1] !== '\n') add(text[i + 1] as string)
      return 2
    } else if (char === '$' && text[i + 1] === "'") {
      add('')
      mode = ANSI
      return 2
    } else {
      const width = expansion(i)
      if (width > 0) return width
      add(char)
    }
    return 1
  }

  function openDocument(i: number): number {
    endWord()
    const found = /^<<(-?)[ \t]*(?:'([^'\n]*)'|"([^"\n]*)"|(\\?)([^\s;&|<>()'"]+))/.exec(text.slice(i, i + 200))
    if (found === null) return 2
    const end = found[2] ?? found[3] ?? found[5] ?? ''
    documents.push({ end, quoted: found[5] === undefined || found[4] === '\\', tabs: found[1] === '-' })
    return found[0].length
  }

  /** From the end of the line to behind the last document that was announced on it. */
  function skipDocuments(start: number): number {
    let at = start + 1
    for (const { end, quoted, tabs } of documents.splice(0)) {
      while (at < text.length) {
        const newline = text.indexOf('\n', at)
        const stop = newline === -1 ? text.length : newline + 1
        const line = text.slice(at, newline === -1 ? stop : newline)
        const isEnd = (tabs ? line.replace(/^\t+/, '') : line) === end
        modes.fill(isEnd ? COMMENT : quoted ? QUOTED_DOCUMENT : DOCUMENT, at, stop)
        at = stop
        if (isEnd) break
      }
    }
    return at - start
  }
}

/** Behind what means nothing but itself from here on. */
function quietEnd(text: string, from: number, mode: number): number {
  if (mode === SINGLE) {
    const close = text.indexOf("'", from)
    return close === -1 ? text.length : close
  }
  if (mode !== PLAIN && mode !== DOUBLE) return from
  const quiet = mode === PLAIN ? QUIET_PLAIN : QUIET_DOUBLE
  let end = from
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code < 0x80 && quiet[code] === 0) break
  }
  return end
}

/** Which signs of ASCII are like this. */
function tableOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 0x80 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0))
}
