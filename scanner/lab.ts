import type { Harmless, Node, Rule, SourceFile, Taint } from '../library/core/rule.ts'
import { scanText } from './index.ts'

/** For tests: a rule that hands over the first argument of each `sink(...)`. */
export function sinkRule(take: (value: Node, file: SourceFile) => void): Rule {
  return {
    name: 'test/sink',
    risk: 'test',
    title: 'Sinks',
    check(file) {
      for (const call of file.nodes('CallExpression')) {
        if (call['callee'].name === 'sink') take(call['arguments'][0], file)
      }
      return []
    },
  }
}

/** For tests: the taint of what reaches each `sink(...)` in `app.ts` and the files beside it. */
export function taintsIn(
  text: string,
  files: Readonly<Record<string, string>> = {},
  harmless?: Harmless,
): (Taint | undefined)[] {
  const found: (Taint | undefined)[] = []
  const rule = sinkRule((value, file) => found.push(file.taintOf(value, harmless)))
  const { unparsed } = scanText('app.ts', text, [rule], { files: new Map(Object.entries(files)) })
  if (unparsed.length > 0) throw new Error(`not parsed: ${JSON.stringify(unparsed)}`)
  if (found.length === 0) throw new Error('no sink')
  return found
}
