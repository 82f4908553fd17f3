import type { Harmless, Node } from '../library/core/rule.ts'
import { bare, keyOf, type Path } from './bindings.ts'
import { composedOf } from './composed.ts'
import { isHarmlessByRoute, validatedPart } from './declared.ts'
import { pieces } from './expressions.ts'
import { addStep, type Flow, startFlow, weaken } from './flow.ts'
import { followImport, requiredBy } from './modules.ts'
import { linkFlow, variableFlow } from './name-flow.ts'
import { constantOf, nameOf } from './names.ts'
import { escapedMarkup, isCleansing } from './patterns.ts'
import { isHarmlessBy, isRefinement, type Validation, validationOf } from './schemas.ts'
import { sourceOfCall } from './sources.ts'
import { enter, firstFlow, flowOf, type Quest } from './taint.ts'
import { functionAround, parentOf, treeOf } from './tree.ts'
import { functionsOf, returnsOf, startsWith, tagsOf, yieldsOf } from './values.ts'

/** What comes out of a call: the answer of a function of the project, or what a known function makes of its arguments. */
export function callFlow(call: Node, path: Path, quest: Quest): Flow | undefined {
  const specifier = requiredBy(call)
  if (specifier !== undefined) return linkFlow(followImport(treeOf(call), specifier, path), quest, treeOf(call))
  const source = sourceOfCall(call)
  if (source !== undefined && isCheckedCall(call, path, quest)) return undefined
  if (source !== undefined) return startFlow(source, call)
  const callee = bare(call['callee'])
  const name = nameOf(callee)
  const method = callee.type === 'MemberExpression' ? keyOf(callee) : undefined
  const last: string = method ?? callee['name'] ?? ''
  if (isCleaner(name, last)) return undefined
  const validation = validationOf(call)
  if (validation) return validatedFlow(validation, path, quest)
  // What every list has is no function that a rule names.
  const isOfList = method === 'filter' && /(?:^|\)\.)filter$/.test(name ?? method) && functionsOf(callee).length === 0
  if (!isOfList && isHarmless(quest.state.harmless, name, last)) return undefined
  if (name === 'ctx.get') return variableFlow(call, path, quest)
  const parts = composedOf(call)
  if (parts.length > 0) return composedFlow(parts, call, quest)
  const targets = functionsOf(callee)
  if (targets.length > 0) {
    for (const fn of targets) {
      const inner = enter(quest, fn, call)
      const flow = inner && (firstFlow(returnsOf(fn), path, inner) ?? firstFlow(yieldsOf(fn), path.slice(1), inner))
      if (flow) return addStep(flow, call, 'answered by the call')
    }
    return undefined
  }
  if (name !== undefined) {
    const flow = libraryFlow(name, call, path, quest)
    if (flow !== null) return flow
  }
  return callee.type === 'MemberExpression' ? methodFlow(callee, call, path, quest) : undefined
}

/** What comes out of functions that run one after the other: nothing of the client's once one of them lets nothing pass. */
function composedFlow(parts: readonly Node[], call: Node, quest: Quest): Flow | undefined {
  let found: Flow | undefined
  for (const part of parts) {
    const flow = partFlow(part, call, quest)
    if (quest.state.rough ? flow : !flow) return flow
    found = found && flow ? weaken(flow, found.control) : flow
  }
  return found && addStep(found, call, 'answered by the call')
}

function partFlow(fn: Node, call: Node, quest: Quest): Flow | undefined {
  const name = nameOf(fn)
  const last = name?.slice(name.lastIndexOf('.') + 1) ?? ''
  if (isCleaner(name, last) || isHarmless(quest.state.harmless, name, last)) return undefined
  for (const target of functionsOf(fn)) {
    const inner = enter(quest, target, call)
    const flow = inner && firstFlow(returnsOf(target), [], inner)
    if (flow) return flow
  }
  return name === undefined ? undefined : (libraryFlow(name, call, [], quest) ?? undefined)
}

