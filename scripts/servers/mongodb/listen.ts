import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { Account } from './scram.ts'
import { Session } from './session.ts'
import { State } from './state.ts'
import { Parser, toReply } from './wire.ts'

export interface Listening {
  readonly port: number
  close(): Promise<void>
}

/** How often documents whose time is over are deleted, in milliseconds. MongoDB takes its time: a minute. */
const SWEEP_EVERY = 200

/** Speaks MongoDB's protocol on 127.0.0.1, with one account, and keeps everything in memory. */
export async function listen(options: { port?: number; user: string; password: string }): Promise<Listening> {
  const state = new State()
  const account = new Account(options.user, options.password)
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    const session = new Session(++connections, state, account)
    const parser = new Parser()
    // A client that goes away is no error of the server.
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of parser.push(chunk)) {
          const answer = session.answer(message.command)
          if (!message.isSilent) socket.write(toReply(answer, message))
        }
      } catch {
        // What does not speak the protocol hears nothing more.
        socket.destroy()
      }
    })
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const sweeper = setInterval(() => state.sweep(Date.now()), SWEEP_EVERY)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has a port')
  return {
    port: address.port,
    close: async () => {
      clearInterval(sweeper)
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
