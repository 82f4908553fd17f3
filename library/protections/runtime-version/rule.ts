import type { Rule, SourceFile } from '../../core/rule.ts'
import { majorsOf } from './range.ts'
import { hasEnded, TABLE_DATE } from './releases.ts'

const STARTS: ReadonlySet<string> = new Set([
  'express',
  'fastify',
  'node:http.createServer',
  'http.createServer',
  'koa',
])

/** Spots an app whose `package.json` asks for lines of Node.js that get no fixes any more, and for nothing else. */
const endedEngine: Rule = {
  name: 'runtime-version/ended-engine',
  risk: 'outdated-runtime',
  title: 'package.json asks for a Node.js that gets no fixes any more',
  *check(file) {
    const range = engineOf(file)
    if (range === undefined || !isEnded(range)) return
    // Every file of the package has the same manifest: what is told once is told where the app is made.
    for (const call of file.nodes('CallExpression')) {
      if (!STARTS.has(file.nameOf(call['callee']) ?? '')) continue
      yield {
        at: call,
        message: `This app asks for Node.js ${range} in package.json, and no such version gets security fixes any more.`,
        remedy: 'Move to a supported line, and say so in engines.node.',
      }
      return
    }
  },
}

export const rules: readonly Rule[] = [endedEngine]

function engineOf(file: SourceFile): string | undefined {
  const engines = file.manifest?.['engines']
  if (typeof engines !== 'object' || engines === null) return undefined
  const { node } = engines as { readonly node?: unknown }
  return typeof node === 'string' && node.length <= 200 ? node : undefined
}

/** Whether every line that the range admits has ended. A rule answers the same on every day: it asks as of the table. */
function isEnded(range: string): boolean {
  const now = Date.parse(TABLE_DATE)
  const intervals = majorsOf(range)
  if (intervals === undefined || intervals.length === 0) return false
  return intervals.every(([from, to]) => {
    if (to > 100) return false
    for (let major = from; major <= to; major++) if (!hasEnded(major, now)) return false
    return true
  })
}