/** What a schema lets pass, as far as it leaves the client a choice. */
function validatedFlow({ schema, input, path: answer }: Validation, path: Path, quest: Quest): Flow | undefined {
  if (quest.state.rough) return flowOf(input, [], quest)
  if (!startsWith(path, answer) && !startsWith(answer, path)) return undefined
  const inner = path.slice(answer.length)
  return isHarmlessBy(schema, inner, quest.state.harmless.when) ? undefined : flowOf(input, inner, quest)
}

/** `c.req.valid('json').id`, and `c.req.param('id')` in a route that has it checked. */
function isCheckedCall(call: Node, path: Path, { state }: Quest): boolean {
  const callee = bare(call['callee'])
  const method = callee.type === 'MemberExpression' ? keyOf(callee) : ''
  const part = method === 'valid' ? validatedPart(call) : undefined
  const { plan } = treeOf(call).project.known
  if (part === undefined || !plan || state.rough) return false
  for (let fn = functionAround(call); fn.type !== 'Program'; fn = functionAround(fn)) {
    const registration = plan.registrations.get(fn)
    if (registration) return isHarmlessByRoute(registration, [part, ...path], state.harmless.when)
  }
  return false
}

/** A tag of the project is a function like any other. What others make of the values is theirs. */
export function taggedFlow(node: Node, path: Path, quest: Quest): Flow | undefined {
  for (const fn of tagsOf(node)) {
    const inner = enter(quest, fn, node)
    const flow = inner && firstFlow(returnsOf(fn), path, inner)
    if (flow) return addStep(flow, node, 'answered by the tag')
  }
  return nameOf(node['tag']) === 'String.raw' ? flowOf(node['quasi'], [], quest) : undefined
}

function isHarmless({ calls, when }: Harmless, name: string | undefined, last: string): boolean {
  return (when === 'text' && (name === 'String' || MAKE_TEXT.test(last))) || calls?.test(name ?? `.${last}`) === true
}

/** Only texts have these methods, and what they answer is one: with anything else the app throws. */
const MAKE_TEXT =
  /^(?:trim(?:Start|End)?|to(?:Locale)?(?:Lower|Upper)Case|toString|substring|substr|normalize|replace|replaceAll|padStart|padEnd|charAt|join|toHexString|digest|repeat)$/

/** Calls whose result is no longer the client's text: numbers, yes or no, and text made safe for HTML. */
function isCleaner(name: string | undefined, last: string | undefined): boolean {
  if (name !== undefined && CLEANERS.test(name)) return true
  return last !== undefined && ESCAPERS.test(last)
}

const CLEANERS =
  /^(?:Number|parseInt|parseFloat|Boolean|BigInt|isNaN|isFinite|Math\.\w+|Number\.\w+|Date\.\w+|Array\.isArray|Object\.hasOwn|escape-html|he\.(?:encode|escape)|lodash(?:\.escape|\/escape)|_\.escape|underscore\.escape|validator\.(?:escape|to\w+|is\w+)|sanitize-html|xss(?:\.\w+)?|(?:isomorphic-)?dompurify.*\.sanitize|html-escaper\.escape|html-entities\.encode|entities\.(?:encode|escape)\w*|serialize-javascript)$/

const ESCAPERS = /^(?:escape_?html|html_?escape|sanitize_?html|encode_?html|safeRedirect|html_?encode)$/i

/** Answers that are numbers or yes and no, whatever they are asked of. */
const MEASURES =
  /^(?:includes|startsWith|endsWith|indexOf|lastIndexOf|search|test|has|some|every|charCodeAt|codePointAt|localeCompare|findIndex|hasOwnProperty|equals|getTime|valueOf|isInteger|toFixed)$/

