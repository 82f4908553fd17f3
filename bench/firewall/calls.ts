import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { guardDatabase, guardMongo } from 'bulwark'

export const sinks = ['sql', 'mongo', 'command', 'path', 'socket', 'code'] as const
export type SinkName = (typeof sinks)[number]

/**
 * What the app writes into its calls: only its own words in short, a long list of its own, long prose of its own, everything that the
 * client sent as values that are escaped as they should be, or the first text of it.
 */
export const writings = ['short', 'list', 'words', 'all', 'first'] as const
export type Writing = (typeof writings)[number]

const LONG = 60_000
const database = guardDatabase({ run: (_sql: string) => {} }, { dialect: 'postgres', methods: ['run'] })
const collection = guardMongo({ find: (_filter: object) => {}, findOne: (_filter: object) => {} })
let called = 0

/** Calls of one request, each a new one to the sink. Answers the milliseconds of CPU of each and whether it was stopped. */
export function callAll(writing: Writing, texts: readonly string[]): readonly { ms: number; stopped: boolean }[] {
  const value = textFor(writing, texts)
  return sinks.map((sink) => {
    const call = CALLS[sink](value, ++called)
    const start = process.cpuUsage()
    let stopped = false
    try {
      call()
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'BULWARK_CALL_BLOCKED') throw error
      stopped = true
    }
    const { user, system } = process.cpuUsage(start)
    return { ms: (user + system) / 1000, stopped }
  })
}

/** What is not the call itself is prepared before the clock starts. */
const CALLS: Readonly<Record<SinkName, (value: string, n: number) => () => void>> = {
  sql(value, n) {
    const sql = `SELECT ${n} AS n, id FROM posts WHERE kind = 'post' AND text = '${value.replaceAll("'", "''")}' ORDER BY id LIMIT 10`
    return () => database.run(sql)
  },
  mongo(value, n) {
    const filter = { n, text: { $in: [value] }, $where: `this.n == ${n} && this.text == ${JSON.stringify(value)}` }
    return () => collection.find(filter)
  },
  command(value, n) {
    const args = ['-n', String(n), `'${value.replaceAll('\0', '').replaceAll("'", "'\\''")}'`]
    return () => void spawnSync('/nonexistent/bulwark', ['sh', '-c', args.join(' ')])
  },
  path(value, n) {
    const path = `/srv/${n}/files/${value.replaceAll('\0', '').slice(0, 4000)}`
    return () => void existsSync(path)
  },
  socket(_value, n) {
    return () => {
      const socket = net.connect({ host: '127.0.0.1', port: 1 + (n % 1000) })
      socket.on('error', () => {})
      socket.destroy()
    }
  },
  code(value, n) {
    const code = `return ${n} + ${JSON.stringify(value)}.length`
    return () => void new Function(code)
  },
}

function textFor(writing: Writing, texts: readonly string[]): string {
  switch (writing) {
    case 'short':
      return 'x'
    case 'all':
      return texts.join(', ').slice(0, LONG)
    case 'first':
      return (texts[0] ?? '').slice(0, LONG)
    default:
      return statementOf(writing)
  }
}

const own = new Map<'list' | 'words', string>()

/** Long values of the app's own, which a client may know. */
export function statementOf(writing: 'list' | 'words'): string {
  let text = own.get(writing)
  if (text === undefined) {
    text =
      writing === 'list' ? numbered((i) => `'a${i}', `) : numbered((i) => `${WORDS[(i * i * 7 + i) % WORDS.length]} `)
    own.set(writing, text)
  }
  return text
}

const WORDS =
  'the tide was out and boats lay on their sides in mud while somebody counted (twice) what came back = none'.split(' ')

function numbered(part: (i: number) => string): string {
  let text = ''
  for (let i = 0; text.length < LONG; i++) text += part(i)
  return text.slice(0, LONG)
}
