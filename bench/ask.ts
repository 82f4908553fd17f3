import { connect } from 'node:net'

const PATIENCE_MS = 5000

/** One whole answer, as a check needs it. */
export interface Answer {
  readonly status: number
  /** By lower-case name, in the order they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
}

/** Sends one raw request on a connection of its own. Throws when no complete answer comes in time. */
export function ask(port: number, request: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' })
    let received = ''
    const end = (): void => {
      socket.destroy()
      reject(new Error(`no complete answer came; so far: ${received.slice(0, 500) || 'nothing'}`))
    }
    socket.setTimeout(PATIENCE_MS, end)
    socket.on('error', reject)
    socket.on('end', end)
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
      const answer = parseAnswer(received)
      if (answer === undefined) return
      socket.destroy()
      resolve(answer)
    })
  })
}

/** An answer with `Content-Length`; `undefined` while some of it is missing. */
export function parseAnswer(text: string): Answer | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n')
  const headers = new Map<string, string[]>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const earlier = headers.get(name)
    if (earlier) earlier.push(value)
    else headers.set(name, [value])
  }
  const body = text.slice(headEnd + 4)
  if (body.length < Number(headers.get('content-length')?.[0])) return undefined
  return { status: Number(statusLine.split(' ')[1]), headers, body }
}
