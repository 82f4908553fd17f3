import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** What parsers of forms call the name that the client gave: multer, formidable. */
const SENT_NAME: ReadonlySet<string> = new Set(['originalname', 'originalFilename'])
const WRITES =
  /^(?:node:)?fs(?:\/promises|\.promises)?\.(?:writeFile|appendFile|rename|copyFile|cp|open|link|symlink|createWriteStream)(?:Sync)?$/
const JOINS = /^(?:node:)?path(?:\.(?:posix|win32|default))?\.(?:join|resolve|normalize)$/
/** Parsers that take files of any size unless they are told. */
const LIMITLESS: ReadonlySet<string> = new Set(['multer', 'express-fileupload'])

/** Spots a path that is made with the name which the client gave a file. */
const clientName: Rule = {
  name: 'uploads/client-name',
  risk: 'upload-path',
  title: 'A file is written under the name that the client gave it',
  *check(file) {
    const spotted = new Set<Node>()
    for (const member of file.nodes('MemberExpression')) {
      if (!isSentName(file, member)) continue
      const call = pathAround(file, member)
      if (call === undefined || spotted.has(call)) continue
      spotted.add(call)
      yield {
        at: member,
        message:
          'The name may lead out of the folder, replace a file of somebody else, or end in what the server runs.',
        remedy: 'Give the file a random name of your own, or receive it with secure({ files }) and file.keep(root).',
      }
    }
  },
}

const noLimits: Rule = {
  name: 'uploads/no-limits',
  risk: 'oversized-upload',
  title: 'Files of any size are taken',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'])
      if (name === undefined || !LIMITLESS.has(name)) continue
      const [options] = call['arguments'] as readonly Node[]
      if (options !== undefined && options.type !== 'ObjectExpression') continue
      const limits = file.propertyOf(options, 'limits')
      if (limits !== undefined && (limits.type !== 'ObjectExpression' || file.propertyOf(limits, 'fileSize'))) continue
      yield {
        at: call,
        message: 'One request may send as much as the disk or the memory holds.',
        remedy: 'Set limits: { fileSize, files }, or receive files with secure({ files }).',
      }
    }
  },
}

export const rules: readonly Rule[] = [clientName, noLimits]

function isSentName(file: SourceFile, member: Node): boolean {
  const name = propertyName(member)
  if (name !== undefined && SENT_NAME.has(name)) return true
  // express-fileupload calls it just that.
  return name === 'name' && /^req\.files\.[^.]+$/.test(file.nameOf(member['object']) ?? textOf(file, member['object']))
}

/** The call that takes the value for a path; `undefined` when it goes anywhere else. */
function pathAround(file: SourceFile, from: Node): Node | undefined {
  let at: Node = from
  for (let above = file.parent(at); above !== undefined; at = above, above = file.parent(above)) {
    if (above.type === 'BinaryExpression' || above.type === 'TemplateLiteral') continue
    if (above.type !== 'CallExpression' || above['callee'] === at) return undefined
    const callee = above['callee'] as Node
    const name = file.nameOf(callee)
    if (name !== undefined && (WRITES.test(name) || JOINS.test(name))) return above
    if (callee.type === 'MemberExpression' && propertyName(callee) === 'mv') return above
    return callee.type === 'Identifier' && above['arguments'][1] === at && isInStorage(file, above) ? above : undefined
  }
  return undefined
}

/** Inside of `multer.diskStorage({ filename(req, file, callback) { ... } })`. */
function isInStorage(file: SourceFile, call: Node): boolean {
  for (let at: Node | undefined = call; at !== undefined; at = file.parent(at)) {
    if (at.type === 'Property' && at['key']?.['name'] === 'filename') {
      const storage = file.parent(file.parent(at) ?? at)
      return storage?.type === 'CallExpression' && file.nameOf(storage['callee']) === 'multer.diskStorage'
    }
  }
  return false
}

function propertyName(member: Node): string | undefined {
  const property = member['property'] as Node
  return member['computed'] === true ? undefined : (property['name'] as string | undefined)
}

function textOf(file: SourceFile, node: Node): string {
  return file.text.slice(node.start, node.end)
}
