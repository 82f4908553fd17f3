import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Dialect, grammarOf } from './dialect.ts'
import { judge } from './judge.ts'

/** Statements that real engines were asked about: `x` an injection that runs, `i` one that fails, `s` safe, `-` not asked. */
interface Oracle {
  readonly inputs: readonly string[]
  readonly groups: readonly {
    readonly dialect: Dialect
    readonly escape: keyof typeof ESCAPES
    readonly template: string
    readonly labels: string
  }[]
}

const ESCAPES = {
  none: (text: string) => text,
  doubled: (text: string) => text.replaceAll("'", "''"),
  backslash: (text: string) => text.replace(/[\\']/g, '\\$&'),
  doubledbs: (text: string) => text.replaceAll('\\', '\\\\').replaceAll("'", "''"),
}

const oracle = JSON.parse(readFileSync(new URL('../fixtures/oracle.json', import.meta.url), 'utf8')) as Oracle

/** `1e5` in a list of numbers is a number, and no client gains anything by it. */
const NUMBERS = /^\d+e\d+$/

test('what real engines ran as code is stopped, and what they took for a value passes', () => {
  const count = { ran: 0, stopped: 0, failed: 0, stoppedToo: 0, safe: 0 }
  const missed: string[] = []
  const falsely: string[] = []
  for (const { dialect, escape: way, template, labels } of oracle.groups) {
    oracle.inputs.forEach((input, i) => {
      const label = labels[i]
      if (label === '-') return
      const sql = template.replace('§', () => ESCAPES[way](input))
      const verdict = judge(sql, [input], grammarOf(dialect))
      const isStopped = verdict === 'injection'
      if (label === 'x') {
        count.ran++
        if (isStopped) count.stopped++
        else if (!NUMBERS.test(input)) missed.push(`${dialect}: ${sql}`)
      } else if (label === 'i') {
        count.failed++
        if (isStopped) count.stoppedToo++
      } else {
        count.safe++
        if (isStopped) falsely.push(`${dialect}: ${sql}`)
      }
    })
  }
  console.log(
    `sql-injection: ${count.stopped} of ${count.ran} injections that run are stopped, ${count.stoppedToo} of ${count.failed} that fail, ${falsely.length} of ${count.safe} safe statements`,
  )
  expect(missed).toEqual([])
  expect(falsely).toEqual([])
  expect(count.ran).toBeGreaterThan(800)
  expect(count.safe).toBeGreaterThan(4600)
  expect(count.stoppedToo / count.failed).toBeGreaterThan(0.99)
})
