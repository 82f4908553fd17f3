import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'

export interface Ask {
  /** @default 'GET' */
  readonly method?: string
  /** Sent as it is, without any tidying up. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Sends one request on a connection of its own. */
export function ask(origin: string, { method = 'GET', path, headers = {}, body = '' }: Ask): Promise<Answer> {
  const { hostname, port, host } = new URL(origin)
  return new Promise((resolve, reject) => {
    const all = { Host: host, 'Content-Length': `${Buffer.byteLength(body)}`, ...headers }
    const req = request({ hostname, port, method, path, headers: all, agent: false })
    req.on('error', reject)
    req.on('response', (res) => {
      const chunks: Buffer[] = []
      res.on('error', reject)
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', () => {
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() })
      })
    })
    req.end(body)
  })
}

export interface Listening {
  /** The status line and the headers of the answer. */
  readonly head: string
  /** The next message, parsed. */
  next(): Promise<unknown>
  close(): void
}

/** Asks for the WebSocket at `/live`. */
export async function listen(origin: string, headers: Readonly<Record<string, string>>): Promise<Listening> {
  const { hostname, port, host } = new URL(origin)
  const socket = connect(Number(port), hostname)
  const lines = {
    Host: host,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'AAECAwQFBgcICQoLDA0ODw==',
    ...headers,
  }
  const text = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`GET /live HTTP/1.1\r\n${text.join('')}\r\n`)

  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]()
  let received = Buffer.alloc(0)
  const take = async (size: number): Promise<Buffer> => {
    while (received.length < size) {
      const { value, done } = await chunks.next()
      if (done) throw new Error('The connection was closed.')
      received = Buffer.concat([received, value])
    }
    const taken = received.subarray(0, size)
    received = received.subarray(size)
    return taken
  }

  let head = ''
  while (!head.endsWith('\r\n\r\n')) head += (await take(1)).toString()
  return {
    head,
    next: async () => JSON.parse((await take((await take(2))[1] ?? 0)).toString()),
    close: () => socket.destroy(),
  }
}
