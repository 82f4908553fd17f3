import { connect, type Socket } from 'node:net'
import { describe, type LoadOrder, type LoadResult, tell } from './messages.ts'
import { Histogram } from './numbers.ts'

const MOST_CONNECTIONS = 64
const MOST_SECONDS = 60
/** So many times its seconds may a warm-up last to reach its requests. */
const MOST_PATIENT_WARM_UP = 3
const PATIENCE_MS = 5000
const HEAD_END = Buffer.from('\r\n\r\n')

process.on('disconnect', () => process.exit(1))
process.on('message', (order: LoadOrder) => {
  send(order).then(
    (result) => tell({ result }),
    (error) => tell({ failure: describe(error) }),
  )
})

/** One request at a time on each connection, the next as soon as the answer is complete and right. Any wrong answer ends it. */
function send(order: LoadOrder): Promise<LoadResult> {
  if (order.connections > MOST_CONNECTIONS || order.warmSeconds * MOST_PATIENT_WARM_UP + order.seconds > MOST_SECONDS)
    return Promise.reject(new Error('the load generator keeps to 64 connections and 60 seconds'))
  return new Promise((resolve, reject) => {
    const request = Buffer.from(order.request)
    const judge = judgeOf(order)
    const lines: Line[] = []
    let latencies = new Histogram()
    let requests = 0
    let since = 0

    const stop = (outcome: () => void): void => {
      clearTimeout(end)
      clearInterval(watch)
      for (const line of lines) {
        line.socket.removeAllListeners('close')
        line.socket.destroy()
      }
      outcome()
    }
    const fail = (error: unknown): void => stop(() => reject(error))
    const finish = (): void => {
      const seconds = (performance.now() - since) / 1000
      if (since === 0 || requests === 0) fail(new Error('the load ended before an answer was measured'))
      else stop(() => resolve({ requests, seconds, p50: latencies.percentile(0.5), p99: latencies.percentile(0.99) }))
    }
    const begin = (): void => {
      latencies = new Histogram()
      requests = 0
      since = performance.now()
      end = setTimeout(finish, order.seconds * 1000)
      tell({ warm: true })
    }
    // Compilers warm up by calls and not by time: on a slow machine the time alone would measure interpreted code.
    const warmUntil = performance.now() + order.warmSeconds * 1000 * MOST_PATIENT_WARM_UP
    const warm = (): void => {
      if (requests >= order.warmRequests || performance.now() >= warmUntil) begin()
      else end = setTimeout(warm, 20)
    }
    let end = setTimeout(warm, order.warmSeconds * 1000)
    const watch = setInterval(() => {
      const silent = lines.some((line) => performance.now() - line.sentAt > PATIENCE_MS)
      if (silent) fail(new Error(`no answer for ${PATIENCE_MS} ms`))
    }, 1000)

    for (let n = 0; n < order.connections; n++) {
      const line = open(order.port)
      lines.push(line)
      const ask = (): void => {
        line.sentAt = performance.now()
        line.socket.write(request)
      }
      line.socket.on('connect', ask)
      line.socket.on('error', fail)
      line.socket.on('close', () => fail(new Error('the server closed a connection that was to be kept alive')))
      line.socket.on('data', (chunk: Buffer) => {
        const answer = line.rest === undefined ? chunk : Buffer.concat([line.rest, chunk])
        const wrong = judge(answer)
        if (wrong === 'incomplete') {
          line.rest = answer
          return
        }
        if (wrong !== undefined) return fail(new Error(wrong))
        line.rest = undefined
        latencies.add(performance.now() - line.sentAt)
        if (++requests >= order.maxRequests && since > 0) return finish()
        ask()
      })
    }
  })
}

interface Line {
  readonly socket: Socket
  sentAt: number
  /** What has arrived of an answer that is not complete yet. */
  rest: Buffer | undefined
}

function open(port: number): Line {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setNoDelay(true)
  return { socket, sentAt: performance.now(), rest: undefined }
}

/** Says what is wrong with an answer, `'incomplete'` while it is still arriving, and nothing when it is as expected. */
function judgeOf(order: LoadOrder): (answer: Buffer) => string | undefined {
  const prefix = Buffer.from(order.prefix)
  const suffix = Buffer.from(order.suffix)
  const statusLine = `HTTP/1.1 ${order.status} `
  return (answer) => {
    const headEnd = answer.indexOf(HEAD_END)
    if (headEnd < 0) return 'incomplete'
    const head = answer.toString('latin1', 0, headEnd)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) return `an answer came without Content-Length:\n${head}`
    const start = headEnd + HEAD_END.length
    const end = start + Number(length)
    if (answer.length < end) return 'incomplete'
    if (!head.startsWith(statusLine)) return `${order.status} was expected, but there came\n${head}`
    const right =
      answer.length === end &&
      end - start >= prefix.length + suffix.length &&
      answer.compare(prefix, 0, prefix.length, start, start + prefix.length) === 0 &&
      answer.compare(suffix, 0, suffix.length, end - suffix.length, end) === 0
    return right ? undefined : `an answer had another body than expected:\n${answer.toString('latin1', 0, 2000)}`
  }
}
