import type { X509Certificate } from 'node:crypto'
import { connect as connectPlain } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Destination, distrustOf, handshake, type Offer } from '../toolbox/tls.ts'

/** What one whole visit showed. */
export interface Handshake {
  readonly certificate: X509Certificate
  /** Why a client would not trust the chain; the name is judged apart. */
  readonly distrust: string | undefined
  readonly protocol: string
  readonly cipher: string
  /** The head of the answer to a GET of the first page; `undefined` when the server speaks something else. */
  readonly head: string | undefined
}

const MOST_BYTES = 65_536

/** Connects as a client of today does, and asks for the first page. @throws the error of the connection */
export async function visit(to: Destination): Promise<Handshake> {
  const socket = await handshake(to, {})
  const certificate = socket.getPeerX509Certificate()
  const seen = { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().standardName }
  const head = await answerOf(socket, to.servername, to.timeout)
  socket.destroy()
  if (certificate === undefined) throw new Error('The server showed no certificate.')
  return { certificate, distrust: distrustOf(socket), ...seen, head }
}

/** Whether the server agrees to these versions and suites. */
export async function reach(to: Destination, offer: Offer): Promise<boolean> {
  try {
    const socket = await handshake(to, offer)
    socket.destroy()
    return true
  } catch {
    // It said no, or this OpenSSL cannot offer such a thing any more.
    return false
  }
}

/** What a plain port answers to a person; `undefined` when nobody is there. */
export function plainAnswer(host: string, port: number, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectPlain({ host, port })
    const late = setTimeout(() => socket.destroy(), timeout)
    let text = ''
    socket.on('connect', () => socket.write(get(host)))
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('\r\n\r\n') || text.length > MOST_BYTES) socket.destroy()
    })
    // Nobody there is an answer too: then nothing is sent in the clear.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(late)
      resolve(text === '' ? undefined : text)
    })
  })
}

function answerOf(socket: TLSSocket, host: string, timeout: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = ''
    const done = (): void => {
      clearTimeout(late)
      const end = text.indexOf('\r\n\r\n')
      resolve(/^HTTP\/1\.[01] /.test(text) ? text.slice(0, end === -1 ? undefined : end) : undefined)
    }
    const late = setTimeout(done, timeout)
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (text.includes('\r\n\r\n') || text.length > MOST_BYTES) done()
    })
    socket.once('close', done)
    socket.once('error', done)
    socket.write(get(host))
  })
}

function get(host: string): string {
  return `GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nUser-Agent: bulwark-tls-check\r\nConnection: close\r\n\r\n`
}
