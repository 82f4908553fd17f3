import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createPlainServer, type Server as NetServer, type Socket } from 'node:net'
import { createSecureContext, createServer, type SecureContext, type Server } from 'node:tls'
import { parseIp } from '../../toolbox/ip.ts'
import { modernTls } from '../modern.ts'
import { type CertificateName, parseName } from '../names.ts'
import { makePrivateKey, readPrivateKey } from '../private-keys.ts'
import { signCertificate } from '../x509.ts'
import { readClientHello } from './client-hello.ts'
import type { Solver } from './order.ts'

/** Answers challenges on the port of HTTPS itself, so that no plain port has to be reachable (RFC 8737). */
export interface AlpnSolver extends Solver {
  /** Stands in front of a TLS server: what a certificate authority asks is answered here, everything else goes on as it came. */
  guard(server: Server): void
}

const PROTOCOL = 'acme-tls/1'
const HOUR = 3_600_000
/** How long the first bytes of a connection may take while a challenge is shown. */
const PATIENCE = 5000

/**
 * Shows challenges in certificates of their own, to those only who offer `acme-tls/1` and nothing else. On such a connection no HTTP is ever
 * spoken, and while no order is under way no connection is looked at.
 *
 * **Security**: RFC 8737, 3. A server that serves the sites of others must not let them answer here for one another: only names that are
 * being ordered are answered for.
 */
export function alpnSolver(): AlpnSolver {
  const shown = new Map<string, SecureContext>()
  const challenges = createServer({
    ALPNProtocols: [PROTOCOL],
    minVersion: 'TLSv1.2',
    handshakeTimeout: PATIENCE,
    SNICallback: (name, done) => {
      const context = shown.get(name.toLowerCase())
      if (context === undefined) done(new Error('nobody is asking for this name'))
      else done(null, context)
    },
  })
  // The handshake is the whole answer.
  challenges.on('secureConnection', (socket) => socket.end())
  challenges.on('tlsClientError', (_, socket) => socket.destroy())

  return {
    type: 'tls-alpn-01',
    async show(name, _, answer) {
      const parsed = parseName(name)
      shown.set(askedAs(parsed), await contextFor(parsed, Buffer.from(answer, 'base64url')))
    },
    clear(name) {
      shown.delete(askedAs(parseName(name)))
    },
    guard(server) {
      const onward = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
      server.removeAllListeners('connection')
      server.on('connection', (socket: Socket) => {
        const goOn = (): void => {
          for (const listener of onward) listener.call(server, socket)
        }
        if (shown.size === 0) goOn()
        else look(socket, challenges, goOn)
      })
    },
  }
}

/** Takes the port of HTTPS for as long as `work` takes, before there is a certificate to serve anything with. */
export async function whileListeningForTls<T>(
  solver: AlpnSolver,
  { port = 443, host }: { readonly port?: number; readonly host?: string },
  work: () => Promise<T>,
): Promise<T> {
  // There is nobody yet for whoever is no certificate authority.
  const server: NetServer = createPlainServer((socket) => socket.destroy())
  solver.guard(server as Server)
  server.listen({ port, ...(host !== undefined && { host }) })
  await once(server, 'listening')
  try {
    return await work()
  } finally {
    server.close()
  }
}

/** Reads until it is known who asks, gives back what was read, and hands the connection on. */
function look(socket: Socket, challenges: Server, goOn: () => void): void {
  let bytes: Buffer = Buffer.alloc(0)
  const late = setTimeout(() => socket.destroy(), PATIENCE)
  const leave = (): void => {
    clearTimeout(late)
    socket.off('readable', read)
    socket.off('error', leave)
    socket.off('close', leave)
  }
  const read = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    bytes = Buffer.concat([bytes, chunk])
    const hello = readClientHello(bytes)
    if (hello === 'more') return
    leave()
    socket.unshift(bytes)
    const isChallenge = hello?.protocols.length === 1 && hello.protocols[0] === PROTOCOL
    if (isChallenge) challenges.emit('connection', socket)
    else goOn()
  }
  socket.on('readable', read)
  socket.on('error', leave)
  socket.on('close', leave)
}

/** RFC 8737, 3: signed by its own key, for this one name, with the digest of the answer in an extension that must be understood. */
async function contextFor(name: CertificateName, digest: Uint8Array): Promise<SecureContext> {
  const key = await makePrivateKey('p256')
  const signingKey = readPrivateKey(key)
  const publicKey = createPublicKey(signingKey)
  const now = Date.now()
  const cert = await signCertificate({
    subject: name.name,
    issuer: name.name,
    names: [name],
    publicKey,
    signingKey,
    issuerKey: publicKey,
    notBefore: new Date(now - HOUR),
    notAfter: new Date(now + 24 * HOUR),
    usage: 'server',
    acmeIdentifier: digest,
  })
  return createSecureContext(modernTls({ key, cert }))
}

/** TLS asks for host names only; an address is asked for by its name in the reverse tree (RFC 8738, 6). */
function askedAs({ kind, name }: CertificateName): string {
  if (kind === 'dns') return name
  const bytes = parseIp(name) ?? new Uint8Array()
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`
  const digits = [...Buffer.from(bytes).toString('hex')].reverse()
  return `${digits.join('.')}.ip6.arpa`
}
