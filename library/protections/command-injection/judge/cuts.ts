import type { Cut } from '../../../toolbox/presence.ts'
import { DOUBLE, SINGLE } from './posix.ts'

/** For texts up to these lengths it is worth the while to cut a command. Of longer ones nobody can send many. */
const LENGTHS = [32, 128, 512, 2048]
/** How a quote is written inside of single quotes: what is on both sides is one value. */
const ESCAPED_QUOTES: readonly string[] = ["'\\''", `'"'"'`]
/** What a shell does nothing with inside of double quotes. */
const QUIET = /[^"\\$`]+/y

/**
 * A command without what is so deep inside of quotes that no text which reaches there is also outside of them. What is not found in the rest
 * is confined wherever it stands. The last one is the whole command.
 */
export function* cutsOf(command: string, modes: Uint8Array): Iterable<Cut> {
  const runs = runsOf(command, modes)
  for (const longest of LENGTHS) {
    const left = withoutDepths(command, runs, longest + 1)
    // What is hardly shorter is looked at as a whole.
    if (left.length * 2 > command.length) break
    yield { longest, left }
  }
  yield { longest: Number.POSITIVE_INFINITY, left: command }
}

/** Beginnings and ends of what is nothing but data, in turn. */
function runsOf(command: string, modes: Uint8Array): readonly number[] {
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

function endOfSingle(command: string, begin: number): number {
  for (let from = begin; ; ) {
    const close = command.indexOf("'", from)
    if (close === -1) return command.length
    const escaped = ESCAPED_QUOTES.find((each) => command.startsWith(each, close))
    if (escaped === undefined) return close
    from = close + escaped.length
  }
}

/** `reach` is how much stays at both ends of what is cut. */
function withoutDepths(command: string, runs: readonly number[], reach: number): string {
  let left = ''
  let from = 0
  for (let i = 0; i < runs.length; i += 2) {
    const begin = (runs[i] as number) + reach
    const end = (runs[i + 1] as number) - reach
    if (end <= begin) continue
    left += `${command.slice(from, begin)} `
    from = end
  }
  return left + command.slice(from)
}
