import { parseSync } from 'oxc-parser'

/** One import as it is written. `undefined`: computed at run time, so nobody can tell what it loads. */
export interface Import {
  readonly specifier: string | undefined
  readonly line: number
  /** Gone once the file is built. */
  readonly typeOnly: boolean
}

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [property: string]: unknown
}

/** Every way in which a file takes in another: `import`, `export from`, `import()`, `require()` and types by `import('...')`. */
export function importsOf(path: string, text: string): Import[] {
  const { program, errors } = parseSync(path, text)
  const [error] = errors
  if (error) throw new Error(`${path} does not parse: ${error.message}`)
  const found: Import[] = []
  walk(program, (node) => {
    const source = sourceOf(node)
    if (source === undefined) return
    const typeOnly = node.type === 'TSImportType' || node['importKind'] === 'type' || node['exportKind'] === 'type'
    found.push({ specifier: literal(source), line: text.slice(0, node.start).split('\n').length, typeOnly })
  })
  return found
}

function sourceOf(node: SyntaxNode): unknown {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ImportExpression':
      return node['source']
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return node['source'] ?? undefined
    case 'TSImportType':
      return node['source'] ?? node['argument']
    case 'TSExternalModuleReference':
      return node['expression']
    case 'CallExpression':
      return isRequire(node['callee']) && Array.isArray(node['arguments']) ? node['arguments'][0] : undefined
    default:
      return undefined
  }
}

function isRequire(callee: unknown): boolean {
  if (!isNode(callee)) return false
  if (callee.type === 'Identifier') return callee['name'] === 'require'
  // `require.resolve` loads nothing; `process.getBuiltinModule` does.
  const property = callee.type === 'MemberExpression' ? callee['property'] : undefined
  return isNode(property) && property['name'] === 'getBuiltinModule'
}

function literal(source: unknown): string | undefined {
  if (!isNode(source)) return undefined
  if (source.type === 'TSLiteralType') return literal(source['literal'])
  return source.type === 'Literal' && typeof source['value'] === 'string' ? source['value'] : undefined
}

function walk(value: unknown, visit: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit)
  else if (isNode(value)) {
    visit(value)
    for (const child of Object.values(value)) if (typeof child === 'object') walk(child, visit)
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
