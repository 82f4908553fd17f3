import { percentDecoded } from '../../../firewall/decode.ts'
import { piecesIn } from '../../../toolbox/pieces.ts'

const SYNTAX = /[;&|<>()$`'"\\\n\r{}*?~]|\s-/g
const WIDTH = 8
const SHORTEST = 4

/** What of a client's could not be taken apart, with its texts, which stand for the exchange. */
interface Unread {
  readonly texts: readonly string[]
  readonly rest: string
}

/** Without percent-encoding, for as long as the list of an exchange's texts lives. */
const decoded = new WeakMap<readonly string[], { readonly rest: string; readonly plain: string | undefined }>()

/** Pieces around the syntax of a command that stand in what there was no room to take apart. */
export function unseen(command: string, sent: Unread): readonly string[] {
  const { rest } = sent
  if (rest === '') return []
  const pieces = new Set<string>()
  for (const { index } of command.matchAll(SYNTAX)) {
    if (command.length - index >= SHORTEST) pieces.add(command.slice(index, index + WIDTH))
  }
  if (pieces.size === 0) return []
  const found = piecesIn(rest, pieces, WIDTH)
  const plain = plainOf(sent)
  if (plain !== undefined) for (const piece of piecesIn(plain, pieces, WIDTH)) found.add(piece)
  return [...found]
}

function plainOf({ texts, rest }: Unread): string | undefined {
  let known = decoded.get(texts)
  if (known?.rest !== rest) decoded.set(texts, (known = { rest, plain: percentDecoded(rest) }))
  return known.plain
}
