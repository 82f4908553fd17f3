import { percentDecoded } from '../../../firewall/decode.ts'
import { Finder } from '../../../toolbox/finder.ts'

const SYNTAX = /[;&|<>()$`'"\\\n\r{}*?~]|\s-/g

/** Pieces around the syntax of a command that stand in what there was no room to take apart. */
export function unseen(command: string, rest: string): readonly string[] {
  if (rest === '') return []
  const plain = percentDecoded(rest)
  const raw = new Finder(rest)
  const decoded = plain === undefined ? undefined : new Finder(plain)
  const done = new Set<string>()
  const pieces: string[] = []
  for (const { index } of command.matchAll(SYNTAX)) {
    const piece = command.slice(index, index + 8)
    if (piece.length < 4 || done.has(piece)) continue
    done.add(piece)
    if (raw.includes(piece) || decoded?.includes(piece) === true) pieces.push(piece)
  }
  return pieces
}
