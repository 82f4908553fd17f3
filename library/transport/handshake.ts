import type { X509Certificate } from 'node:crypto'
import { connect as connectPlain, isIP } from 'node:net'
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls'

export interface Destination {
  readonly host: string
  readonly port: number
  readonly servername: string
  readonly ca: string | undefined
  readonly timeout: number
}

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
  const error = socket.authorizationError as unknown as string | { readonly code?: string } | null
  const code = typeof error === 'string' ? error : error?.code
  const seen = { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().standardName }
  const head = await answerOf(socket, to.servername, to.timeout)
  socket.destroy()
  if (certificate === undefined) throw new Error('The server showed no certificate.')
  // Which names it is for is another question than who vouches for it.
  return { certificate, distrust: code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? undefined : code, ...seen, head }
}

/** Whether the server agrees to these versions and suites. */
export async function reach(
  to: Destination,
  offer: { readonly minVersion: SecureVersion; readonly maxVersion: SecureVersion; readonly ciphers: string },
): Promise<boolean> {
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

function handshake({ host, port, servername, ca, timeout }: Destination, offer: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      // bulwark-ignore encryption/unchecked-certificate -- a wrong certificate is what is being looked for, and nothing secret is sent
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(servername) === 0 && { servername }),
      ...(ca !== undefined && { ca }),
      ...offer,
    })
    const late = setTimeout(() => socket.destroy(new Error(`${host}:${port} did not answer in time`)), timeout)
    socket.once('secureConnect', () => {
      clearTimeout(late)
      resolve(socket)
    })
    socket.once('error', (error) => {
      clearTimeout(late)
      reject(error)
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
