import { isIP } from 'node:net'
import { type ConnectionOptions, connect, DEFAULT_CIPHERS, type SecureVersion, type TLSSocket } from 'node:tls'

export interface Destination {
  readonly host: string
  readonly port: number
  /** The name that is asked for; an IP address asks for none. */
  readonly servername: string
  /** An authority to trust besides those of Node, PEM. */
  readonly ca: string | undefined
  /** Milliseconds. */
  readonly timeout: number
  /** The own address to come from. @default the system's choice */
  readonly localAddress?: string
}

/** Versions and suites of a client of another day, or of another mind. */
export interface Offer {
  readonly minVersion?: SecureVersion
  readonly maxVersion?: SecureVersion
  /** As OpenSSL names them; those of TLS 1.3 are offered besides. */
  readonly ciphers?: string
}

/** Broken, and given up by RFC 8996. */
export const OLD_VERSIONS: readonly SecureVersion[] = ['TLSv1', 'TLSv1.1']

/** Whatever this OpenSSL still knows, however weak it is. */
export const ANY_SUITE = 'ALL:@SECLEVEL=0'

/** Suites of today, and certificates of any strength: for whoever wants to look at what is there. */
export const ANY_CERTIFICATE: string = `${DEFAULT_CIPHERS}:@SECLEVEL=0`

/** Suites that servers can still be talked into, the worst first, with what is wrong with them. */
export const WEAK_SUITES: readonly {
  readonly ciphers: string
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly what: string
}[] = [
  {
    ciphers: 'aNULL:eNULL',
    severity: 'critical',
    what: 'suites without authentication or without encryption',
  },
  { ciphers: '3DES:RC4:RC2:IDEA:SEED', severity: 'high', what: 'ciphers that have been broken' },
  {
    ciphers: 'kRSA',
    severity: 'medium',
    what: 'suites without forward secrecy: whoever gets the key one day reads everything that was recorded',
  },
  {
    ciphers: 'ECDHE+SHA:ECDHE+SHA256:ECDHE+SHA384:DHE+SHA:DHE+SHA256',
    severity: 'low',
    what: 'suites that encrypt in blocks and authenticate afterwards',
  },
]

/**
 * Connects whatever the certificate is worth: that is for {@link distrustOf} and the caller to judge. The socket is the caller's to destroy.
 * @throws the error of the connection, or of an OpenSSL that cannot make such an offer any more
 */
export function handshake(
  { host, port, servername, ca, timeout, localAddress }: Destination,
  offer: Offer,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const options: ConnectionOptions = {
      host,
      port,
      // bulwark-ignore encryption/unchecked-certificate -- a wrong certificate is what is being looked for, and nothing secret is sent
      rejectUnauthorized: false,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(servername) === 0 && { servername }),
      ...(ca !== undefined && { ca }),
      ...(localAddress !== undefined && { localAddress }),
      ...offer,
    }
    const socket = connect(options)
    const late = setTimeout(() => socket.destroy(new Error(`${host}:${port} did not answer in time`)), timeout)
    socket.once('secureConnect', () => {
      clearTimeout(late)
      resolve(socket)
    })
    socket.once('error', (error) => {
      clearTimeout(late)
      reject(error)
    })
  })
}

/** Why a client would not trust the chain of the certificate; whether it is for the right name is another question. */
export function distrustOf(socket: TLSSocket): string | undefined {
  const error = socket.authorizationError as unknown as string | { readonly code?: string } | null
  const code = typeof error === 'string' ? error : error?.code
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? undefined : code
}

/** The offer never left: this machine's own OpenSSL cannot make it. */
export function isUnofferable(error: unknown): boolean {
  const code = String((error as { readonly code?: unknown } | null)?.code ?? '')
  return /^ERR_SSL_NO_(?:CIPHER_MATCH|CIPHERS_AVAILABLE|PROTOCOLS_AVAILABLE)$/.test(code)
}