/** Built-in and well-known functions by name: `null` when the name says nothing. */
function libraryFlow(name: string, call: Node, path: Path, quest: Quest): Flow | undefined | null {
  const args: Node[] = call['arguments']
  if (quest.state.harmless.when === 'text' && TEXT.test(name)) return undefined
  if (/^(?:encodeURIComponent|node:querystring\.(?:escape|stringify)|qs\.stringify)$/.test(name)) {
    return part(firstFlow(args, [], quest))
  }
  if (
    /^(?:node:path(?:\.(?:posix|win32))?\.(?:join|resolve|normalize|relative|format)|node:util\.format|node:url\.resolve)$/.test(
      name,
    )
  ) {
    // Below a root, what was taken apart with the root as its top has no way up any more.
    const isRoot = /join$/.test(name) && quest.state.harmless.calls?.test('resolveInside') === true
    return pieces(isRoot ? args.filter((arg, index) => index === 0 || !isFromTop(arg)) : args, quest)
  }
  if (/^node:path(?:\.(?:posix|win32))?\.(?:basename|extname|parse)$/.test(name))
    return part(firstFlow(args, [], quest))
  if (name === 'JSON.stringify') return part(firstFlow(args.slice(0, 1), [], quest))
  if (name === 'Promise.all' || name === 'Promise.allSettled' || name === 'Promise.any' || name === 'Promise.race') {
    const inner = name === 'Promise.all' ? path : ['*']
    return args[0] && flowOf(args[0], inner, quest)
  }
  if (
    name === 'Object.assign' ||
    name === 'Promise.resolve' ||
    name === 'Object.freeze' ||
    name === 'structuredClone'
  ) {
    return firstFlow(args, path, quest)
  }
  if (name === 'Object.fromEntries') return args[0] && flowOf(args[0], ['*', '1', ...path.slice(1)], quest)
  // What a text holds may be an object.
  if (name === 'JSON.parse') return firstFlow(args.slice(0, 1), [], withTexts(quest))
  if (WHOLE.test(name)) return firstFlow(args, [], quest)
  // Nobody's function: what it makes of its arguments is guessed from what it is called.
  const last = name.slice(name.lastIndexOf('.') + 1)
  return TRANSFORMS.test(last) && !OWN_METHODS.test(name) ? (firstFlow(args, [], quest) ?? null) : null
}

/** `path.normalize('/' + name)` and `path.join('/', name)`. */
function isFromTop(node: Node): boolean {
  const call = bare(node)
  if (call.type !== 'CallExpression') return false
  if (!/^node:path(?:\.(?:posix|win32))?\.(?:join|resolve|normalize)$/.test(nameOf(call['callee']) ?? '')) return false
  const given: Node[] = call['arguments']
  // `resolve` begins anew at a later argument that has a slash in front, which is no way up either.
  const first = given[0] && bare(given[0])
  const start =
    first?.type === 'TemplateLiteral' ? first['quasis'][0].value.cooked : first && constantOf(leftmost(first))
  return typeof start === 'string' && start.startsWith('/')
}

function leftmost(node: Node): Node {
  return node.type === 'BinaryExpression' && node['operator'] === '+' ? leftmost(bare(node['left'])) : node
}

/** The same question, where making a text of a value no longer ends its way. */
function withTexts(quest: Quest): Quest {
  const { state } = quest
  if (state.harmless.when !== 'text') return quest
  const { keys } = state.harmless
  return { ...quest, state: { ...state, harmless: keys ? { keys } : {} } }
}

/** Answers that are texts whatever they are made of. */
const TEXT =
  /^(?:JSON\.stringify|(?:en|de)codeURI(?:Component)?|escape|unescape|atob|btoa|String\.raw|node:path\b.*|node:util\.(?:format|inspect)|node:querystring\.(?:escape|unescape|stringify)|qs\.stringify)$/

const WHOLE =
  /^(?:String|Array\.(?:from|of)|Object\.(?:keys|values|entries|fromEntries)|JSON\.parse|decodeURI|decodeURIComponent|unescape|encodeURI|escape|atob|btoa|Buffer\.from|Buffer\.concat|String\.raw|node:buffer\.Buffer\.from|node:url\.(?:parse|format|fileURLToPath)|node:querystring\.(?:parse|unescape|decode)|qs\.parse|node:util\.(?:inspect|toUSVString|stripVTControlCharacters))$/

