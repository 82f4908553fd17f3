import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Solver } from './order.ts'

/** Answers challenges for a server that is there already, and for one of its own. */
export interface HttpSolver extends Solver {
  /** Answers the request when it is a challenge, and says whether it was. */
  handle(req: IncomingMessage, res: ServerResponse): boolean
}

const PREFIX = '/.well-known/acme-challenge/'

/** Shows challenges on a plain port; nothing else is ever answered, and only while an order is under way. */
export function httpSolver(): HttpSolver {
  const shown = new Map<string, string>()
  return {
    type: 'http-01',
    show: (_, token, answer) => void shown.set(token, answer),
    clear: (_, token) => void shown.delete(token),
    handle({ method, url = '' }, res) {
      if (!url.startsWith(PREFIX) || (method !== 'GET' && method !== 'HEAD')) return false
      const answer = shown.get(url.slice(PREFIX.length))
      if (answer === undefined) return false
      res.writeHead(200, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': answer.length,
        Connection: 'close',
      })
      res.end(method === 'HEAD' ? undefined : answer)
      return true
    },
  }
}

/** Takes a plain port for as long as `work` takes, for machines where nothing else listens there. */
export async function whileListening<T>(
  solver: HttpSolver,
  { port = 80, host }: { readonly port?: number; readonly host?: string },
  work: () => Promise<T>,
): Promise<T> {
  const server = createServer({ maxHeaderSize: 8192, requestTimeout: 5000, headersTimeout: 5000 }, (req, res) => {
    if (!solver.handle(req, res)) res.writeHead(404, { Connection: 'close' }).end()
  })
  server.listen({ port, ...(host !== undefined && { host }) })
  await once(server, 'listening')
  try {
    return await work()
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
