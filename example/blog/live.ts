import type { Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Post } from '../shared/posts.ts'
import { acceptWebSocket, refuseWebSocket, textFrame, toFrame } from '../shared/websocket.ts'
import { type People, readerOf } from './readers.ts'

export interface Live {
  /** Tells everybody who listens about a new post. */
  tell(post: Pick<Post, 'id' | 'title'>): void
  /** Listens at one more server. */
  serve(server: Server): void
  close(): void
}

/** Serves `/live`: a WebSocket that greets, and then tells of new posts. */
export function openLive(people: People): Live {
  const sockets = new Set<Duplex>()

  return {
    tell: ({ id, title }) => {
      for (const socket of sockets) send(socket, { post: { id, title } })
    },
    serve: (server) => {
      server.on('upgrade', (req, socket) => {
        if (req.url !== '/live') return refuseWebSocket(socket, '404 Not Found')
        readerOf(req, people).then(
          (reader) => {
            acceptWebSocket(req, socket)
            sockets.add(socket)
            socket.on('close', () => sockets.delete(socket))
            send(socket, { hello: reader?.displayName ?? 'guest' })
          },
          () => refuseWebSocket(socket, '503 Service Unavailable'),
        )
      })
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function send(socket: Duplex, message: unknown): void {
  socket.write(toFrame(textFrame, Buffer.from(JSON.stringify(message))))
}