/** Of these the object answers, and not what the method is given. */
const OWN_METHODS = /^(?:req|res|ctx|(?:Map|WeakMap|Set|Headers|FormData|URL|URLSearchParams)\(\))/

const TRANSFORMS =
  /^(?:to[A-Z]\w*|parse|decode\w*|unescape\w*|trim\w*|camelCase|snakeCase|kebabCase|startCase|capitalize|upperFirst|lower\w*|upper\w*|pad\w*|truncate|template|merge|defaults|pick|omit|clone|cloneDeep|assign|extend|flatten|compact|uniq|first|head|last|join|concat|get|values|castArray)$/

/** A method of something that is the client's answers something of the client's. */
function methodFlow(callee: Node, call: Node, path: Path, quest: Quest): Flow | undefined {
  const method = keyOf(callee)
  if (MEASURES.test(method)) return undefined
  const object: Node = callee['object']
  const args: Node[] = call['arguments']
  switch (method) {
    case 'map':
    case 'flatMap':
      return callbackFlow(args[0], method === 'map' ? path.slice(1) : path, quest)
    case 'reduce':
    case 'reduceRight':
      return callbackFlow(args[0], path, quest) ?? (args[1] && flowOf(args[1], path, quest))
    case 'then':
      return callbackFlow(args[0], path, quest)
    case 'filter':
      return args[0] && functionsOf(args[0]).some((fn) => isRefinement(fn) || isRefinement(fn, path.slice(1)))
        ? undefined
        : flowOf(object, path, quest)
    case 'catch':
    case 'finally':
    case 'slice':
    case 'sort':
    case 'reverse':
    case 'toSorted':
    case 'toReversed':
    case 'flat':
      return flowOf(object, path, quest)
    case 'find':
    case 'findLast':
    case 'pop':
    case 'shift':
    case 'at':
      return flowOf(object, ['*', ...path], quest)
    case 'join':
      return part(flowOf(object, ['*'], quest) ?? flowOf(object, [], quest))
    case 'concat':
      return pieces([object, ...args], quest)
    case 'replace':
    case 'replaceAll': {
      // Taking something out of the client's text leaves the client's text, unless all is taken out that could do harm.
      if ((args[0] && isCleansing(args[0], args[1])) || isEscaped(call, quest)) return undefined
      const own = flowOf(object, [], quest)
      if (own) return own
      const put = args[1]
      return part(put && (functionsOf(put).length > 0 ? callbackFlow(put, [], quest) : flowOf(put, [], quest)))
    }
    case 'call':
    case 'apply':
      return undefined
    default:
      return flowOf(object, method === 'get' || method === 'values' ? ['*'] : [], quest)
  }
}

/** Written as references: what marks a tag, and quotes too unless the rule can do without them. */
function isEscaped(call: Node, { state }: Quest): boolean {
  const escaped = escapedMarkup(call)
  if (!escaped.includes('<')) return false
  return escaped.includes('"') || state.harmless.calls?.test('escaped') === true
}

function callbackFlow(fn: Node | undefined, path: Path, quest: Quest): Flow | undefined {
  if (!fn) return undefined
  for (const target of functionsOf(fn)) {
    const flow = firstFlow(returnsOf(target), path, quest)
    if (flow) return flow
  }
  // `.map(String)` and `.map(decodeURIComponent)` keep what they are given; `.map(Number)` does not.
  const name = nameOf(fn)
  const call = bare(fn)
  if (name === undefined || !WHOLE.test(name)) return undefined
  const site = parentCall(call)
  return site && flowOf(site['callee'].object, ['*'], quest)
}

function parentCall(fn: Node): Node | undefined {
  const parent = parentOf(fn)
  return parent?.type === 'CallExpression' && parent['callee'].type === 'MemberExpression' ? parent : undefined
}

function part(flow: Flow | undefined): Flow | undefined {
  return flow && weaken(flow, 'part')
}
