import { TwoGenerations } from '../toolbox/two-generations.ts'

/** Headers that browsers fill with words of their own; they count only when what they hold is no such word. */
const QUIET = /^(?:sec-|accept|connection$|content-(?:length|type)$|upgrade|te$|priority$|dnt$|cache-control$|pragma$)/
/** What a client, or a proxy, says of the way that the request took. */
const WAY =
  /^(?:host|origin|forwarded|via|x-forwarded-.*|x-real-ip|x-client-ip|x-cluster-client-ip|true-client-ip|cf-connecting-ip|fly-client-ip)$/
const MOST_NAMES = 512
const LONGEST_NAME = 48

/** What the name of a header says of what is in it. */
export interface HeaderName {
  readonly lower: string
  readonly isQuiet: boolean
  readonly isWay: boolean
}

const names = new TwoGenerations<HeaderName>(MOST_NAMES)

export function nameOf(raw: string): HeaderName {
  let name = names.get(raw)
  if (name === undefined) {
    const lower = raw.toLowerCase()
    name = { lower, isQuiet: QUIET.test(lower), isWay: WAY.test(lower) }
    if (raw.length <= LONGEST_NAME) names.set(raw, name)
  }
  return name
}
