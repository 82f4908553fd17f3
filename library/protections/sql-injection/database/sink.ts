import { deny } from '../../../core/guard.ts'
import type { Sink, Untrusted } from '../../../core/sink.ts'
import { type Grammar, otherReading } from '../judge/dialect.ts'
import { judge, type Looked } from '../judge/judge.ts'
import { isKnown, isOwnCode, learn, type Place, standsForValue } from '../judge/learned.ts'
import { SqlMemory } from '../judge/memory.ts'
import { hasObjectForValue } from '../judge/objects.ts'
import { readsAlike } from '../judge/readings.ts'
import { StoredTexts } from '../judge/stored.ts'

/** One statement that is about to be run. */
export interface SqlCall {
  readonly sql: string
  /** Values that the driver will write into the text by itself. */
  readonly written: unknown
  /** Whether the server is known to read text as this sink does. */
  readonly isSure: boolean
}

export interface SqlSink extends Sink<SqlCall> {
  /** Values were handed to the database beside the text. */
  remember(values: unknown): void
}

const OBJECT = deny('sql-injection', 'an object was to be written into a statement where a value belongs')
const SENT = deny('sql-injection', 'a statement in which something that the client sent would have run as code')
const NAME = deny('sql-injection', 'a statement in which a name that the client sent stands where the app has values')
const STORED = deny('sql-injection', 'a statement in which something that was stored as a value would have run as code')

/** Statements that store something, as far as their first word tells. */
const WRITES = /^[\s(]*(?:insert|update|replace|merge|with)\b/i

/**
 * Makes the sink for one grammar. Databases of one grammar share what is known about the app's statements; what was stored may be
 * stored for others, too: it comes back through any connection.
 */
export function sqlSink(grammar: Grammar, stored: StoredTexts = new StoredTexts()): SqlSink {
  const memory = new SqlMemory()
  const other = otherReading(grammar)
  /**
   * Until the server has said how it reads, a backslash that the client sent may be one that does not escape, or one that does. What
   * the app escaped itself is judged by the one reading only: by the other one every `O\\'Brien` is an attack.
   */
  const isCodeOtherwise = (sql: string, untrusted: Untrusted, looked: Looked): boolean =>
    other !== undefined &&
    sql.includes('\\') &&
    untrusted.texts().some((text) => text.includes('\\')) &&
    !readsAlike(sql, grammar, other) &&
    judge(sql, untrusted.texts(), other, { asSent: true, looked }) === 'injection'
  // Whoever stores a piece of the app's own statements must not stop them for everybody: their shape is known.
  const isStoredCode = (sql: string, untrusted: Untrusted): boolean => {
    const isCode = (texts: readonly string[]): boolean =>
      judge(sql, texts, grammar, { areStored: true, asSent: true }) === 'injection'
    if (!isCode(stored.list) || isKnown(sql, grammar, memory)) return false
    // What this client has sent as well was judged by that already, in whatever way the app escaped it.
    const sent = new Set(untrusted.texts())
    return isCode(stored.list.filter((text) => !sent.has(text)))
  }
  return {
    name: 'sql-injection',
    remember: (values) => stored.remember(values),
    judge({ sql, written, isSure }, untrusted) {
      if (written !== undefined && hasObjectForValue(sql, written, grammar)) return OBJECT
      if (memory.isTrusted(sql)) return undefined
      const places: Place[] = []
      // Apps that use no parameters write what is to be stored into the text, and escape it there.
      const values: string[] | undefined = WRITES.test(sql) ? [] : undefined
      const looked: Looked = {}
      const judgement = judge(sql, untrusted.texts(), grammar, { rest: untrusted.rest(), places, values, looked })
      if (judgement === 'injection' && !isOwnCode(sql, grammar, memory)) return SENT
      if (!isSure && isCodeOtherwise(sql, untrusted, looked)) return SENT
      if (stored.list.length > 0 && isStoredCode(sql, untrusted)) return STORED
      if (values !== undefined && values.length > 0) stored.remember(values)
      if (judgement === 'weak' || judgement === 'injection') return undefined
      if (places.length > 0 && standsForValue(sql, places, grammar, memory)) return NAME
      // The same text once more is the same statement, with whatever name the client has chosen in it.
      memory.sawClean(sql)
      learn(sql, untrusted.client, grammar, memory, judgement === 'touched')
      return undefined
    },
  }
}
