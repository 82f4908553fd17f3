import type { Grammar } from './dialect.ts'
import { lex } from './lexer.ts'
import { statement, Tokens } from './tokens.ts'

const others: Tokens = new Tokens()

/**
 * Whether servers with one setting and with the other read the same in a statement: then one judgement holds for both. Otherwise the tokens of
 * the other reading are there for whoever judges by it.
 */
export function readsAlike(sql: string, one: Grammar, other: Grammar): boolean {
  lex(sql, one, statement)
  lex(sql, other, others)
  if (isAlike()) return true
  statement.swap(others)
  return false
}

function isAlike(): boolean {
  const { count } = statement
  if (count !== others.count || statement.closed !== others.closed) return false
  for (let i = 0; i < count; i++) {
    if (
      statement.end[i] !== others.end[i] ||
      statement.kind[i] !== others.kind[i] ||
      statement.open[i] !== others.open[i] ||
      statement.close[i] !== others.close[i]
    ) {
      return false
    }
  }
  return true
}
