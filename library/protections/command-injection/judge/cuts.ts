import { Finder } from '../../../toolbox/finder.ts'
import type { Cut } from '../../../toolbox/presence.ts'
import { DOUBLE, SINGLE } from './posix.ts'

/** For texts up to these lengths it is worth the while to cut a command. Of longer ones nobody can send many. */
const LENGTHS = [32, 128, 512, 2048]
/** How a quote is written inside of single quotes: what is on both sides is one value. */
const ESCAPED_QUOTES: readonly string[] = ["'\\''", `'"'"'`]
/** What a shell does nothing with inside of double quotes. */
const QUIET = /[^"\\$`]+/y

/** What is left of a command, and where in it the pieces of that were. */
export interface CommandCut extends Cut {
  /** Where each piece begins in what is left, and where in the command, in turn. */
  readonly pieces: readonly number[]
}
export type CommandCuts = readonly [CommandCut, ...CommandCut[]]

/**
 * A command without what is so deep inside of quotes that no text which reaches there is also outside of them. What is not found in the rest
 * is confined wherever it stands. The last one is for texts of any length up to `longest`.
 */
export function cutsOf(command: string, modes: Uint8Array, longest: number): CommandCuts {
  const runs = runsOf(command, modes)
  const cuts: CommandCut[] = []
  for (const length of LENGTHS) {
    const cut = withoutDepths(command, runs, length)
    // What is hardly shorter is looked at as a whole.
    if (cut.left.length * 2 > command.length) break
    cuts.push(cut)
    if (length >= longest) break
  }
  const [first, ...more] = cuts
  if (first === undefined) return wholeOf(command)
  return (cuts.at(-1) as CommandCut).longest >= longest ? [first, ...more] : [first, ...more, ...wholeOf(command)]
}

export function wholeOf(command: string): CommandCuts {
  return [{ longest: Number.POSITIVE_INFINITY, left: command, pieces: [0, 0] }]
}

/** Finds texts in what is left of a command, and says where in the command that is. */
export class Places {
  readonly #cuts: CommandCuts
  readonly #command: string
  readonly #finders: Finder[]

  constructor(cuts: CommandCuts, command: string) {
    this.#cuts = cuts
    this.#command = command
    this.#finders = cuts.map(({ left }) => new Finder(left))
  }

  *of(text: string): Iterable<number> {
    const nth = this.#cuts.findIndex(({ longest }) => text.length <= longest)
    const finder = this.#finders[nth]
    if (finder === undefined) return
    const { pieces } = this.#cuts[nth] as CommandCut
    let piece = 0
    for (let at = finder.indexOf(text); at !== -1; at = finder.indexOf(text, at + 1)) {
      while (piece + 2 < pieces.length && (pieces[piece + 2] as number) <= at) piece += 2
      const place = (pieces[piece + 1] as number) + at - (pieces[piece] as number)
      // What stands on both sides of a cut was never together.
      if (pieces.length === 2 || this.#command.startsWith(text, place)) yield place
    }
  }
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

/** As much as `longest` stays at both ends of what is cut. */
function withoutDepths(command: string, runs: readonly number[], longest: number): CommandCut {
  const reach = longest + 1
  const pieces = [0, 0]
  let left = ''
  let from = 0
  for (let i = 0; i < runs.length; i += 2) {
    const begin = (runs[i] as number) + reach
    const end = (runs[i + 1] as number) - reach
    if (end <= begin) continue
    left += `${command.slice(from, begin)} `
    from = end
    pieces.push(left.length, from)
  }
  return { longest, left: left + command.slice(from), pieces }
}
