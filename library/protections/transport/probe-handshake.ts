import { X509Certificate } from 'node:crypto'
import type { Evidence } from '../../core/finding.ts'
import type { Outcome, Probe, Target, TlsAnswer, TlsAsk } from '../../core/probe.ts'
import { type CertificateFault, faultsOf, strengthOf } from '../../toolbox/certificates.ts'
import { ANY_SUITE, WEAK_SUITES } from '../../toolbox/tls.ts'

const SERVE =
  "Serve with listen() or modernTls() of bulwark/transport, or set minVersion: 'TLSv1.2' and leave ciphers out."
const ASK =
  'Ask a public authority for a certificate, and let a program renew it: bulwark tls acme, or listen({ tls: { acme } }).'
const EXPIRED = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/

/** Whoever can have both sides speak an old version can read parts of what they say. */
const oldProtocol: Probe = {
  name: 'transport/old-protocol',
  risk: 'weak-tls',
  title: 'Connections with TLS 1.0 or 1.1 are taken',
  kind: 'active',
  attack: (target) =>
    shake(target, {
      asks: [{ versions: ['TLSv1', 'TLSv1.1'], ciphers: ANY_SUITE }],
      worked: (answer) => answer.protocol !== '',
      short: ({ protocol, cipher }) => `${protocol} ${cipher}`,
      message: ({ protocol }) => `The server agrees to ${protocol}, which has been broken (RFC 8996).`,
      remedy: SERVE,
    }),
}

const weakSuite: Probe = {
  name: 'transport/weak-suite',
  risk: 'weak-tls',
  title: 'Suites that have been broken, or that give away the past, are taken',
  kind: 'active',
  attack: (target) =>
    shake(target, {
      asks: WEAK_SUITES.filter(({ severity }) => severity !== 'low').map(({ ciphers }) => ({
        versions: ['TLSv1', 'TLSv1.2'],
        ciphers: `${ciphers}:@SECLEVEL=0`,
      })),
      worked: (answer) => answer.protocol !== '',
      short: ({ cipher }) => cipher,
      message: ({ cipher, ask }) => {
        const weak = WEAK_SUITES.find(({ ciphers }) => ask.ciphers?.startsWith(`${ciphers}:`))
        return `The server agrees to ${cipher}: ${weak?.what ?? 'a weak suite'}.`
      },
      remedy: SERVE,
    }),
}

const untrusted: Probe = {
  name: 'transport/untrusted-certificate',
  risk: 'untrusted-certificate',
  title: 'Nobody vouches for the certificate',
  kind: 'passive',
  attack: (target) =>
    shake(target, {
      asks: [{}],
      worked: (answer) => isUntrusted(answer),
      short: (answer) => (isSelfSigned(answer) ? 'signed by itself' : `signed by a stranger (${answer.distrust})`),
      message: ({ distrust }) =>
        `Clients cannot tell this server from somebody in between, who would show just such a certificate (${distrust}).`,
      remedy: `${ASK} For an authority of your own, hand it to the probe with --ca.`,
    }),
}

const wrongName = faulty('transport/wrong-name', 'untrusted-certificate', 'The certificate is for another site', [
  'wrong name',
])

const expired = faulty('transport/expired-certificate', 'untrusted-certificate', 'The certificate is out of date', [
  'expired',
  'not yet valid',
])

const weakKey = faulty(
  'transport/weak-key',
  'weak-certificate',
  'The key or the signature of the certificate is weak',
  ['weak key', 'weak signature'],
)

export const handshakeProbes: readonly Probe[] = [oldProtocol, weakSuite, untrusted, wrongName, expired, weakKey]

/** The certificate that the target showed, where it did. */
export function certificateOf({ certificate }: Pick<TlsAnswer, 'certificate'>): X509Certificate | undefined {
  return certificate === '' ? undefined : new X509Certificate(certificate)
}

/** The first host name in a certificate that is more than a name of the machine itself. */
export function publicNameIn({ subjectAltName = '' }: X509Certificate): string | undefined {
  const names = subjectAltName.split(/,\s*/).map((entry) => /^DNS:([a-z0-9.-]+)$/i.exec(entry)?.[1])
  return names.find((name) => name?.includes('.') === true && !/\.localhost\.?$/i.test(name))
}

/** A probe of what the certificate itself says. */
function faulty(name: string, risk: string, title: string, wrong: readonly CertificateFault[]): Probe {
  return {
    name,
    risk,
    title,
    kind: 'passive',
    attack: (target) => {
      const faultIn = (answer: TlsAnswer): CertificateFault | undefined => {
        const certificate = certificateOf(answer)
        if (certificate === undefined) return undefined
        const host = new URL(target.origin).hostname.replace(/^\[|\]$/g, '')
        return faultsOf(certificate, { name: host, now: Date.now() }).find((fault) => wrong.includes(fault))
      }
      return shake(target, {
        asks: [{}],
        worked: (answer) => faultIn(answer) !== undefined,
        short: (answer) => shortly(faultIn(answer), certificateOf(answer)),
        message: (answer) => saying(faultIn(answer), certificateOf(answer)),
        remedy: ASK,
      })
    },
  }
}

