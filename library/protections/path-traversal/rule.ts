import type { Node, Rule, SourceFile, Taint } from '../../core/rule.ts'

const MODULES = /^(?:node:)?fs(?:\/promises)?\.|^(?:node:)?fs\.promises\.|^(?:fs-extra|graceful-fs)\./
const FUNCTIONS =
  /\.(?:readFile|writeFile|appendFile|createReadStream|createWriteStream|open|openAsBlob|readdir|opendir|unlink|rm|rmdir|mkdir|cp|copyFile|rename|move|copy|truncate|symlink|link|chmod|readJson|readJSON|writeJson|writeJSON|remove|outputFile|outputJson|emptyDir|ensureFile|ensureDir)(?:Sync)?$/
/** Both of their first two arguments are paths. */
const TWO_PATHS = /\.(?:cp|copyFile|rename|symlink|link|move|copy)(?:Sync)?$/
/** What makes a name of anything, or refuses it. */
const NAMES = /\b(?:basename|extname|encodeURIComponent|resolveInside|resolveRealInside|sanitizeFilename)\s*\(/

/** Spots a path that the client decides and a file function opens. */
const taintedPath: Rule = {
  name: 'path-traversal/tainted-path',
  risk: 'path-traversal',
  title: 'The client decides which file is opened',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      for (const path of pathsOf(file, call)) {
        const taint = file.taintOf(path)
        if (taint === undefined || isOnlyName(file, path, taint)) continue
        yield {
          at: call,
          message: `${taint.source} decides which file this opens, and "../" leads out of any folder.`,
          remedy: 'Make the path with resolveInside(root, name), or look the name up in a list.',
          taint,
        }
      }
    }
  },
}

export const rules: readonly Rule[] = [taintedPath]

function pathsOf(file: SourceFile, call: Node): readonly Node[] {
  const name = file.nameOf(call['callee'] as Node)
  const args = call['arguments'] as readonly Node[]
  if (name === undefined || args[0] === undefined) return []
  if (MODULES.test(name) && FUNCTIONS.test(name)) return args.slice(0, TWO_PATHS.test(name) ? 2 : 1)
  if (name !== 'res.sendFile' && name !== 'res.download' && name !== 'res.sendfile') return []
  // With a root Express refuses to leave it; `download(path, name, options)` has its options third.
  const hasRoot = args.slice(1).some((options) => file.propertyOf(options, 'root') !== undefined)
  return hasRoot ? [] : [args[0]]
}

/** Whether the value passed something that leaves no path of it: in the argument itself, or on its way there. */
function isOnlyName(file: SourceFile, path: Node, taint: Taint): boolean {
  if (NAMES.test(file.text.slice(path.start, path.end))) return true
  const line = file.text.slice(0, path.start).split('\n').length
  return taint.trace.some((place) => (place.file !== file.path || place.line !== line) && NAMES.test(place.text))
}
