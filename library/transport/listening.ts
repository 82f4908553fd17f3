import { type EventEmitter, once } from 'node:events'
import type { Server as PlainServer } from 'node:http'
import type { Http2SecureServer } from 'node:http2'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'

const PATIENCE = 10_000

/** Takes a port, and answers which. @throws an error of Node when it cannot be taken */
export async function bind(
  server: PlainServer | Server | Http2SecureServer,
  port: number,
  host: string | undefined,
): Promise<number> {
  server.listen({ port, ...(host !== undefined && { host }) })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Open connections of HTTP/2; Node closes those of HTTP/1.1 itself. */
export function watch(server: Server | Http2SecureServer): ReadonlySet<Closable> {
  const sessions = new Set<Closable>()
  ;(server as EventEmitter).on('session', (session: Closable & EventEmitter) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  return sessions
}

interface Closable {
  close(): void
  destroy(): void
}

/** Stops accepting, lets what runs finish for a while, and ends. */
export async function end(
  server: PlainServer | Server | Http2SecureServer,
  sessions: ReadonlySet<Closable>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  if ('closeIdleConnections' in server) server.closeIdleConnections()
  for (const session of sessions) session.close()
  const last = setTimeout(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    for (const session of sessions) session.destroy()
  }, PATIENCE)
  await closed
  clearTimeout(last)
}
