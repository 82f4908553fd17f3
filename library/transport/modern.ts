import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** TLS 1.2 suites with forward secrecy and authenticated encryption; those of TLS 1.3 are all of this kind. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

/** The options of a TLS server of today, for frameworks that make the server themselves: `fastify({ https: modernTls(leaf) })`. */
export interface ModernTls
  extends Pick<SecureContextOptions, 'minVersion' | 'ciphers' | 'honorCipherOrder' | 'ecdhCurve'> {
  readonly key: string
  readonly cert: string
  readonly passphrase?: string
}

/**
 * TLS 1.2 and 1.3 only, with forward secrecy and authenticated encryption only. The client chooses among them: telephones without AES
 * in hardware prefer ChaCha20.
 *
 * **Security**: RFC 9325, RFC 8996; ASVS 5.0 12.1.1, 12.1.2, 11.6.1.
 */
export function modernTls({
  key,
  cert,
  passphrase,
}: {
  readonly key: string
  readonly cert: string
  readonly passphrase?: string | undefined
}): ModernTls {
  return {
    key,
    cert,
    ...(passphrase !== undefined && { passphrase }),
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: false,
    ecdhCurve: (groups ??= findGroups()),
  }
}

/** The options of a server that speaks HTTP/2, and HTTP/1.1 with clients that do not: `fastify({ http2: true, https: modernHttp2(leaf) })`. */
export interface ModernHttp2 extends ModernTls {
  readonly allowHTTP1: true
  readonly maxSessionInvalidFrames: number
  readonly maxSessionRejectedStreams: number
  readonly settings: {
    readonly maxConcurrentStreams: number
    readonly maxHeaderListSize: number
    readonly enablePush: false
  }
}

/**
 * {@link modernTls} for HTTP/2, with bounds on what one connection may ask for: 100 requests at a time, heads of 16 kB, and few mistakes.
 *
 * **Security**: RFC 9113, 10.5; CVE-2023-44487, CVE-2024-27983. RFC 9113, 9.2.2 forbids the suites that {@link modernTls} leaves out.
 */
export function modernHttp2(leaf: Parameters<typeof modernTls>[0]): ModernHttp2 {
  return {
    ...modernTls(leaf),
    allowHTTP1: true,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    settings: { maxConcurrentStreams: 100, maxHeaderListSize: 16_384, enablePush: false },
  }
}

let groups: string | undefined

/**
 * Elliptic curves, with the hybrid that a quantum computer would not open in front, where this OpenSSL has it.
 * Groups of numbers are left out: a client that asks for a large one makes the server work many times harder than itself (CVE-2002-20001).
 */
function findGroups(): string {
  const curves = 'X25519:P-256:P-384'
  const hybrid = `X25519MLKEM768:${curves}`
  try {
    createSecureContext({ ecdhCurve: hybrid })
    return hybrid
  } catch {
    // Only OpenSSL itself knows what it was built with.
    return curves
  }
}
