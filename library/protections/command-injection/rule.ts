import type { Node, Rule, SourceFile, Taint } from '../../core/rule.ts'

const MODULE = /^(?:node:)?child_process(?:\.default)?\./
/** Their first argument is a command for a shell. */
const SHELL =
  /^(?:(?:node:)?child_process(?:\.default)?\.exec(?:Sync)?|shelljs(?:\.default)?\.exec|execa\.(?:execaCommand|execaCommandSync|command|commandSync)|execa\.default\.command|node-cmd\.(?:run|get|runSync)|child-process-promise\.exec|ssh2\.Client\(\)\.exec)$/
/** Their first argument is a program, and their second one a list. */
const LIST =
  /^(?:(?:node:)?child_process(?:\.default)?\.(?:spawn|spawnSync|execFile|execFileSync|fork)|cross-spawn(?:\.(?:sync|spawn))?|execa(?:\.(?:execa|execaSync|default))?|child-process-promise\.(?:spawn|execFile))$/
const PROMISIFIED = /(?<![\w$])([\w$]+)\s*=\s*(?:\w+\.)?promisify\s*\(\s*(?:\w+\.)?(exec|execFile)\s*\)/g
const INTERPRETERS =
  /(?:^|[\\/])(?:(?:ba|da|a|k|z|c|tc|fi)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh|node|python[\d.]*|perl|ruby|php)$/i
const CODE_OPTIONS = /^(?:-[A-Za-z]*[ceEpr]|--eval|--print|\/[cCkK]|-[Cc]ommand)$/
/** What stands behind them is no option; git has a word of its own, since `--` means paths there. */
const END_OF_OPTIONS: ReadonlySet<unknown> = new Set(['--', '--end-of-options'])
/** Functions that make one word of a value. */
const QUOTES = /\b(?:quote|shellQuote|shellEscape|escapeShellArg|escapeShell|shell_?escape)\s*\(/i

/** Spots a command, a program or code in its arguments that holds what a client sent. */
const taintedCommand: Rule = {
  name: 'command-injection/tainted-command',
  risk: 'command-injection',
  title: 'A command is put together from what the client sends',
  *check(file) {
    for (const call of [...file.nodes('CallExpression'), ...file.nodes('TaggedTemplateExpression')]) {
      for (const node of call.type === 'CallExpression' ? commandsOf(file, call) : codeIn(file, call)) {
        const taint = file.taintOf(node)
        if (taint === undefined || isQuoted(file, node, taint)) continue
        yield {
          at: call,
          message:
            taint.control === 'whole'
              ? `${taint.source} is run as a command.`
              : `${taint.source} is a part of the text of this command, so it can run any other.`,
          remedy: 'Start the program with execFile and a list of arguments, with "--" in front of values.',
          taint,
        }
        break
      }
    }
  },
}

/** Spots a value that a program will take for an option when it begins with a dash. */
const taintedOption: Rule = {
  name: 'command-injection/tainted-option',
  risk: 'option-injection',
  title: 'A value of the client may be an option of a program',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const args = listOf(file, call)
      if (args === undefined || commandsOf(file, call).some((node) => file.taintOf(node) !== undefined)) continue
      for (const node of args) {
        if (END_OF_OPTIONS.has(file.valueOf(node))) break
        const taint = file.taintOf(node)
        if (taint === undefined || taint.control !== 'whole') continue
        yield {
          at: call,
          message: `${taint.source} is an argument of this program, which takes it for an option when it begins with a dash.`,
          remedy: 'Put "--" in front of it, or refuse values that begin with a dash.',
          taint,
        }
        break
      }
    }
  },
}

export const rules: readonly Rule[] = [taintedCommand, taintedOption]

/** Template tags quote their values for the shell, but not for a second one that they start: `$`bash -c ${code}``. */
function codeIn(file: SourceFile, template: Node): readonly Node[] {
  if (!/^(?:zx|execa|bun)\.\$/.test(file.nameOf(template['tag'] as Node) ?? '')) return []
  const { quasis, expressions } = template['quasi'] as { quasis: readonly Node[]; expressions: readonly Node[] }
  return expressions.filter((_, index) => {
    const words = String(quasis[index]?.['value'].cooked ?? '')
      .trimEnd()
      .split(/\s+/)
    return CODE_OPTIONS.test(words.at(-1) ?? '') && INTERPRETERS.test(words.at(-2) ?? '')
  })
}

