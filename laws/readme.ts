import { filesOf, ROOT, textOf } from './tree.ts'

/** A block of code in a README, as people will copy it. */
export interface Block {
  /** `library/protections/csrf/README.md:38`, where the code begins. */
  readonly at: string
  readonly language: string
  readonly lines: readonly string[]
}

const FENCE = /^```(\w*)\s*$/

/** The blocks of a document. */
export function blocksOf(text: string, path: string): Block[] {
  const blocks: Block[] = []
  let open: { at: string; language: string; lines: string[] } | undefined
  for (const [i, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { at: `${path}:${i + 2}`, language: fence[1] ?? '', lines: [] }
    else {
      blocks.push(open)
      open = undefined
    }
  }
  return blocks
}

/** The blocks of all READMEs of a repository. */
export function readmeBlocks(root: string = ROOT): Block[] {
  return filesOf(root)
    .filter((path) => /(?:^|\/)README\.md$/.test(path))
    .flatMap((path) => blocksOf(textOf(path, root), path))
}

/** What a module needs besides the block: where each name comes from that the block does not say itself. */
export type Sources = ReadonlyMap<string, string>

const IMPORT = /^import .* from '([^']+)'/
/** As in `app.use(bulwark())  // Hono: import { bulwark } from 'bulwark/hono'`: each such line is a program of its own. */
const IN_COMMENT = /\/\/.*\b(import (?:type )?\{[^}]*\} from '[^']+')/

/**
 * A module of a block, with each line where it was: imports are added to the first. What is left to the reader, written `...`, is taken out; a block
 * that answers (`return`) stands in a function.
 */
export function toModules({ lines }: Block, sources: Sources): string[] {
  if (lines.some((line) => IN_COMMENT.test(line))) {
    const told = lines.map((line) => IN_COMMENT.exec(line)?.[1])
    if (lines.every((line, i) => told[i] !== undefined || !/\bbulwark\b/.test(line))) {
      return lines.map((line, i) =>
        told[i] === undefined
          ? toModule([line], sources)
          : `${'\n'.repeat(i)}${toModule([line.replace(/\/\/.*/, '')], sources, told[i])}`,
      )
    }
  }
  return [toModule(lines, sources)]
}

function toModule(lines: readonly string[], sources: Sources, imports = ''): string {
  const code = lines.map((line) => line.replace(/^\s*\.\.\.\s*$/, '').replace(/\{ \.\.\. \}/g, '{ }'))
  const own = `${imports}\n${code.join('\n')}`
  const bare = own.replace(/'(?:[^'\\\n]|\\.)*'/g, "''").replace(/\/\/.*$/gm, '')
  const added = [...sources].filter(([name]) => uses(bare, name) && !declares(bare, name))
  const head = added.map(([name, from]) => `import { ${name} } from '${from}'`)
  const answers = code.some((line) => /^(?:if \(.*\) )?return\b/.test(line))
  const body = answers ? inFunction(code) : code.join('\n')
  return `${[imports, ...head].filter((one) => one !== '').join('; ')}; ${body}\nexport {}\n`
}

/** Imports and declarations of modules cannot stand in a function. */
function inFunction(code: readonly string[]): string {
  const isAbove = (line: string): boolean => IMPORT.test(line)
  return [
    ...code.filter(isAbove),
    'export async function block(): Promise<unknown> {',
    ...code.map((line) => (isAbove(line) ? '' : line)),
    '}',
  ].join('\n')
}

function uses(code: string, name: string): boolean {
  return (
    new RegExp(`(?<![\\w$.'"-]|\\.\\.)${name}(?![\\w$'-])(?!\\s*\\??:(?!:))`).test(code) ||
    new RegExp(`\\.\\.\\.${name}\\b`).test(code)
  )
}

/** Inside of a function a name may be the block's own as well; then the import is one too many, and does no harm. */
function declares(code: string, name: string): boolean {
  return (
    new RegExp(`^(?:export )?(?:const|let|function|class|interface|type)\\s+${name}\\b`, 'm').test(code) ||
    new RegExp(`^(?:export )?(?:const|let)\\s*\\{[^}=]*\\b${name}\\b[^}=]*\\}\\s*=`, 'm').test(code) ||
    new RegExp(`\\bimport\\b[^\\n]*\\b${name}\\b[^\\n]*\\bfrom\\b`).test(code)
  )
}
