import type { Harmless, Node, Rule, SourceFile, Taint } from '../../core/rule.ts'

/** Functions that write where a path leads, with the places of path among their arguments. */
const SETS: readonly (readonly [RegExp, number])[] = [
  [/^(?:lodash|_|lodash-es|lodash\/fp|underscore)\.(?:set|setWith|update|updateWith)$/, 1],
  [/^lodash(?:\.|\/|-es\/)(?:set|setWith|update|updateWith|setwith|updatewith)$/, 1],
  [/^(?:lodash|_|lodash-es)\.zipObjectDeep$|^lodash(?:\.|\/)zip-?object-?deep$/i, 0],
  [/^(?:object-path|objectpath)\.(?:set|push|insert|ensureExists|del)$/, 1],
  [
    /^(?:dot-prop|set-value|dset|dset\/merge|just-safe-set|deep-set|nested-property|dottie|keypather|mpath|object-set|set-in|immer-path)(?:\.(?:set|setProperty|dset|default))?$/,
    1,
  ],
  [/^(?:jsonpointer|json-pointer|json-ptr)\.set$/, 1],
]
/** Functions that copy level by level, from every argument but the first. */
const MERGES =
  /^(?:(?:lodash|_|lodash-es)\.(?:merge|mergeWith|defaultsDeep)|lodash(?:\.|\/|-es\/)(?:merge|mergewith|mergeWith|defaultsdeep|defaultsDeep)|(?:merge|merge-deep|deepmerge|deep-merge|defaults-deep|deep-extend|assign-deep|mixin-deep|node\.extend|merge-options|just-extend|lutils-merge|ts-deepmerge|extend|xtend-deep|deep-assign|deap|hoek|@hapi\/hoek)(?:\.(?:merge|recursive|all|default|applyToDefaults))?|(?:jquery|cheerio)\.extend|(?:dset\/merge)\.dset)$/
/** Of these only a call with `true` in front goes deep. */
const DEEP_WHEN_TOLD = /^(?:extend|node\.extend|just-extend|jquery\.extend|cheerio\.extend)$/
const PATCHES =
  /^(?:fast-json-patch|rfc6902|jsonpatch|json8-patch|jiff)\.(?:applyPatch|applyOperation|applyReducer|patch|apply)$/

/** Merging a text merges nothing. */
const TEXTS: Harmless = { when: 'text' }

const REMEDY =
  'Take the known keys one by one, or look keys up in a list of yours; keep what people name in a Map or in Object.create(null).'

/** Spots what a client sent as the source of a merge that goes deep. */
const taintedMerge: Rule = {
  name: 'prototype-pollution/tainted-merge',
  risk: 'prototype-pollution',
  title: 'What the client sends is merged level by level',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'] as Node)
      if (name === undefined || !(MERGES.test(name) || PATCHES.test(name))) continue
      const args = call['arguments'] as readonly Node[]
      const isTold = args[0] !== undefined && file.valueOf(args[0]) === true
      if (DEEP_WHEN_TOLD.test(name) && !isTold) continue
      const taint = firstTaint(file, args.slice(isTold ? 2 : 1))
      if (taint === undefined) continue
      yield {
        at: call,
        message: `${taint.source} is merged level by level, so "__proto__" in it may lead into the prototype of other objects.`,
        remedy: REMEDY,
        taint,
      }
    }
  },
}

/** Spots a path of a client that says where something is written. */
const taintedPath: Rule = {
  name: 'prototype-pollution/tainted-path',
  risk: 'prototype-pollution',
  title: 'The client decides the path under which something is written',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'] as Node)
      const at = name === undefined ? undefined : SETS.find(([names]) => names.test(name))?.[1]
      const path = at === undefined ? undefined : (call['arguments'] as readonly Node[])[at]
      const taint = path === undefined || path.type === 'SpreadElement' ? undefined : file.taintOf(path)
      if (taint === undefined || taint.control !== 'whole') continue
      yield {
        at: call,
        message: `${taint.source} is the path under which this writes, and may lead through "__proto__".`,
        remedy: REMEDY,
        taint,
      }
    }
  },
}

/** Spots `object[a][b] = value` where the client decides `a`. */
const taintedKey: Rule = {
  name: 'prototype-pollution/tainted-key',
  risk: 'prototype-pollution',
  title: 'The client decides the object that something is written into',
  *check(file) {
    for (const assignment of file.nodes('AssignmentExpression')) {
      const left = assignment['left'] as Node
      if (left.type !== 'MemberExpression') continue
      const merged = mergedKey(file, assignment, left)
      const inner = merged ?? keyInto(file, left['object'] as Node)
      if (inner === undefined || isCareful(file, assignment)) continue
      // `object[a].title = ...` changes the same property of whatever is there: that is one fixed name in a prototype, and seldom more.
      if (left['computed'] !== true || isIndex(file, left['property'] as Node)) continue
      const taint = file.taintOf(inner['property'] as Node)
      if (taint === undefined || taint.control !== 'whole' || isBare(file, inner['object'] as Node)) continue
      yield {
        at: assignment,
        message: `${taint.source} chooses the object that is written into; "__proto__" chooses the one that all others inherit from.`,
        remedy: REMEDY,
        taint,
      }
    }
  },
}

