import type { Harmless, Node, Rule, SourceFile, Spot, Taint } from '../../core/rule.ts'

const SENDS = /^res\.(?:send|end|write)$/
/** What is handed to these is a page, whatever it looks like. */
const PAGES = /^res\.html$/
/** What leaves no markup of a text. */
const ENCODED: Harmless = {
  calls: /(?:^|\.)(?:encodeURIComponent|insecureHtml)$|^(?:node:querystring|qs)\.(?:escape|stringify)$/,
}
/** Between tags, what holds no tag is harmless, too. */
const WITHOUT_TAGS: Harmless = { calls: new RegExp(`${ENCODED.calls?.source}|^escaped$`) }
/** A value inside of a tag: `value="` at the end of a text, or in front of a place in a template. */
const ATTRIBUTE = /=\s*["']?\s*(?:["'`]\s*\+|\$\{)/
const MARKUP = /<(?:[a-z!/]|\$\{)/i
/** What their makers' templates put in as it is. */
const DECLARED = /^(?:hono\/html\.raw|(?:handlebars|hbs|hbs\.handlebars)\.SafeString|nunjucks\.runtime\.SafeString)$/
const REMEDY = 'Write the page with html`...`, or escape the value with escapeHtml().'

/** Spots what a client sent going out in a page as it came. */
const unescapedOutput: Rule = {
  name: 'xss/unescaped-output',
  risk: 'xss',
  title: "A client's value goes into a page unescaped",
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'] as Node)
      const sent = (call['arguments'] as readonly Node[])[0]
      if (name === undefined || sent === undefined) continue
      if (PAGES.test(name)) yield* unescaped(file, call, sent, () => true)
      else if (SENDS.test(name)) yield* unescaped(file, call, sent, (taint) => isPage(file, call, sent, taint))
    }
    // Koa sends what is put into the body, and the web's own servers what they return.
    for (const assignment of file.nodes('AssignmentExpression')) {
      const left = assignment['left'] as Node
      if (left.type !== 'MemberExpression' || file.nameOf(left) !== 'res.body') continue
      yield* unescaped(file, assignment, assignment['right'] as Node, () => isMarkedAsPage(file, assignment))
    }
    for (const made of file.nodes('NewExpression')) {
      const [sent] = made['arguments'] as readonly Node[]
      const name = sent && file.nameOf(made['callee'] as Node)
      if (sent && name !== undefined && /^(?:Response|next\/server\.NextResponse)$/.test(name)) {
        yield* unescaped(file, made, sent, () => isMarkedAsPage(file, made))
      }
    }
    for (const answer of file.nodes('ReturnStatement')) {
      const sent = answer['argument'] as Node | null
      if (sent && /^(?:Template|Binary|Call|Ident|Member|Await)/.test(sent.type)) yield* returned(file, answer, sent)
    }
  },
}

/** Spots text that becomes markup by promise, where the text is the client's. */
const insecureMarkup: Rule = {
  name: 'xss/insecure-markup',
  risk: 'xss',
  title: "A client's value is declared to be safe markup",
  *check(file) {
    for (const call of [...file.nodes('CallExpression'), ...file.nodes('NewExpression')]) {
      const callee = call['callee'] as Node
      const sent = (call['arguments'] as readonly Node[])[0]
      const isOwn = callee.type === 'Identifier' && callee['name'] === 'insecureHtml'
      if (sent === undefined || !(isOwn || DECLARED.test(file.nameOf(callee) ?? ''))) continue
      const taint = file.taintOf(sent)
      if (taint === undefined) continue
      yield {
        at: call,
        message: `${taint.source} becomes markup as it came.`,
        remedy: `Leave ${isOwn ? 'insecureHtml()' : 'this call'} out.`,
        taint,
      }
    }
  },
}

export const rules: readonly Rule[] = [unescapedOutput, insecureMarkup]

