import { setTimeout as sleep } from 'node:timers/promises'
import type { RawAnswer, RawAsk, TlsAnswer, TlsAsk } from '../library/core/probe.ts'
import { ANY_CERTIFICATE, distrustOf, handshake, isUnofferable } from '../library/toolbox/tls.ts'
import { toBytes } from './by-hand.ts'
import { failureOf } from './message.ts'
import { BODY_CAP, type Wire } from './wire.ts'

/** More idle connections than this are not opened at once: the prober's own machine has limits too. */
const MOST_CONNECTIONS = 256

/** Milliseconds in which a connection comes about or does not. */
const MOST_TO_CONNECT = 5000

/** Sends bytes as they are and listens. */
export async function sendRaw(
  wire: Wire,
  ask: RawAsk,
  from: string | undefined,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const socket = wire.open(from)
  const chunks: Buffer[] = []
  let size = 0
  let start = performance.now()
  let end = 0
  let failure: string | undefined
  let ended = false
  let onEnd = (): void => undefined
  const over = new Promise<void>((resolve) => {
    onEnd = (): void => {
      if (!ended) end = performance.now()
      ended = true
      resolve()
    }
    socket.on('end', onEnd)
    socket.on('close', onEnd)
    socket.on('error', (error) => {
      failure = failureOf(error)
      onEnd()
    })
    signal.addEventListener('abort', onEnd)
  })
  const connected = new Promise<void>((resolve) => {
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      start = performance.now()
      resolve()
    })
  })
  socket.on('data', (chunk) => {
    size += chunk.length
    if (size <= BODY_CAP) chunks.push(chunk)
  })
  await waitFor(MOST_TO_CONNECT, Promise.race([connected, over]))
  for (const [i, part] of ask.parts.entries()) {
    if (i > 0 && ask.pause) await waitFor(ask.pause, over)
    if (ended) break
    socket.write(toBytes(part))
  }
  await waitFor(ask.hold ?? 1000, over)
  const closed = ended && !signal.aborted
  const ms = (ended ? end : performance.now()) - start
  signal.removeEventListener('abort', onEnd)
  socket.destroy()
  if (signal.aborted) failure = 'stopped'
  const text = Buffer.concat(chunks).toString('utf8')
  // A reset after an answer is how servers refuse the rest; only silence is a failure.
  return { ask, text, closed, ms, ...(failure !== undefined && text === '' && { failure }) }
}

/** Shakes hands and lets go. */
export async function shakeHands(wire: Wire, ask: TlsAsk, from: string | undefined): Promise<TlsAnswer> {
  const { ground, address, ca } = wire
  const to = {
    host: address,
    port: ground.port,
    servername: ground.hostname,
    ca,
    timeout: MOST_TO_CONNECT,
    ...(from !== undefined && { localAddress: from }),
  }
  const [minVersion, maxVersion] = ask.versions ?? []
  try {
    const socket = await handshake(to, {
      ciphers: ask.ciphers ?? ANY_CERTIFICATE,
      ...(minVersion !== undefined && { minVersion }),
      ...(maxVersion !== undefined && { maxVersion }),
    })
    const distrust = distrustOf(socket)
    const answer: TlsAnswer = {
      ask,
      protocol: socket.getProtocol() ?? '',
      cipher: socket.getCipher().name,
      certificate: socket.getPeerX509Certificate()?.toString() ?? '',
      ...(distrust !== undefined && { distrust }),
    }
    socket.destroy()
    return answer
  } catch (error) {
    const failure = isUnofferable(error) ? 'not offered' : failureOf(error)
    return { ask, protocol: '', cipher: '', certificate: '', failure }
  }
}

/** Opens idle connections, keeps them, and counts those that the target kept as well. */
export async function holdIdle(
  wire: Wire,
  count: number,
  hold: number,
  from: string | undefined,
  signal: AbortSignal,
): Promise<number> {
  const sockets = new Set<ReturnType<Wire['open']>>()
  let open = 0
  const all = Array.from({ length: Math.min(count, MOST_CONNECTIONS) }, () => {
    const socket = wire.open(from)
    sockets.add(socket)
    return new Promise<void>((resolve) => {
      let counted = false
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        open++
        counted = true
        resolve()
      })
      const onEnd = (): void => {
        if (counted) open--
        counted = false
        socket.destroy()
        resolve()
      }
      // A refused connection is an answer, not a breakdown: it is simply not counted.
      socket.on('error', onEnd)
      socket.on('end', onEnd)
      socket.on('close', onEnd)
      socket.resume()
    })
  })
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await waitFor(MOST_TO_CONNECT, Promise.race([stopped, Promise.all(all)]))
  await waitFor(hold, stopped)
  const left = open
  for (const socket of sockets) socket.destroy()
  return left
}

/** Waits, unless the other thing happens first; leaves no timer behind. */
async function waitFor(ms: number, other: Promise<unknown>): Promise<void> {
  const enough = new AbortController()
  const timer = sleep(ms, undefined, { signal: enough.signal }).catch(() => undefined)
  await Promise.race([timer, other])
  enough.abort()
}
