import { deny } from '../../../core/guard.ts'
import type { Sink, Untrusted } from '../../../core/sink.ts'
import { type Escape, lastRooted, leavesByRoot, leavesFolder } from '../judge/leaves.ts'
import { PathTexts, restHolds } from '../judge/texts.ts'
import { absolutePath, comparable, isInside } from '../judge/where.ts'

/** What one exchange has done with paths so far. */
interface Journey {
  readonly texts: PathTexts
  readonly escapes: Escape[]
  /** Paths that the client's upward steps did not lead out of their folder. */
  readonly stays: Set<string>
}

export interface PathSink extends Sink<string> {
  /** Pieces were made one path. `anew`: one that begins at a root made those before it forgotten. */
  remember(pieces: readonly string[], anew: boolean, untrusted: Untrusted): void
  /** Below these folders every path is as good as any other. */
  allow(root: string): void
}

const OUT = deny('path-traversal', 'a path that something the client sent leads out of the folder it is meant for')
const NUL = deny('path-traversal', 'a path that the client put a NUL character into')
const ABSOLUTE = deny('path-traversal', 'a path that the client named as a whole, from the root on')
/** A path is made of few pieces; whoever makes more of them escapes only once. */
const MOST_ESCAPES = 64

export function pathSink(): PathSink {
  const journeys = new WeakMap<Untrusted, Journey>()
  const roots = new Set<string>()
  const journeyOf = (untrusted: Untrusted): Journey => {
    let journey = journeys.get(untrusted)
    if (journey === undefined) {
      journey = { texts: new PathTexts(), escapes: [], stays: new Set() }
      journeys.set(untrusted, journey)
    }
    journey.texts.readFrom(untrusted)
    return journey
  }
  const isAllowed = (path: string): boolean => {
    for (const root of roots) if (isInside(root, path)) return true
    return false
  }
  return {
    name: 'path-traversal',
    allow: (root) => void roots.add(absolutePath(root)),
    remember(pieces, anew, untrusted) {
      const journey = journeyOf(untrusted)
      const start = anew ? lastRooted(pieces) : 0
      const path = pieces.slice(start).join('/')
      const found =
        leavesByRoot(pieces, start, journey.texts.rooted) ??
        leavesFolder(path, journey.texts.upwards) ??
        leavesFolder(path, journey.texts.partsIn(path)) ??
        leavesFolder(path, unseen(path, untrusted))
      if (found === false) journey.stays.add(absolutePath(path))
      else if (found !== undefined && journey.escapes.length < MOST_ESCAPES && !isKnown(journey.escapes, found))
        journey.escapes.push(found)
    },
    judge(path, untrusted) {
      const { texts, escapes, stays } = journeyOf(untrusted)
      if (texts.hasNul && path.includes('\0')) return NUL
      const rest = unseen(path, untrusted)
      const { upwards, mixed, rooted } = texts
      if (upwards.length + mixed.length + rooted.length + escapes.length + rest.length === 0) return undefined
      const place = absolutePath(path)
      if (isAllowed(place)) return undefined
      if (leavesFolder(path, upwards) ?? leavesFolder(path, texts.partsIn(path))) return OUT
      if (leavesFolder(path, rest)) return OUT
      if (escapes.some((each) => isReached(each, place, untrusted))) return OUT
      if (stays.has(place)) return undefined
      const form = comparable(place)
      if (texts.isWhole(form)) return ABSOLUTE
      return texts.endsUpwards(form) ? OUT : undefined
    },
  }
}

/** The upward part of a path, when it stands in what there was no room to take apart. */
function unseen(path: string, untrusted: Untrusted): string[] {
  const rest = untrusted.rest()
  if (rest === '' || !path.includes('..')) return []
  const form = comparable(path)
  const upwards = form.slice(form.indexOf('..'))
  return restHolds(rest, upwards) ? [upwards] : []
}

/** Whether a path is where an escape led to, is made of it by an ending, or lies below. */
function isReached({ from, to }: Escape, place: string, untrusted: Untrusted): boolean {
  if (place === to) return true
  if (!place.startsWith(to)) return false
  const behind = place.slice(to.length)
  if (!isInside(to, from)) return behind.startsWith('/') || !behind.includes('/')
  // The whole way up: the app's own files lie below it as well, so that the rest must be the client's, too.
  if (isInside(from, place)) return false
  const name = to === '/' ? behind : behind.slice(1)
  return untrusted.texts().some((text) => {
    const front = name.length - text.length
    return text.length > 1 && front >= 0 && (front === 0 || name[front - 1] === '/') && name.endsWith(text)
  })
}

function isKnown(escapes: readonly Escape[], { from, to }: Escape): boolean {
  return escapes.some((each) => each.from === from && each.to === to)
}