/** Spots a function that walks along a path and writes at its end, and looks at none of the keys. */
const unguardedPath: Rule = {
  name: 'prototype-pollution/unguarded-path',
  risk: 'prototype-pollution',
  title: 'A function writes wherever a path leads',
  *check(file) {
    const steps: [Node, string | undefined][] = []
    for (const step of file.nodes('AssignmentExpression')) {
      if (isInLoop(file, step)) steps.push([step, walkerOf(file, step)])
    }
    for (const declared of file.nodes('VariableDeclarator')) steps.push([declared, reducedName(file, declared)])
    for (const [step, walker] of steps) {
      if (walker === undefined) continue
      const fn = file.scopeOf(step)
      const text = file.text.slice(fn.start, fn.end)
      if (!/\.split\(|\bpath\b|\bkeys\b|\bsegments?\b|\bparts\b/i.test(text) || isCareful(file, step)) continue
      for (const write of file.nodes('AssignmentExpression')) {
        if (file.scopeOf(write) !== fn || !isWriteInto(write, walker) || !isHandedIn(file, write)) continue
        yield {
          at: write,
          message:
            'This writes wherever the path leads, and "__proto__" in it leads into the prototype of other objects.',
          remedy:
            "Refuse the keys '__proto__', 'constructor' and 'prototype', or follow only what Object.hasOwn() finds.",
        }
        break
      }
    }
  },
}

export const rules: readonly Rule[] = [taintedMerge, taintedPath, taintedKey, unguardedPath]

function firstTaint(file: SourceFile, sources: readonly Node[]): Taint | undefined {
  for (const source of sources) {
    const taint = source.type === 'SpreadElement' ? undefined : file.taintOf(source, TEXTS)
    // Text that something fixed stands in front of is no object.
    if (taint?.control === 'whole') return taint
  }
  return undefined
}

/** `object[a]`, also where it was given a name one line before. */
function keyInto(file: SourceFile, given: Node): Node | undefined {
  const object = unwrapped(given)
  if (object.type === 'MemberExpression') return object['computed'] === true ? object : undefined
  if (object.type !== 'Identifier') return undefined
  for (const declared of file.nodes('VariableDeclarator')) {
    const init = declared['init'] as Node | null
    if ((declared['id'] as Node)['name'] !== object['name'] || init?.type !== 'MemberExpression') continue
    if (init['computed'] === true && file.scopeOf(declared) === file.scopeOf(object)) return init
  }
  return undefined
}

/**
 * `target[key]` in a function that copies level by level: it calls itself with `target[key]`, and so goes into whatever the key of
 * the source leads to.
 */
function mergedKey(file: SourceFile, assignment: Node, left: Node): Node | undefined {
  const fn = file.scopeOf(assignment)
  const name = (fn['id'] as Node | null | undefined)?.['name'] ?? declaredName(file, fn)
  if (typeof name !== 'string' || left['computed'] !== true || assignment['operator'] !== '=') return undefined
  const own = file.text.slice(left.start, left.end)
  // The level above is written by the call itself, and would be one finding more for the same mistake.
  const value = assignment['right'] as Node
  if (/^(?:Call|Object|Logical)Expression$/.test(value.type)) return undefined
  for (const call of file.nodes('CallExpression')) {
    const isInside = call.start > fn.start && call.end < fn.end
    if (!isInside || (call['callee'] as Node)['name'] !== name) continue
    const [into] = call['arguments'] as readonly Node[]
    if (into && file.text.slice(into.start, into.end).startsWith(own)) return left
  }
  return undefined
}

/** `const merge = (target, source) => ...`. */
function declaredName(file: SourceFile, fn: Node): unknown {
  const parent = file.parent(fn)
  return parent?.type === 'VariableDeclarator' ? (parent['id'] as Node)['name'] : undefined
}

/** Elements of an array have numbers: `rows[i]`. */
function isIndex(file: SourceFile, key: Node): boolean {
  return typeof file.valueOf(key) === 'number' || key.type === 'BinaryExpression'
}

/** An object that inherits from nothing has no way into a prototype. */
function isBare(file: SourceFile, object: Node): boolean {
  if (object.type !== 'Identifier') return false
  const name = String(object['name']).replace(/[^\w$]/g, '')
  return new RegExp(
    `\\b${name.replaceAll('$', '\\$')}\\b(?:\\s*:[^\\n=]*)?\\s*=\\s*(?:Object\\.create\\(null\\)|\\{\\s*__proto__:\\s*null)`,
  ).test(file.text)
}

/** The function names the dangerous keys, asks what the object has itself, or looks keys up in a list. */
function isCareful(file: SourceFile, node: Node): boolean {
  const fn = file.scopeOf(node)
  if (fn.type === 'Program') return false
  const text = file.text.slice(fn.start, fn.end)
  return (
    /\b(?:const|let|var)\s+[\w$]+[^=\n]*=\s*Object\.create\(null\)|Object\.hasOwn\(|hasOwnProperty/.test(text) ||
    DANGEROUS.test(text) ||
    asksList(file, fn)
  )
}

const DANGEROUS = /__proto__|['"`]prototype['"`]/

/** The function asks a list or a function of the same file that names the dangerous keys. */
function asksList(file: SourceFile, fn: Node): boolean {
  const outside = listsIn(file).filter(({ start, end }) => end <= fn.start || start >= fn.end)
  const names = new Set(outside.map(({ id }) => (id as Node | null)?.['name']))
  if (names.size === 0) return false
  for (const call of file.nodes('CallExpression')) {
    if (call.start < fn.start || call.end > fn.end) continue
    const callee = call['callee'] as Node
    const asked = callee.type === 'MemberExpression' ? (callee['object'] as Node) : callee
    if (asked.type === 'Identifier' && names.has(asked['name'])) return true
  }
  return false
}

const lists = new WeakMap<Node, readonly Node[]>()

/** The declarations of a file that name the dangerous keys, looked for once. */
function listsIn(file: SourceFile): readonly Node[] {
  let found = lists.get(file.root)
  if (found === undefined) {
    const all = DANGEROUS.test(file.text)
      ? [...file.nodes('VariableDeclarator'), ...file.nodes('FunctionDeclaration')]
      : []
    found = all.filter(({ start, end }) => DANGEROUS.test(file.text.slice(start, end)))
    lists.set(file.root, found)
  }
  return found
}

/** The variable of `at = at[key]`, also with something made where nothing is: `at = at[key] ??= {}`. */
function walkerOf(file: SourceFile, step: Node): string | undefined {
  const left = step['left'] as Node
  if (step['operator'] !== '=' || left.type !== 'Identifier') return undefined
  const name = String(left['name'])
  return readsFrom(file, step['right'] as Node, name) ? name : undefined
}

function readsFrom(file: SourceFile, node: Node, name: string): boolean {
  switch (node.type) {
    case 'MemberExpression': {
      const object = node['object'] as Node
      return node['computed'] === true && object.type === 'Identifier' && object['name'] === name
    }
    case 'AssignmentExpression':
      return readsFrom(file, node['left'] as Node, name)
    case 'LogicalExpression':
      return readsFrom(file, node['left'] as Node, name)
    case 'ConditionalExpression':
      return readsFrom(file, node['consequent'] as Node, name)
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return readsFrom(file, node['expression'] as Node, name)
    default:
      return false
  }
}

/** `const node = keys.reduce((at, key) => (at[key] ??= {}), root)`: a walk without a loop. */
function reducedName(file: SourceFile, declared: Node): string | undefined {
  const { id, init } = declared as unknown as { id: Node; init: Node | null }
  if (id.type !== 'Identifier' || init?.type !== 'CallExpression') return undefined
  const callee = init['callee'] as Node
  const [step] = init['arguments'] as readonly Node[]
  const property = callee.type === 'MemberExpression' ? (callee['property'] as Node)['name'] : undefined
  if (property !== 'reduce' || !step || !/Function/.test(step.type)) return undefined
  const at = (step['params'] as readonly Node[])[0]
  const body = step['body'] as Node
  const walks = at?.type === 'Identifier' && readsFrom(file, body, String(at['name']))
  return walks ? String(id['name']) : undefined
}

function isInLoop(file: SourceFile, node: Node): boolean {
  const fn = file.scopeOf(node)
  for (let at = file.parent(node); at !== undefined && at !== fn; at = file.parent(at)) {
    if (/^(?:For|While|DoWhile)/.test(at.type)) return true
  }
  return false
}

function isWriteInto(write: Node, walker: string): boolean {
  const left = write['left'] as Node
  if (left.type !== 'MemberExpression' || left['computed'] !== true) return false
  const object = left['object'] as Node
  return object.type === 'Identifier' && object['name'] === walker
}

/** The value is a parameter of the function, or of one around it; what is made on the way, or found out inside, comes from nobody. */
function isHandedIn(file: SourceFile, write: Node): boolean {
  const value = unwrapped(write['right'] as Node)
  if (file.taintOf(value) !== undefined) return true
  if (value.type !== 'Identifier') return false
  for (let fn = file.scopeOf(write); fn.type !== 'Program'; fn = file.scopeOf(fn)) {
    const params = fn['params'] as readonly Node[]
    if (params.some((param) => nameOfParam(param) === value['name'])) return true
    if (file.parent(fn) === undefined) return false
  }
  return false
}

function nameOfParam(param: Node): unknown {
  return param.type === 'AssignmentPattern' ? (param['left'] as Node)['name'] : param['name']
}

function unwrapped(node: Node): Node {
  return node.type === 'TSAsExpression' || node.type === 'TSNonNullExpression'
    ? unwrapped(node['expression'] as Node)
    : node
}
