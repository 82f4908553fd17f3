import { type IncomingHttpHeaders, request } from 'node:http'
import { request as requestSecurely } from 'node:https'
import { connect } from 'node:net'
import { connect as connectSecurely } from 'node:tls'

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

const believed = new Map<string, string | undefined>()

/**
 * As a person does who had this authority installed (PEM); without one, who clicks past the warning of the browser. Nobody does that for
 * a site that was not named here.
 */
export function believe(origin: string, authority?: string): void {
  believed.set(origin, authority)
}

function trustIn(origin: string): { readonly ca?: string; readonly rejectUnauthorized: boolean } {
  const ca = believed.get(origin)
  return { rejectUnauthorized: ca !== undefined || !believed.has(origin), ...(ca !== undefined && { ca }) }
}

/** Sends one request on a connection of its own. */
export function ask(origin: string, { method = 'GET', path, headers = {}, body = '' }: Ask): Promise<Answer> {
  const { hostname, port, host, protocol } = new URL(origin)
  return new Promise((resolve, reject) => {
    const all = { Host: host, 'Content-Length': `${Buffer.byteLength(body)}`, ...headers }
    const to = { hostname, port, method, path, headers: all, agent: false }
    const req = protocol === 'https:' ? requestSecurely({ ...to, ...trustIn(origin) }) : request(to)
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
  const { hostname, port, host, protocol } = new URL(origin)
  const to = { host: hostname, port: Number(port) }
  const socket = protocol === 'https:' ? connectSecurely({ ...to, ...trustIn(origin) }) : connect(to)
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
