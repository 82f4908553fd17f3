import type { Harmless, Node, Rule, SourceFile, Spot, Taint } from '../../core/rule.ts'

const COMPILES =
  /^(?:(?:globalThis\.)?(?:eval|Function)|(?:node:)?vm\.(?:Script|SourceTextModule|runInContext|runInNewContext|runInThisContext|compileFunction)|vm2(?:\.\w+)?\(\)\.run|isolated-vm.*\.(?:eval|evalClosure|compileScript)|(?:safe-eval|notevil|static-eval|expr-eval\.Parser\.evaluate))$/
const TIMERS = /^(?:globalThis\.|node:timers\.)?set(?:Timeout|Interval|Immediate)$/
/** Engines whose first argument is a template, and so code. */
const TEMPLATES =
  /^(?:ejs\.(?:render|compile)|pug\.(?:render|compile|compileClient)|jade\.(?:render|compile)|(?:handlebars|hbs\.handlebars|hbs)\.(?:compile|precompile)|nunjucks(?:\.(?:configure\(\)|Environment\(\)))?\.(?:renderString|compile|Template)|(?:lodash|lodash-es|_|underscore)\.template|lodash(?:-es)?\/template|lodash\.template|(?:dot|doT|dot\.doT)\.(?:template|compile)|eta(?:\.Eta\(\)|\(\))?\.(?:renderString|renderStringAsync|compile|render)|swig(?:-templates)?\.(?:render|compile)|twig\.twig|squirrelly\.(?:render|compile)|art-template\.(?:render|compile)|velocityjs\.(?:render|parse)|atpl\.\w+|dustjs-linkedin\.(?:renderSource|compile)|template7\.compile|jsrender\.templates|hogan\.js\.compile|marko\.compile|liquidjs\.Liquid\(\)\.(?:parse|parseAndRender)(?:Sync)?|whiskers\.render|ect\.\w+)$/

/** JSON is a literal of the language, whatever is in it; */
const LITERALS: Harmless = { calls: /^JSON\.stringify$/ }
/** unless it stands in quotes, of which JSON knows one kind only. */
const IN_QUOTES = /['"`\\]['"`]\s*\+\s*JSON\.stringify\(|['"]\$\{\s*JSON\.stringify\(/

/** Spots text of a client that is compiled. */
const taintedCode: Rule = {
  name: 'code-injection/tainted-code',
  risk: 'code-injection',
  title: 'What the client sends is run as code',
  *check(file) {
    for (const call of calls(file)) {
      const name = file.nameOf(call['callee'] as Node)
      const args = call['arguments'] as readonly Node[]
      const isMaker = isFunctionMaker(file, call['callee'] as Node)
      if (name === undefined && !isMaker) continue
      const texts = isMaker
        ? args
        : COMPILES.test(name ?? '')
          ? /Function$/.test(name ?? '')
            ? args
            : args.slice(0, 1)
          : TIMERS.test(name ?? '')
            ? args.slice(0, 1)
            : []
      yield* spots(
        file,
        call,
        texts,
        (taint) => ({
          message: `${taint.source} is run as code, with all that the app may do.`,
          remedy:
            'Compile nothing of a request: read it with JSON.parse(), or choose from functions of your own by name.',
        }),
        LITERALS,
      )
    }
  },
}

/** Spots a template that holds text of a client. */
const taintedTemplate: Rule = {
  name: 'code-injection/tainted-template',
  risk: 'code-injection',
  title: 'What the client sends is a part of a template',
  *check(file) {
    for (const call of calls(file)) {
      const name = file.nameOf(call['callee'] as Node)
      if (name === undefined || !TEMPLATES.test(name)) continue
      yield* spots(file, call, (call['arguments'] as readonly Node[]).slice(0, 1), (taint) => ({
        message: `${taint.source} is a part of this template, so what it marks as code is run.`,
        remedy: 'Keep templates in files of the app, and hand values over beside them: render(template, { value }).',
      }))
    }
  },
}

/** Spots a module whose name the client decides. */
const taintedModule: Rule = {
  name: 'code-injection/tainted-module',
  risk: 'code-injection',
  title: 'The client decides which module is loaded',
  *check(file) {
    const about = (taint: Taint): Pick<Spot, 'message' | 'remedy'> => ({
      message: `${taint.source} decides which file is loaded and run.`,
      remedy: 'Keep a list of the modules that may be loaded, and look the name up in it.',
    })
    for (const node of file.nodes('ImportExpression')) yield* spots(file, node, [node['source'] as Node], about)
    for (const call of file.nodes('CallExpression')) {
      const callee = call['callee'] as Node
      const isRequire = callee.type === 'Identifier' && callee['name'] === 'require'
      if (isRequire) yield* spots(file, call, (call['arguments'] as readonly Node[]).slice(0, 1), about)
    }
  },
}

export const rules: readonly Rule[] = [taintedCode, taintedTemplate, taintedModule]

const makers = new WeakMap<Node, ReadonlySet<unknown>>()

/** `Object.getPrototypeOf(async () => {}).constructor` makes functions of text, as `Function` does; and so do those of generators. */
function isFunctionMaker(file: SourceFile, callee: Node): boolean {
  if (callee.type !== 'Identifier') return false
  let names = makers.get(file.root)
  if (names === undefined)
    makers.set(file.root, (names = file.text.includes('constructor') ? makersIn(file) : new Set()))
  return names.has(callee['name'])
}

function makersIn(file: SourceFile): ReadonlySet<unknown> {
  const names = new Set<unknown>()
  for (const { id, init } of file.nodes('VariableDeclarator')) {
    const value = init ? file.text.slice(init.start, init.end) : ''
    if (!/^(?:Object\.getPrototypeOf\()?\s*\(*(?:async|function)\b/.test(value)) continue
    if (id.type === 'Identifier' && value.endsWith('.constructor')) names.add(id.name)
    const taken = id.type === 'ObjectPattern' ? file.text.slice(id.start, id.end) : ''
    names.add(/\bconstructor\s*:\s*([\w$]+)/.exec(taken)?.[1])
  }
  return names
}

function* calls(file: SourceFile): Iterable<Node> {
  yield* file.nodes('CallExpression')
  yield* file.nodes('NewExpression')
}

function* spots(
  file: SourceFile,
  at: Node,
  texts: readonly Node[],
  about: (taint: Taint) => Pick<Spot, 'message' | 'remedy'>,
  harmless: Harmless = {},
): Iterable<Spot> {
  for (const text of texts) {
    if (text.type === 'SpreadElement') continue
    const isQuoted = IN_QUOTES.test(file.text.slice(text.start, text.end))
    const taint = file.taintOf(text, isQuoted ? {} : harmless)
    if (taint === undefined) continue
    yield { at, ...about(taint), taint }
    return
  }
}
