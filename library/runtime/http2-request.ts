import type { IncomingMessage } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'

/** The stream of a request over HTTP/2; `undefined` for one over HTTP/1.1. */
export function streamOf(req: IncomingMessage): ServerHttp2Stream | undefined {
  return req.httpVersionMajor < 2 ? undefined : (req as unknown as { readonly stream: ServerHttp2Stream }).stream
}

/** Puts the host where every guard and every app looks for it. Where a client sends both, they stay, to be compared (RFC 9113, 8.3.1). */
export function nameHost({ headers }: IncomingMessage): void {
  const authority = headers[':authority']
  if (headers.host === undefined && typeof authority === 'string') headers.host = authority
}