/** What a call hands to a shell or another interpreter, and the program itself. */
function commandsOf(file: SourceFile, call: Node): readonly Node[] {
  const name = calledName(file, call)
  const args = call['arguments'] as readonly Node[]
  const [first, second] = args
  if (name === undefined || first === undefined) return []
  if (SHELL.test(name)) return [first]
  if (!LIST.test(name)) return []
  const list = elementsOf(file, second)
  if (usesShell(file, args)) return second === undefined || list === undefined ? [first] : [first, ...list]
  const program = file.valueOf(first)
  if (typeof program !== 'string' || !INTERPRETERS.test(program) || list === undefined) return [first]
  const option = list.findIndex((node) => {
    const value = file.valueOf(node)
    return typeof value === 'string' && CODE_OPTIONS.test(value)
  })
  const code = list[option + 1]
  return option === -1 || code === undefined ? [first] : [first, code]
}

/** The arguments of a program that is started without a shell. */
function listOf(file: SourceFile, call: Node): readonly Node[] | undefined {
  const name = calledName(file, call)
  const args = call['arguments'] as readonly Node[]
  if (name === undefined || !LIST.test(name) || name.endsWith('.fork') || usesShell(file, args)) return undefined
  const program = args[0] && file.valueOf(args[0])
  // What stands behind the code of an interpreter is no option of it.
  if (typeof program === 'string' && INTERPRETERS.test(program)) return undefined
  return elementsOf(file, args[1])
}

function calledName(file: SourceFile, call: Node): string | undefined {
  const callee = call['callee'] as Node
  const name = file.nameOf(callee)
  if (name !== undefined && (MODULE.test(name) || SHELL.test(name) || LIST.test(name))) return name
  // const run = promisify(exec)
  const made = callee.type === 'Identifier' ? promisifiedIn(file).get(String(callee['name'])) : undefined
  return made === undefined || !file.usesPackage('node:child_process') ? name : `node:child_process.${made}`
}

const promisified = new WeakMap<Node, ReadonlyMap<string, string>>()

/** The names that a file gives to what `promisify` makes, looked for once. */
function promisifiedIn(file: SourceFile): ReadonlyMap<string, string> {
  const known = promisified.get(file.root)
  if (known) return known
  const found = new Map<string, string>()
  if (file.text.includes('promisify')) {
    for (const [, name = '', made = ''] of file.text.matchAll(PROMISIFIED)) if (!found.has(name)) found.set(name, made)
  }
  promisified.set(file.root, found)
  return found
}

function elementsOf(file: SourceFile, node: Node | undefined): readonly Node[] | undefined {
  if (node === undefined) return undefined
  if (node.type === 'ArrayExpression') {
    const elements = (node['elements'] as readonly (Node | null)[]).filter((each): each is Node => each !== null)
    return elements.map((each) => (each.type === 'SpreadElement' ? (each['argument'] as Node) : each))
  }
  if (node.type === 'ObjectExpression') return undefined
  if (node.type !== 'Identifier') return [node]
  for (const declared of file.nodes('VariableDeclarator')) {
    const { id, init } = declared as unknown as { id: Node; init: Node | null }
    if (id['name'] === node['name'] && init?.type === 'ArrayExpression') return elementsOf(file, init)
  }
  return [node]
}

function usesShell(file: SourceFile, args: readonly Node[]): boolean {
  return args.slice(1).some((options) => {
    const shell = file.propertyOf(options, 'shell')
    return shell !== undefined && file.valueOf(shell) !== false && file.valueOf(shell) !== undefined
  })
}

/** Whether the value passed something that makes one word of it: in the argument itself, or on its way there. */
function isQuoted(file: SourceFile, node: Node, taint: Taint): boolean {
  if (QUOTES.test(file.text.slice(node.start, node.end))) return true
  const line = file.text.slice(0, node.start).split('\n').length
  return taint.trace.some((place) => (place.file !== file.path || place.line !== line) && QUOTES.test(place.text))
}
