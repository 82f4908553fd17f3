import { lstat, realpath } from 'node:fs/promises'
import path from 'node:path'
import { isInside } from '../judge/where.ts'
import { PathRefused } from './refused-path.ts'

/** Names that Windows gives to devices, in every folder and with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i
/** No file system of today takes longer ones. */
const LONGEST = 4096

/**
 * The absolute path of a file below `root`, by a name that may come from a client: `a.txt` or `2024/a.txt`.
 *
 * Nothing is decoded, cleaned or guessed: a name with a segment `.` or `..`, that begins at a root, is empty, or holds a backslash, NUL
 * or another control character is refused. On Windows, so are colons, the names of devices, and dots or blanks at an end of a name.
 *
 * **Security**: judges the name alone. Where somebody else may make links below `root`, use {@link resolveRealInside} (CWE-22,
 * ASVS 5.3.2).
 * @throws PathRefused (status 400)
 */
export function resolveInside(root: string, name: string): string {
  if (typeof name !== 'string') throw new PathRefused('the name of a file is no text')
  if (name === '' || name.length > LONGEST) throw new PathRefused('the name of a file is empty or too long')
  if (/[\x00-\x1f\x7f\\]/.test(name)) throw new PathRefused('the name of a file holds a backslash or control character')
  const isWindows = path.sep === '\\'
  for (const segment of name.split('/')) {
    if (segment === '' || segment === '.' || segment === '..') {
      throw new PathRefused('the name of a file leads somewhere else')
    }
    if (isWindows && (/[:<>"|?*]|[. ]$/.test(segment) || DEVICE.test(segment))) {
      throw new PathRefused('the name of a file means something else to Windows')
    }
  }
  const base = path.resolve(root)
  // Nothing in the name leads anywhere, so that this is where it is.
  return base.endsWith(path.sep) ? base + native(name) : base + path.sep + native(name)
}

/**
 * Like {@link resolveInside}, and follows links: answers the real path, and refuses one that a link leads out of `root`.
 * A file that is not there yet is answered where it would be, by the real path of the nearest folder that is there.
 *
 * **Security**: what is a folder now may be a link when the file is opened. Where others can write below `root`, let them not make links.
 * @throws PathRefused (status 400), and what `fs.realpath` throws besides `ENOENT`
 */
export async function resolveRealInside(root: string, name: string): Promise<string> {
  const wanted = resolveInside(root, name)
  const base = await realpath(path.resolve(root))
  let there = wanted
  for (let missing = ''; ; ) {
    const real = await realpathIfThere(there)
    if (real !== undefined) {
      const found = missing === '' ? real : path.join(real, missing)
      if (!isInside(slashes(base), slashes(found))) throw new PathRefused('a link leads out of the folder')
      return found
    }
    missing = missing === '' ? path.basename(there) : path.join(path.basename(there), missing)
    there = path.dirname(there)
  }
}

async function realpathIfThere(place: string): Promise<string | undefined> {
  try {
    return await realpath(place)
  } catch (error) {
    // A link to what is not there is not a missing file: writing to it would make one somewhere else.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !(await isLink(place))) return undefined
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new PathRefused('a link leads to nothing')
    throw error
  }
}

async function isLink(place: string): Promise<boolean> {
  return lstat(place).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  )
}

function native(name: string): string {
  return path.sep === '/' ? name : name.replaceAll('/', path.sep)
}

function slashes(place: string): string {
  return place.replaceAll('\\', '/')
}
