import type { Node, Rule, SourceFile } from '../../core/rule.ts'

/** Spots a request body that is taken over whole: every key of it becomes a property or a column. */
const wholeBody: Rule = {
  name: 'input/whole-body',
  risk: 'unknown-keys',
  title: 'A request body is taken over whole',
  *check(file) {
    for (const spread of file.nodes('SpreadElement')) {
      const object = file.parent(spread)
      if (object?.type !== 'ObjectExpression' || !isBody(file, spread['argument'] as Node)) continue
      yield {
        at: spread,
        message: 'Every key that the client sends becomes a property of this object.',
        remedy: REMEDY,
      }
    }
    for (const call of file.nodes('CallExpression')) {
      if (file.nameOf(call['callee'] as Node) !== 'Object.assign') continue
      const sources = (call['arguments'] as readonly Node[]).slice(1)
      const body = sources.find((source) => isBody(file, source))
      if (body === undefined) continue
      yield { at: call, message: 'Every key that the client sends is written onto this object.', remedy: REMEDY }
    }
  },
}

export const rules: readonly Rule[] = [wholeBody]

const REMEDY =
  'Declare the body with secure({ body: schema }) and take req.security.input.body, or name the fields one by one.'

function isBody(file: SourceFile, node: Node): boolean {
  const name = file.nameOf(node)
  return name === 'req.body' || name === 'req.query'
}
