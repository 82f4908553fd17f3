import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const MODULES = /^(?:node:)?fs(?:\/promises)?\.|^(?:node:)?fs\.promises\.|^(?:fs-extra|graceful-fs)\./
const FUNCTIONS =
  /\.(?:readFile|writeFile|appendFile|createReadStream|createWriteStream|open|openAsBlob|readdir|opendir|unlink|rm|rmdir|mkdir|cp|copyFile|rename|truncate|symlink|link|chmod|readJson|writeJson|remove|outputFile)(?:Sync)?$/
/** Both of their first two arguments are paths. */
const TWO_PATHS = /\.(?:cp|copyFile|rename|symlink|link)(?:Sync)?$/

/** Spots a path that the client decides and a file function opens. */
const taintedPath: Rule = {
  name: 'path-firewall/tainted-path',
  risk: 'path-traversal',
  title: 'The client decides which file is opened',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      for (const path of pathsOf(file, call)) {
        const taint = file.taintOf(path)
        if (taint === undefined) continue
        yield {
          at: call,
          message: 'The client decides which file this opens, and "../" leads out of any folder.',
          remedy: 'Look the name up in a list, or pass it as a name below a fixed root: res.sendFile(name, { root }).',
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
