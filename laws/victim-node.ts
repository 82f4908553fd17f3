import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import type { VictimHandler, VictimRequest, VictimResponse } from '../library/core/victim.ts'
import { exchangeOf } from '../library/runtime/baseline.ts'

type Listener = (req: IncomingMessage, res: ServerResponse) => unknown

export interface NodeRoute {
  readonly method: string
  readonly path: string
  readonly handler: VictimHandler
}

/** A plain listener over a few routes, as people write one by hand: it believes whatever arrives. */
export function serveNode(routes: readonly NodeRoute[]): RequestListener {
  const table = routes.map((route) => ({ ...route, pattern: patternOf(route.path), listener: listenerFor(route) }))
  return async (req, res) => {
    const path = (req.url ?? '/').split('?')[0]!
    const found = table.find(
      ({ method, pattern }) =>
        method.toUpperCase() === (req.method === 'HEAD' ? 'GET' : req.method) && pattern.test(path),
    )
    if (found) return found.listener(req, res)
    res.statusCode = 404
    res.setHeader('Content-Type', 'text/plain')
    res.end(`Cannot ${req.method} ${path}`)
    return undefined
  }
}

export function listenerFor(route: NodeRoute): Listener {
  return (req, res) => answer(route, req, res)
}

/** Reads a body the way the laxest parsers do. */
export function parseAny(type: string, encoding: string, body: Buffer): unknown {
  if (type.startsWith('multipart/form-data')) return parseForm(type, body)
  const text = (encoding === 'gzip' ? gunzipSync(body) : body).toString()
  if (type.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text))
  return text === '' ? {} : JSON.parse(text)
}

/** A form with files, each part as it came: the file's name and type are the client's words. */
function parseForm(type: string, body: Buffer): Record<string, unknown> {
  const boundary = /boundary="?([^";]+)/.exec(type)?.[1] ?? ''
  const parts = body.toString('latin1').split(`--${boundary}`).slice(1, -1)
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('\r\n\r\n')
      const head = part.slice(0, at)
      const content = part.slice(at + 4, -2)
      const name = /filename="([^"]*)"/.exec(head)?.[1]
      const file = { name, type: /content-type: *([^\r]+)/i.exec(head)?.[1] ?? '', content }
      return [/name="([^"]*)"/.exec(head)?.[1] ?? '', name === undefined ? content : file]
    }),
  )
}

async function answer(route: NodeRoute, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = req.url ?? '/'
  const query = url.includes('?') ? url.slice(url.indexOf('?') + 1) : ''
  const request: VictimRequest = {
    method: req.method ?? 'GET',
    url,
    headers: req.headers,
    params: paramsOf(route.path, url.split('?')[0]!),
    query: Object.fromEntries(new URLSearchParams(query)),
    body: parseAny(
      String(req.headers['content-type'] ?? ''),
      String(req.headers['content-encoding'] ?? ''),
      await read(req),
    ) as Record<string, unknown>,
    ip: req.socket.remoteAddress ?? '',
    security: exchangeOf(req)?.security,
  }
  await route.handler(request, responseOver(res))
}

export function read(req: IncomingMessage): Promise<Buffer> {
  // Somebody has read it before, as parsers that stand in front of a route do.
  if (req.readableEnded) return Promise.resolve(Buffer.alloc(0))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => resolve(Buffer.concat(chunks)))
    req.on('error', reject)
  })
}

function responseOver(res: ServerResponse): VictimResponse {
  const self: VictimResponse = {
    status(code) {
      res.statusCode = code
      return self
    },
    set(name, value) {
      res.setHeader(name, value)
      return self
    },
    send(body) {
      if (typeof body !== 'string') return self.json(body)
      if (!res.hasHeader('content-type')) res.setHeader('Content-Type', 'text/html; charset=utf-8')
      res.end(body)
    },
    json(body) {
      res.setHeader('Content-Type', 'application/json; charset=utf-8')
      res.end(JSON.stringify(body))
    },
    redirect(location) {
      res.writeHead(302, { Location: location })
      res.end()
    },
    end() {
      res.end()
    },
  }
  return self
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '([^/]+)')}$`)
}

function paramsOf(path: string, actual: string): Record<string, string> {
  const names = [...path.matchAll(/:(\w+)/g)].map((match) => match[1]!)
  const values = patternOf(path).exec(actual)?.slice(1) ?? []
  return Object.fromEntries(names.map((name, i) => [name, decodeURIComponent(values[i] ?? '')]))
}