function saying(fault: CertificateFault | undefined, certificate: X509Certificate | undefined): string {
  if (certificate === undefined) return 'The certificate is faulty.'
  switch (fault) {
    case 'expired':
      return `The certificate ended on ${dayOf(certificate.validTo)}, and whoever clicks past that warning clicks past all of them.`
    case 'not yet valid':
      return `The certificate is not valid before ${dayOf(certificate.validFrom)}.`
    case 'wrong name':
      return `The certificate is for ${certificate.subjectAltName ?? 'no host at all'}, so it says nothing about this server.`
    case 'weak key':
      return `The key of the certificate can be found out with the machines of today: ${strengthOf(certificate.publicKey).name}.`
    default:
      return 'The certificate is signed with SHA-1 or MD5, so another one can be made that fits the signature.'
  }
}

function shortly(fault: CertificateFault | undefined, certificate: X509Certificate | undefined): string {
  if (certificate === undefined || fault === undefined) return ''
  switch (fault) {
    case 'expired':
      return `ended ${dayOf(certificate.validTo)}`
    case 'not yet valid':
      return `begins ${dayOf(certificate.validFrom)}`
    case 'wrong name':
      return `for ${(certificate.subjectAltName ?? 'nobody').replace(/\b(?:DNS|IP Address):/g, '')}`
    case 'weak key':
      return strengthOf(certificate.publicKey).name
    default:
      return 'SHA-1 or MD5'
  }
}

interface Shaking {
  /** One after the other, until one works. */
  readonly asks: readonly TlsAsk[]
  readonly worked: (answer: TlsAnswer) => boolean
  /** What is wrong in a few words: the first line of the evidence. */
  readonly short: (answer: TlsAnswer) => string
  readonly message: (answer: TlsAnswer) => string
  readonly remedy: string
}

/** Control: clients of today get through. The attack: one of these offers, twice. */
async function* shake(target: Target, { asks, worked, short, message, remedy }: Shaking): AsyncGenerator<Outcome> {
  if (!target.origin.startsWith('https:')) return
  const place = { method: 'TLS', path: '/', remedy }
  const honest = await target.handshake()
  if (honest.protocol === '') {
    yield { ...place, verdict: 'inconclusive', message: `No client of today gets a connection (${honest.failure}).` }
    return
  }
  let isOffered = false
  for (const ask of asks) {
    const first = await target.handshake(ask)
    isOffered ||= first.failure !== 'not offered'
    if (!worked(first)) continue
    if (!worked(await target.handshake(ask))) {
      yield { ...place, verdict: 'inconclusive', message: 'The attack worked once and not again.' }
      return
    }
    const evidence = evidenceOf(target, first, short(first))
    yield { ...place, verdict: 'proven', message: message(first), evidence, repeats: 2 }
    return
  }
  yield isOffered
    ? { ...place, verdict: 'disproven', message: 'The attack had no effect.' }
    : { ...place, verdict: 'inconclusive', message: 'The OpenSSL of this machine cannot offer anything so weak.' }
}

const FLAGS: Readonly<Record<string, string>> = { TLSv1: '-tls1', 'TLSv1.1': '-tls1_1' }

function evidenceOf(
  target: Target,
  { ask, protocol, cipher, certificate, distrust }: TlsAnswer,
  first: string,
): Evidence {
  const { hostname, port } = new URL(target.origin)
  const words = ['openssl', 's_client', '-connect', `${hostname}:${port || 443}`]
  if (ask.versions !== undefined) words.push(FLAGS[protocol] ?? '-tls1_2')
  if (ask.ciphers !== undefined) words.push('-cipher', `'${ask.ciphers}'`)
  const shown = certificateOf({ certificate })
  const lines = [
    first,
    `agreed on ${protocol} ${cipher}`,
    ...(shown
      ? [
          `certificate for ${shown.subjectAltName ?? 'no host'}`,
          `  by ${shown.issuer.replaceAll('\n', ', ')}`,
          `  from ${shown.validFrom} to ${shown.validTo}`,
          `  ${strengthOf(shown.publicKey).name}`,
        ]
      : ['no certificate']),
    ...(distrust === undefined ? [] : [`not trusted: ${distrust}`]),
  ]
  return {
    curl: `${words.join(' ')} </dev/null`,
    request: `ClientHello ${ask.versions?.join(' to ') ?? 'as of today'}${ask.ciphers ? `, suites ${ask.ciphers}` : ''}`,
    response: lines.join('\n'),
    repeats: 2,
  }
}

/** A date that has passed is another finding; behind it OpenSSL no longer tells that nobody vouches. */
function isUntrusted(answer: TlsAnswer): boolean {
  const { distrust } = answer
  if (distrust === undefined) return false
  return !EXPIRED.test(distrust) || isSelfSigned(answer)
}

function isSelfSigned(answer: TlsAnswer): boolean {
  const certificate = certificateOf(answer)
  return certificate !== undefined && certificate.issuer === certificate.subject
}

function dayOf(date: string): string {
  return new Date(date).toISOString().slice(0, 10)
}
