import type { Harmless, Node, Rule, SourceFile } from '../../core/rule.ts'

const MODULES = /^(?:node:)?fs(?:\/promises)?\.|^(?:node:)?fs\.promises\.|^(?:fs-extra|graceful-fs)\./
const FUNCTIONS =
  /\.(?:readFile|writeFile|appendFile|createReadStream|createWriteStream|open|openAsBlob|readdir|opendir|unlink|rm|rmdir|mkdir|cp|copyFile|rename|move|copy|truncate|symlink|link|chmod|readJson|readJSON|writeJson|writeJSON|remove|outputFile|outputJson|emptyDir|ensureFile|ensureDir)(?:Sync)?$/
/** Both of their first two arguments are paths. */
const TWO_PATHS = /\.(?:cp|copyFile|rename|symlink|link|move|copy)(?:Sync)?$/
/** What adds a file of a path to an archive, or answers one. */
const READERS = /^(?:archiver(?:\.create)?\(\)\.(?:file|directory)|koa-send|adm-zip\(\)\.addLocal(?:File|Folder))$/
/** What makes a name of anything, or refuses it. */
const NAMES: Harmless = {
  calls:
    /(?:^|[.:/])(?:basename|extname|encodeURIComponent|resolveInside|resolveRealInside|sanitizeFilename|sanitize-filename|slugify|filenamify)$/,
}

/** Spots a path that the client decides and a file function opens. */
const taintedPath: Rule = {
  name: 'path-traversal/tainted-path',
  risk: 'path-traversal',
  title: 'The client decides which file is opened',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      for (const path of pathsOf(file, call)) {
        const taint = file.taintOf(path, NAMES)
        if (taint === undefined) continue
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
  if (READERS.test(name)) return name === 'koa-send' ? hasNoRoot(file, args.slice(2), args[1]) : args.slice(0, 1)
  if (name !== 'res.sendFile' && name !== 'res.download' && name !== 'res.sendfile') return []
  // With a root Express refuses to leave it; `download(path, name, options)` has its options third.
  return hasNoRoot(file, args.slice(1), args[0])
}

function hasNoRoot(file: SourceFile, options: readonly Node[], path: Node | undefined): readonly Node[] {
  const hasRoot = options.some((each) => file.propertyOf(each, 'root') !== undefined)
  return hasRoot || path === undefined ? [] : [path]
}