function* unescaped(file: SourceFile, at: Node, sent: Node, isPage: (taint: Taint) => boolean): Iterable<Spot> {
  if (isMarkedAsData(file, at)) return
  const isAttribute = ATTRIBUTE.test(file.text.slice(sent.start, sent.end))
  const taint = file.taintOf(sent, isAttribute ? ENCODED : WITHOUT_TAGS)
  if (taint === undefined || !(hasMarkup(file, sent, taint) || isPage(taint))) return
  yield { at, message: `${taint.source} goes into a page unescaped.`, remedy: REMEDY, taint }
}

const VERBS = /^(?:Get|Post|Put|Patch|Delete|All)$/

/** What Nest's methods return is sent as a page when it is a text; Fastify's handlers have to say so. */
function* returned(file: SourceFile, answer: Node, sent: Node): Iterable<Spot> {
  const fn = file.scopeOf(answer)
  const method = file.parent(fn)
  const decorators = ((method?.type === 'MethodDefinition' && method['decorators']) || []) as readonly Node[]
  const told = decorators.map(({ start, end }) => file.text.slice(start, end)).join('\n')
  if (decorators.some(({ expression }) => VERBS.test(String(expression?.callee?.name)))) {
    const isData = /content-type['"`]\s*,\s*['"`](?!text\/html)/i.test(told)
    if (!isData) yield* unescaped(file, answer, sent, () => /content-type['"`]\s*,\s*['"`]text\/html/i.test(told))
  } else if (isMarkedAsPage(file, answer) && isOfFastify(file, fn)) yield* unescaped(file, answer, sent, () => true)
}

function isOfFastify(file: SourceFile, fn: Node): boolean {
  return file.routes.some(
    ({ call, handlers }) =>
      handlers.some((handler) => handler.fn === fn) && /^fastify\b/.test(file.nameOf(call['callee'] as Node) ?? ''),
  )
}

/** A tag stands in the text itself, or in one of the lines that the value passes on its way. */
function hasMarkup(file: SourceFile, sent: Node, taint: Taint): boolean {
  return (
    MARKUP.test(file.text.slice(sent.start, sent.end)) || taint.trace.some(({ text }) => /[`'"].*<[a-z!/]/i.test(text))
  )
}

/**
 * Express sends any string as a page; a parsed body or query as a whole goes out as JSON, and what some function has made of a value may.
 * Fastify sends strings as plain text.
 */
function isPage(file: SourceFile, call: Node, sent: Node, taint: Taint): boolean {
  const callee = call['callee'] as Node
  if (isMarkedAsPage(file, call)) return true
  if (file.nameOf(callee) !== 'res.send' || !file.usesPackage('express')) return false
  if (/^reply\b/.test(file.text.slice(callee.start, callee.end)) || sent.type === 'ObjectExpression') return false
  // With something in front of it or around it, it is part of a text that somebody has written.
  if (taint.control !== 'whole') return true
  if (sent.type === 'CallExpression' && file.nameOf(sent['callee'] as Node) !== 'String') return false
  return /^req\.(?:query|params|headers|cookies|body)\.|^req\.(?:url|path|originalUrl)$|\(/.test(taint.source)
}

/** The same function says that the answer is a page. */
function isMarkedAsPage(file: SourceFile, call: Node): boolean {
  const scope = file.scopeOf(call)
  const text = file.text.slice(scope.start, call.end)
  return /content-type['"`]?\s*[,:]\s*['"`]text\/html/i.test(text) || /\.type\s*[(=]\s*['"`](?:text\/)?html/i.test(text)
}

/** The same function says that the answer is no page. */
function isMarkedAsData(file: SourceFile, call: Node): boolean {
  const scope = file.scopeOf(call)
  const text = file.text.slice(scope.start, call.end)
  return (
    /content-type['"`]?\s*[,:]\s*['"`](?!text\/html|application\/xhtml)/i.test(text) ||
    /\.(?:type|contentType)\(\s*['"`](?!(?:text\/)?html)/i.test(text)
  )
}
