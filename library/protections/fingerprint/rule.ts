import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const SETTERS = /^(?:set|header|setHeader|append|appendHeader)$/
const REMEDY = 'Leave the header out; app.use(bulwark()) removes it everywhere.'

/** Spots headers that name the software, set by hand or left on by Express. */
const softwareNamed: Rule = {
  name: 'fingerprint/software-named',
  risk: 'fingerprint',
  title: 'A header names the software',
  *check(file) {
    const apps: Node[] = []
    let isSwitchedOff = false
    for (const call of file.nodes('CallExpression')) {
      const callee = call['callee'] as Node
      if (file.nameOf(callee) === 'express') apps.push(call)
      if (callee.type !== 'MemberExpression') continue
      const method = String((callee['property'] as Node)['name'] ?? '')
      const [first, second] = call['arguments'] as readonly Node[]
      const name = first && file.valueOf(first)
      if (typeof name !== 'string') continue
      const value = second && file.valueOf(second)
      // `map.set('server', …)` is no header: in lower case it has to be said that it is one.
      const isProduct =
        /^x-powered-by$/i.test(name) || name === 'Server' || (/^server$/i.test(name) && /header$/i.test(method))
      if (name.toLowerCase() === 'x-powered-by' && (method === 'disable' || (method === 'set' && value === false))) {
        isSwitchedOff = true
      } else if (isProduct && method === 'removeHeader') {
        isSwitchedOff = true
      } else if (
        (name === 'x-powered-by' && method === 'enable') ||
        (isProduct && SETTERS.test(method) && tells(value, second))
      ) {
        yield { at: call, message: `This tells everybody which software answers (${name}).`, remedy: REMEDY }
      }
    }
    if (isSwitchedOff || isCovered(file)) return
    for (const app of apps) {
      yield {
        at: app,
        message: 'This Express app says X-Powered-By: Express in every answer.',
        remedy: "Protect it with app.use(bulwark()), or at least app.disable('x-powered-by').",
      }
    }
  },
}

export const rules: readonly Rule[] = [softwareNamed]

/** Settings are read as settings (`app.set('x-powered-by', true)`), headers as headers: anything but a plain `false` tells. */
function tells(value: unknown, node: Node | undefined): boolean {
  return node !== undefined && value !== false && value !== ''
}

function isCovered(file: SourceFile): boolean {
  return file.hasBulwark || ['helmet', 'lusca', 'hide-powered-by', 'nosecone'].some((name) => file.usesPackage(name))
}
