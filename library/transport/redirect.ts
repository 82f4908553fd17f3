import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type CertificateName, isNamed, parseName } from './names.ts'

export interface RedirectFacts {
  /** Answers what a certificate authority looks for, and says whether it was that. */
  answers?(req: IncomingMessage, res: ServerResponse): boolean
  /** The names of the certificate: nobody is sent to another host. */
  names(): readonly CertificateName[]
  /** The port that HTTPS is served on. */
  port(): number
}

const BODY = JSON.stringify({
  type: 'about:blank',
  title: 'This server speaks HTTPS only.',
  status: 403,
})

/**
 * A server that sends people who typed an address without https:// to where the app is, and refuses everything else.
 *
 * **Security**: a script or a form that is redirected has sent its content and its token in the clear already, and would go on doing so
 * unnoticed (ASVS 4.1.2). The host is taken from the request only when the certificate names it, so no link of the attacker's is made.
 */
export function redirectServer(facts: RedirectFacts): Server {
  const server = createServer({ maxHeaderSize: 8192, headersTimeout: 5000, requestTimeout: 5000 }, (req, res) => {
    if (facts.answers?.(req, res)) return
    // Nothing is kept open for whoever is at the wrong door.
    res.setHeader('Connection', 'close')
    res.setHeader('Cache-Control', 'no-store')
    const location = locationFor(req, facts)
    if (location === undefined) refuse(res)
    else res.writeHead(308, { Location: location }).end()
  })
  server.maxRequestsPerSocket = 1
  return server
}

function locationFor(req: IncomingMessage, facts: RedirectFacts): string | undefined {
  const { method, url = '/', headers } = req
  const isPage = (method === 'GET' || method === 'HEAD') && (headers.accept ?? 'text/html').includes('text/html')
  if (!isPage || headers.authorization !== undefined || !/^\/(?!\/)[\x21-\x7e]*$/.test(url)) return undefined
  const host = hostIn(headers.host)
  if (host === undefined || !facts.names().some((pattern) => isNamed(pattern, host))) return undefined
  const port = facts.port()
  const shown = host.name.includes(':') ? `[${host.name}]` : host.name
  return `https://${shown}${port === 443 ? '' : `:${port}`}${url}`
}

function hostIn(header: string | undefined): CertificateName | undefined {
  const [, name = ''] = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  try {
    return parseName(name)
  } catch {
    // Whoever asks for no host that could be is refused.
    return undefined
  }
}

function refuse(res: ServerResponse): void {
  res.writeHead(403, { 'Content-Type': 'application/problem+json', 'Content-Length': BODY.length }).end(BODY)
}
