import {
  type Agent,
  type AgentOptions,
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { ANY_CERTIFICATE } from '../library/toolbox/tls.ts'
import { sendByHand } from './by-hand.ts'
import { failureOf, type Message, type Received } from './message.ts'
import type { Ground } from './safety.ts'

/** The only code of the prober that opens a socket, and it opens them to one address. */
export interface Wire {
  readonly ground: Ground
  /** The address that this run is pinned to. */
  readonly address: string
  /** The authority that certificates have to come from, PEM. */
  readonly ca: string | undefined
  send(message: Message, how: How): Promise<Received>
  /** A bare connection, not yet connected. */
  open(from: string | undefined): Socket
  close(): void
}

export interface How {
  /** Milliseconds for the whole answer. */
  readonly timeout: number
  readonly from: string | undefined
  readonly signal: AbortSignal
}

/** Bytes of an answer's body that are kept; the rest is not even read. */
export const BODY_CAP: number = 1024 * 1024

/** Milliseconds that a connection waits for being used again. */
const IDLE = 1000

/** Bodies go out in slices so that a refusal sent in the middle is seen before the connection breaks. */
const SLICE = 64 * 1024

export function openWire(ground: Ground, address: string, ca?: string): Wire {
  // Certificates of development servers are self-signed and weak; on this machine there is nobody in between.
  const isBelieved = ground.place === 'loopback' && ca === undefined
  const trust = isBelieved
    ? { rejectUnauthorized: false, ciphers: ANY_CERTIFICATE, minVersion: 'TLSv1' as const }
    : { rejectUnauthorized: true, ...(ca !== undefined && { ca }) }
  const agentFor = (how: AgentOptions): Agent =>
    ground.tls ? new HttpsAgent({ ...how, ...trust }) : new HttpAgent(how)
  const agent = agentFor({ keepAlive: false })
  // For bursts, which are measured against the clock: what is not used again at once is let go.
  const lasting = agentFor({ keepAlive: true, timeout: IDLE })
  const open = (from: string | undefined): Socket => {
    const to = { host: address, port: ground.port, ...(from !== undefined && { localAddress: from }) }
    if (!ground.tls) return connectTcp(to)
    return connectTls({
      ...to,
      ...trust,
      ...(/[a-z]/i.test(ground.hostname) && { servername: ground.hostname }),
    })
  }
  return {
    ground,
    address,
    ca,
    open,
    async send(message, how): Promise<Received> {
      if (how.signal.aborted) return nothing('stopped')
      try {
        const again = isLasting(message) ? lasting : agent
        const received = await sendByNode(ground, address, again, message, how)
        // The target may end a connection in the very moment in which it is used again. It has not seen this request.
        if (received.failure !== 'reused') return received
        return await sendByNode(ground, address, agent, message, how)
      } catch (error) {
        // Node refuses to write some targets and headers. Attackers do not, so these go out by hand.
        if (!isUnwritable(error)) throw error
        return sendByHand(open(how.from), message, how)
      }
    },
    close(): void {
      agent.destroy()
      lasting.destroy()
    },
  }
}

export function nothing(failure: string): Received {
  return { status: 0, reason: '', rawHeaders: [], body: new Uint8Array(0), ms: 0, failure }
}

function sendByNode(ground: Ground, address: string, agent: Agent, message: Message, how: How): Promise<Received> {
  return new Promise((resolve, reject) => {
    const options = {
      host: address,
      port: ground.port,
      path: message.path,
      method: message.method,
      headers: message.headers.flat(),
      agent,
      // What a hostile answer looks like is for the probe to judge, not for the parser.
      insecureHTTPParser: true,
      maxHeaderSize: 256 * 1024,
      ...(how.from !== undefined && { localAddress: how.from }),
      ...(ground.tls && /[a-z]/i.test(ground.hostname) && { servername: ground.hostname }),
    }
    let request: ClientRequest
    try {
      request = ground.tls ? httpsRequest(options) : httpRequest(options)
    } catch (error) {
      reject(error)
      return
    }
    let start = performance.now()
    let answer: IncomingMessage | undefined
    let done = false
    let size = 0
    const chunks: Uint8Array[] = []
    const finish = (failure?: string): void => {
      if (done) return
      done = true
      clearTimeout(timer)
      how.signal.removeEventListener('abort', onAbort)
      const ms = performance.now() - start
      request.destroy()
      if (!answer) resolve({ ...nothing(failure ?? 'reset'), ms })
      else {
        resolve({
          status: answer.statusCode ?? 0,
          reason: answer.statusMessage ?? '',
          rawHeaders: answer.rawHeaders,
          body: Buffer.concat(chunks).subarray(0, BODY_CAP),
          ms,
          ...(failure !== undefined && { failure }),
        })
      }
    }
    const onAbort = (): void => finish('stopped')
    const timer = setTimeout(() => finish('timeout'), how.timeout)
    how.signal.addEventListener('abort', onAbort)
    request.on('socket', (socket) => {
      if (!request.reusedSocket)
        socket.once(ground.tls ? 'secureConnect' : 'connect', () => (start = performance.now()))
    })
    request.on('error', (error) => {
      const failure = failureOf(error)
      finish(request.reusedSocket && answer === undefined && failure === 'reset' ? 'reused' : failure)
    })
    // Without these two Node closes the connection of an upgrade or a tunnel without telling anybody.
    const onSwitch = (incoming: IncomingMessage, socket: Duplex, head: Buffer): void => {
      answer = incoming
      chunks.push(head)
      socket.on('error', () => finish())
      socket.destroy()
      finish()
    }
    request.on('upgrade', onSwitch)
    request.on('connect', onSwitch)
    request.on('response', (incoming) => {
      answer = incoming
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        size += chunk.length
        if (size >= BODY_CAP) finish()
      })
      incoming.on('end', () => finish())
      incoming.on('error', (error) => finish(failureOf(error)))
      incoming.on('close', () => finish('reset'))
    })
    write(request, message.body)
  })
}

function write(request: ClientRequest, body: Uint8Array | undefined): void {
  if (!body || body.length <= SLICE) {
    request.end(body)
    return
  }
  let at = 0
  const next = (): void => {
    if (request.destroyed) return
    const slice = body.subarray(at, at + SLICE)
    at += SLICE
    if (at >= body.length) request.end(slice)
    else if (request.write(slice)) setImmediate(next)
    else request.once('drain', () => setImmediate(next))
  }
  next()
}

function isLasting({ headers }: Message): boolean {
  return headers.some(([name, value]) => name.toLowerCase() === 'connection' && value.toLowerCase() === 'keep-alive')
}

function isUnwritable(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return code === 'ERR_UNESCAPED_CHARACTERS' || code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_HTTP_TOKEN'
}
