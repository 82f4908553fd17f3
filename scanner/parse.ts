import { parseSync } from 'oxc-parser'
import type { Node } from '../library/core/rule.ts'

/** A comment as the parser saw it, without its marks. */
export interface Comment {
  readonly value: string
  readonly start: number
  readonly end: number
}

/** The syntax tree of one file, or why there is none. */
export type Parsed = { readonly root: Node; readonly comments: readonly Comment[] } | { readonly reason: string }

type Language = 'js' | 'jsx' | 'ts' | 'tsx'

/** Parses one file in the language of its extension, then in the others that its content may be written in. */
export function parse(path: string, text: string): Parsed {
  let reason = ''
  for (const lang of languagesOf(path)) {
    const result = parseSync(path, text, { lang, sourceType: sourceTypeOf(path), preserveParens: false })
    const error = result.errors.find(({ severity }) => severity === 'Error')
    if (error === undefined) return { root: result.program as unknown as Node, comments: result.comments }
    // The first language is the one the file claims to be in, so its complaint is the one to read.
    if (reason === '') reason = `${error.message}${placeIn(text, error.labels[0]?.start)}`
  }
  return { reason }
}

/** Flow annotations and JSX hide in `.js`; the TypeScript grammars accept most of them. */
function languagesOf(path: string): readonly Language[] {
  if (/\.[cm]?ts$/.test(path)) return ['ts', 'tsx']
  if (path.endsWith('.tsx')) return ['tsx', 'ts']
  if (path.endsWith('.jsx')) return ['jsx', 'tsx']
  return ['js', 'jsx', 'ts', 'tsx']
}

function sourceTypeOf(path: string): 'module' | 'commonjs' | 'unambiguous' {
  if (/\.[cm]ts$|\.mjs$/.test(path)) return path.endsWith('.cts') ? 'commonjs' : 'module'
  if (path.endsWith('.cjs')) return 'commonjs'
  return path.endsWith('.js') || path.endsWith('.jsx') ? 'unambiguous' : 'module'
}

function placeIn(text: string, offset: number | undefined): string {
  if (offset === undefined) return ''
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return ` (line ${line})`
}
