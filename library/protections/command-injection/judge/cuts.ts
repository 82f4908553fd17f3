import { DOUBLE, SINGLE } from './posix.ts'

const BACKSLASH = 0x5c
const DOUBLE_QUOTE = 0x22
/** What a shell does nothing with inside of double quotes. */
const QUIET = /[^"\\$`]+/y

/** Beginnings and ends of what is nothing but data in a command, in turn. */
export function runsOf(command: string, modes: Uint8Array): readonly number[] {
  const runs: number[] = []
  for (let i = 0; i < command.length; ) {
    const mode = modes[i]
    let end = i
    if (mode === SINGLE) end = endOfSingle(command, i)
    else if (mode === DOUBLE) {
      QUIET.lastIndex = i
      end += QUIET.exec(command)?.[0].length ?? 0
    }
    if (end > i) runs.push(i, end)
    i = end + 1
  }
  return runs
}

/** A quote inside of single quotes is written as `'\''` or `'"'"'`: what is on both sides is one value. */
function endOfSingle(command: string, begin: number): number {
  for (let from = begin; ; ) {
    const close = command.indexOf("'", from)
    if (close === -1) return command.length
    const next = command.charCodeAt(close + 1)
    if (next === BACKSLASH && command.startsWith("''", close + 2)) from = close + 4
    else if (next === DOUBLE_QUOTE && command.startsWith(`'"'`, close + 2)) from = close + 5
    else return close
  }
}
