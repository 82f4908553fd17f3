/** Words that say nothing about what a file is for. For `scripts/services.ts` and its tests they mean databases, as for the rest of the world. */
const EMPTY = /^(?:managers?|handlers?|utils?|utility|utilities|helpers?|services?|wrappers?|hooks?|misc|common)$/i
const ALLOWED = /^scripts\/services(?:\.test)?\.ts$|\.services\.test\.ts$/

/** Places on somebody's own machine. They mean nothing to anybody else, and tell who built it and where. */
const MACHINE =
  /(?:^|[^\w.])(?:\/(?:home|Users)\/[a-z][\w.-]*\/|\/root\/[\w.]|\/work\/(?:main|shared)\b|[A-Z]:\\Users\\)|file:\/\/\/(?:home|Users|root|work)\//
/** Addresses that a program under attack is asked for, not places of this repository. */
const ATTACKED = /['"`(](?:\.\.[\\/%]|file:|\/root\/\.ssh)/

/** Promises instead of code. */
const UNFINISHED = /\b(?:TODO|FIXME|XXX|HACK)\b/

/** File and folder names that use an empty word. */
export function emptyNames(paths: readonly string[]): string[] {
  return paths.filter((path) => {
    if (ALLOWED.test(path)) return false
    const words = path.split(/[/.]/).flatMap((segment) => segment.split(/[-_]|(?<=[a-z])(?=[A-Z])/))
    const isMiddleware = words.includes('middleware') && !path.startsWith('library/adapters/')
    return isMiddleware || words.some((word) => EMPTY.test(word))
  })
}

/** Lines that name a place on the machine that wrote them, as `path:line`. */
export function machinePaths(files: ReadonlyMap<string, string>): string[] {
  return linesThat(files, (line) => MACHINE.test(line) && !ATTACKED.test(line))
}

/** Lines that put something off, as `path:line`. */
export function unfinished(files: ReadonlyMap<string, string>): string[] {
  return linesThat(files, (line) => UNFINISHED.test(line))
}

function linesThat(files: ReadonlyMap<string, string>, isBreach: (line: string) => boolean): string[] {
  const found: string[] = []
  for (const [path, text] of files) {
    text.split('\n').forEach((line, index) => {
      if (isBreach(line)) found.push(`${path}:${index + 1}`)
    })
  }
  return found
}
