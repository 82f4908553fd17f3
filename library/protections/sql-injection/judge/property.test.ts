import { createRequire } from 'node:module'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { grammarOf } from './dialect.ts'
import { canEscape, escapedOf, hostileTo, isChoice, isIntact, POSITIONS, type Row } from './hostile.ts'
import { judge } from './judge.ts'

interface Sqlite {
  DatabaseSync: new (path: string) => { prepare(sql: string): { all(): Row[] }; close(): void }
}

const own = process.getBuiltinModule('node:sqlite') as unknown as Sqlite | undefined
const { DatabaseSync } = own ?? (createRequire(import.meta.url)('@photostructure/sqlite') as Sqlite)
const db = new DatabaseSync(':memory:')
afterAll(() => db.close())

const grammar = grammarOf('sqlite')
const positions = POSITIONS.filter(({ dialects }) => dialects.includes('sqlite'))
const RUNS = { numRuns: 2000, seed: 4711 }

/** The only row of a statement; `undefined` when it fails, `null` when it does not answer one row. */
function run(sql: string): Row | undefined | null {
  try {
    const rows = db.prepare(sql).all()
    return rows.length === 1 ? rows[0] : null
  } catch {
    return undefined
  }
}

test.each(positions.filter(canEscape))('SQLite, $name: a text that is escaped as it should be passes', (position) => {
  fc.assert(
    fc.property(hostileTo(position), (text) => {
      const sql = position.write(escapedOf(text, position) ?? '')
      // A name may be the same as another one, and no row could hold both.
      if (run(sql)?.[text] === undefined)
        expect(isIntact(escapedOf(text, position) ?? '', position, run(sql) ?? undefined), sql).toBe(true)
      expect(judge(sql, [text], grammar), sql).not.toBe('injection')
    }),
    RUNS,
  )
})

test.each(positions)('SQLite, $name: a text that changes a statement which runs is stopped', (position) => {
  let changed = 0
  fc.assert(
    fc.property(hostileTo(position), (text) => {
      const sql = position.write(text)
      const row = run(sql)
      if (row === undefined) return
      if (isIntact(text, position, row ?? undefined))
        expect(judge(sql, [text], grammar), `a value: ${sql}`).not.toBe('injection')
      else if (!isChoice(text, position)) {
        changed++
        expect(judge(sql, [text], grammar), `code: ${sql}`).toBe('injection')
      }
    }),
    RUNS,
  )
  expect(changed).toBeGreaterThan(1)
})
