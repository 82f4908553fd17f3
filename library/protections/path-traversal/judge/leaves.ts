import { Finder } from '../../../toolbox/finder.ts'
import { presentIn } from '../../../toolbox/presence.ts'
import { absolutePath, comparable, hasSegments, isInside, isRooted } from './where.ts'

/** A path that a text of the client's took out of a folder. Both as {@link absolutePath} writes them. */
export interface Escape {
  /** The folder that the code had named in front of the text. */
  readonly from: string
  readonly to: string
}

/** How much of one path is read for the places of texts in it: of a path that a system takes, some dozen places. */
const MOST_READ = 200_000

/**
 * Whether one of the texts, each with a segment `..`, leads this path out of the folder that stands in front of it.
 * `false`: one of them is part of the path, and it stays.
 */
export function leavesFolder(path: string, texts: readonly string[]): Escape | false | undefined {
  if (!path.includes('..')) return undefined
  const form = comparable(path)
  // Lower case may be longer than the text itself (`İ`): places would not fit any more.
  const written = form.length === path.length ? path : form
  const finder = new Finder(form)
  let found: false | undefined
  let read = 0
  let to: string | undefined
  for (const text of presentIn(form, texts)) {
    for (let at = finder.indexOf(text); at !== -1; at = finder.indexOf(text, at + 1)) {
      // Nobody sends the same steps that often by chance.
      read += path.length
      if (read > MOST_READ) return { from: absolutePath(form), to: absolutePath(path) }
      to ??= absolutePath(written)
      const from = folderOf(written.slice(0, at))
      // Where a harmless word leads out as well, the code itself does.
      if (
        !isInside(from, to) &&
        isInside(from, absolutePath(`${written.slice(0, at)}x${written.slice(at + text.length)}`))
      )
        return { from, to }
      found = false
    }
  }
  return found
}

/** Where the path really begins: at the last piece that begins at a root. */
export function lastRooted(pieces: readonly string[]): number {
  let at = pieces.length - 1
  while (at > 0 && !isRooted(pieces[at] as string)) at--
  return Math.max(at, 0)
}

/** Whether the piece at which a path begins anew leads out of the pieces in front of it. */
export function leavesByRoot(
  pieces: readonly string[],
  at: number,
  texts: readonly string[],
): Escape | false | undefined {
  if (at === 0) return undefined
  const piece = comparable(pieces[at] as string)
  // One segment, such as `/srv`, may begin the code's own path by chance.
  if (!texts.some((text) => piece.startsWith(text) && (piece.length === text.length || hasSegments(text, 2))))
    return undefined
  const from = absolutePath(pieces.slice(0, at).join('/'))
  const to = absolutePath(pieces.slice(at).join('/'))
  return isInside(from, to) ? false : { from, to }
}

/** The folder that stands in front of a text. */
function folderOf(before: string): string {
  return absolutePath(before.slice(0, Math.max(before.lastIndexOf('/'), before.lastIndexOf('\\')) + 1))
}
