import type { Harmless, Node, Rule, SourceFile, Spot, Taint } from '../../core/rule.ts'

/** Methods of collections and models, with the number of arguments that are filters or changes. */
const METHODS =
  /^(?:find|findOne|findOneAndUpdate|findOneAndReplace|findOneAndDelete|findOneAndRemove|findByIdAndUpdate|updateOne|updateMany|replaceOne|deleteOne|deleteMany|countDocuments|distinct|aggregate|bulkWrite|exists|where)$/
/** Names that only MongoDB's collections and mongoose's models have. */
const OWN = /^(?:findOneAnd|findByIdAnd|updateOne|updateMany|replaceOne|deleteOne|deleteMany|countDocuments|bulkWrite)/
const SCRIPTS: ReadonlySet<string> = new Set(['$where', 'body', 'init', 'accumulate', 'merge', 'finalize'])
/** What is always a text, whatever the client sends. Everything else may be an object. */
const ALWAYS_TEXT =
  /^(?:req\.(?:params|headers|url|originalUrl|path|hostname|host|header|get|param)\b|req\.(?:get|header|param)\()/
const REMEDY =
  'Make a text or a number of it first, as String(value) does, or write the filter with filter(), which refuses everything else.'

/** Spots a value in a filter that the client may send an operator for. */
const taintedFilter: Rule = {
  name: 'nosql-injection/tainted-filter',
  risk: 'nosql-injection',
  title: 'A filter takes what the client sends, which may be an operator',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const spot = isMongo(file, call) ? judgeFilter(file, call) : undefined
      if (spot !== undefined) yield spot
    }
  },
}

/** Spots a script for the database that holds what the client sends. */
const taintedScript: Rule = {
  name: 'nosql-injection/tainted-script',
  risk: 'nosql-injection',
  title: 'A script for the database is put together from what the client sends',
  *check(file) {
    for (const property of file.nodes('Property')) {
      const name = keyOf(property)
      if (name === undefined || !SCRIPTS.has(name) || (name !== '$where' && !isOfFunction(file, property))) continue
      const taint = file.taintOf(property['value'] as Node)
      if (taint !== undefined) yield scriptSpot(property, taint)
    }
    for (const call of file.nodes('CallExpression')) {
      const script = methodOf(call) === '$where' ? (call['arguments'] as readonly Node[])[0] : undefined
      const taint = script && file.taintOf(script)
      if (taint !== undefined) yield scriptSpot(call, taint)
    }
  },
}

export const rules: readonly Rule[] = [taintedFilter, taintedScript]

function scriptSpot(at: Node, taint: Taint): Spot {
  return {
    at,
    message: `${taint.source} is a part of a script that the database runs.`,
    remedy: 'Write conditions with operators instead of a script, and compare values with them.',
    taint,
  }
}

function judgeFilter(file: SourceFile, call: Node): Spot | undefined {
  const args = (call['arguments'] as readonly Node[]).slice(0, methodOf(call) === 'distinct' ? 2 : 3)
  for (const [index, argument] of args.entries()) {
    // A filter may have been put together before. In a change most values are only stored.
    const taint = operatorIn(file, argument, 0) ?? (index === 0 ? filterTaint(file, argument) : undefined)
    if (taint === undefined) continue
    return {
      at: call,
      message: `${taint.source} goes into a filter as it came, so the client may send an operator such as {"$ne": null} in its place.`,
      remedy: REMEDY,
      taint,
    }
  }
  return undefined
}

const DEEPEST = 6

const DATA = /^\$(?:where|set|setOnInsert|literal|eq)$/

/** The first value in a filter that the client may send an object for. */
function operatorIn(file: SourceFile, node: Node, depth: number): Taint | undefined {
  if (depth > DEEPEST) return undefined
  switch (node.type) {
    case 'ObjectExpression':
      for (const property of node['properties'] as readonly Node[]) {
        // Values that are stored are no conditions, and scripts have a rule of their own.
        const name = keyOf(property)
        if (name !== undefined && DATA.test(name)) continue
        const value = (property.type === 'SpreadElement' ? property['argument'] : property['value']) as Node
        const taint = operatorIn(file, value, depth + 1)
        if (taint !== undefined) return taint
      }
      return undefined
    case 'ArrayExpression':
      for (const item of node['elements'] as readonly (Node | null)[]) {
        const taint = item === null ? undefined : operatorIn(file, item, depth + 1)
        if (taint !== undefined) return taint
      }
      return undefined
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'TSSatisfiesExpression':
      return operatorIn(file, node['expression'] as Node, depth + 1)
    default:
      return objectTaint(file, node)
  }
}

/** Taint of a filter that was put together before, or elsewhere. */
function filterTaint(file: SourceFile, node: Node): Taint | undefined {
  // A function of the project's own has no name elsewhere.
  const isOwnCall = node.type === 'CallExpression' && file.nameOf(node['callee'] as Node) === undefined
  if (node.type !== 'Identifier' && node.type !== 'MemberExpression' && !isOwnCall) return undefined
  const taint = file.taintOf(node, CONVERTED)
  return taint === undefined || ALWAYS_TEXT.test(taint.source) ? undefined : taint
}

/** Taint of a value that nothing on the way makes a text or a number of. */
function objectTaint(file: SourceFile, node: Node): Taint | undefined {
  const taint = file.taintOf(node, CONVERTED)
  return taint?.control !== 'whole' || ALWAYS_TEXT.test(taint.source) ? undefined : taint
}

/** What makes one value of anything, or refuses everything else. */
const CONVERTED: Harmless = {
  calls:
    /(?:^|[./])(?:String|Number|BigInt|Boolean|Date|ObjectI[dD]|parseInt|parseFloat|createHash\(?\)?.*|hash\w*|(?:mongo-)?sanitize\w*|validate\w*|\w*[Ss]chema\w*|escape\w*|(?<!JSON\.)(?:parse|safeParse)|slice)$|^(?:bulwark)?\.?filter$/,
  keys: DATA,
  when: 'text',
}

/** Whether the call goes to MongoDB: by its name, or by the filter that only MongoDB takes. Lists and SQL mappers have methods of these names, too. */
function isMongo(file: SourceFile, call: Node): boolean {
  const method = methodOf(call)
  const [first] = call['arguments'] as readonly Node[]
  if (!METHODS.test(method) || first === undefined) return false
  if (/Function/.test(first.type)) return false
  // `{ where: ... }` is for those who write SQL.
  if (first.type === 'ObjectExpression' && file.propertyOf(first, 'where') !== undefined) return false
  if (first.type === 'ObjectExpression' || OWN.test(method)) return true
  // Files exist as well, and lists can be told where to look.
  return (file.usesPackage('mongodb') || file.usesPackage('mongoose')) && !/^(?:exists|where)$/.test(method)
}

function isOfFunction(file: SourceFile, property: Node): boolean {
  const holder = file.parent(property)
  const outer = holder && file.parent(holder)
  const name = outer?.type === 'Property' ? keyOf(outer) : undefined
  return name === '$function' || name === '$accumulator'
}

function keyOf(property: Node): string | undefined {
  const key = property['key'] as Node | undefined
  if (key === undefined) return undefined
  return String(key['name'] ?? key['value'] ?? '')
}

function methodOf(call: Node): string {
  const callee = call['callee'] as Node
  if (callee.type !== 'MemberExpression') return ''
  const property = callee['property'] as Node
  return String(property['name'] ?? property['value'] ?? '')
}
