import type { X509Certificate } from 'node:crypto'
import { type CertificateFault, faultsOf, strengthOf } from '../toolbox/certificates.ts'
import { ANY_SUITE, OLD_VERSIONS, WEAK_SUITES } from '../toolbox/tls.ts'
import { parseCertificate } from './authority.ts'
import { type Handshake, plainAnswer, reach, visit } from './handshake.ts'
import { namesOf } from './source.ts'

/** Something about a server's TLS that should change. */
export interface TlsFinding {
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  readonly what: string
  readonly fix: string
}

export interface TlsReport {
  /** A: nothing to do. B: only low or medium. C: something high. F: something critical. */
  readonly grade: 'A' | 'B' | 'C' | 'F'
  readonly findings: readonly TlsFinding[]
  readonly certificate: {
    readonly names: readonly string[]
    readonly issuer: string
    readonly key: string
    /** Milliseconds since the epoch. */
    readonly expires: number
  }
  /** What was agreed on; missing for a certificate that was read from a file. */
  readonly connection?: { readonly protocol: string; readonly cipher: string; readonly accepts: readonly string[] }
}

export interface CheckOptions {
  /** The name to ask for. @default the host */
  readonly name?: string
  /** An authority to trust besides those of Node, PEM. */
  readonly ca?: string
  /** A plain port that should send people over. @default 80 when the port is 443, else none */
  readonly plainPort?: number
  /** Milliseconds for each connection. @default 5000 */
  readonly timeout?: number
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

const DAY = 86_400_000
const CURRENT = ['TLSv1.2', 'TLSv1.3'] as const
const YEAR = 31_536_000

/**
 * Looks at a server as a careful client would, with about ten handshakes: its certificate and chain, the versions and suites it takes, whether
 * browsers are told to stay with HTTPS, and whether the plain port sends people over.
 *
 * **Security**: ASVS 5.0 12.1.1, 12.1.2, 12.2.1, 12.2.2, 3.4.1, 4.1.2.
 * @throws the error of the connection when there is no TLS to be looked at
 */
export async function checkServer(host: string, port: number, options: CheckOptions = {}): Promise<TlsReport> {
  const { name = host, ca, timeout = 5000, now = Date.now } = options
  const plainPort = options.plainPort ?? (port === 443 ? 80 : undefined)
  const to = { host, port, servername: name, ca, timeout }
  const first = await visit(to)
  const findings = certificateFindings(first.certificate, { name, now: now() })
  if (first.distrust !== undefined && !findings.some(({ severity }) => severity === 'critical')) {
    findings.push({
      severity: 'high',
      what: `Clients do not trust the chain of the certificate (${first.distrust}).`,
      fix: 'Send the certificates in between along with the own one, or have the authority trusted.',
    })
  }
  const accepts: string[] = []
  for (const version of [...OLD_VERSIONS, ...CURRENT]) {
    if (await reach(to, { minVersion: version, maxVersion: version, ciphers: ANY_SUITE })) accepts.push(version)
  }
  findings.push(...protocolFindings(accepts))
  for (const { ciphers, severity, what } of WEAK_SUITES) {
    // bulwark-ignore encryption/old-tls -- what a server should refuse has to be offered to it
    if (!(await reach(to, { maxVersion: 'TLSv1.2', minVersion: 'TLSv1', ciphers: `${ciphers}:@SECLEVEL=0` }))) continue
    findings.push({ severity, what: `The server takes ${what}.`, fix: 'Serve with listen() or modernTls().' })
  }
  findings.push(...(await headerFindings(first, to, plainPort)))
  return reportOf(first.certificate, findings, { protocol: first.protocol, cipher: first.cipher, accepts })
}

/**
 * Looks at a certificate in a file, without asking anybody.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`
 */
export function checkCertificate(
  pem: string,
  { name, ca, now = Date.now }: Pick<CheckOptions, 'name' | 'ca' | 'now'> = {},
): TlsReport {
  const certificate = parseCertificate(pem)
  const findings = certificateFindings(certificate, { name, now: now() })
  if (isOwnIssuer(certificate) && (ca === undefined || !parseCertificate(ca).raw.equals(certificate.raw))) {
    findings.push({
      severity: 'high',
      what: 'The certificate has signed itself, so nobody vouches for it: no client trusts it by itself.',
      fix: 'Have it signed: bulwark tls acme, or tls cert with --csr and --authority.',
    })
  }
  return reportOf(certificate, findings)
}

function isOwnIssuer(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey)
}

function certificateFindings(
  certificate: X509Certificate,
  { name, now }: { readonly name: string | undefined; readonly now: number },
): TlsFinding[] {
  const faults = faultsOf(certificate, { name, now })
  const findings = faults.map((fault): TlsFinding => ({ severity: 'critical', ...saying(fault, certificate, name) }))
  const [begins, ends] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  const days = Math.floor((ends - now) / DAY)
  if (ends > now && begins <= now && days < 14) {
    findings.push({
      severity: days < 3 ? 'high' : 'medium',
      what: `The certificate ends in ${days} days.`,
      fix: RENEW,
    })
  }
  if (ends - begins > 398 * DAY && !certificate.ca) {
    findings.push({
      severity: 'low',
      what: 'The certificate lasts more than 398 days, which browsers refuse from public authorities.',
      fix: 'Ask for a shorter one.',
    })
  }
  return findings
}

const RENEW = 'Renew it, and let a program do that from now on.'

function saying(
  fault: CertificateFault,
  certificate: X509Certificate,
  name: string | undefined,
): Pick<TlsFinding, 'what' | 'fix'> {
  switch (fault) {
    case 'expired':
      return { what: 'The certificate has expired.', fix: RENEW }
    case 'not yet valid':
      return { what: 'The certificate is not valid yet.', fix: 'Set the clock of the server.' }
    case 'wrong name':
      return {
        what: `The certificate is not for ${name}.`,
        fix: 'Ask for one with all names of the site as subject alternative names.',
      }
    case 'weak key':
      return {
        what: `Its key is too weak: ${strengthOf(certificate.publicKey).name}.`,
        fix: 'Make one with bulwark tls key.',
      }
    default:
      return {
        what: 'The certificate is signed with SHA-1 or MD5, which can be forged.',
        fix: 'Ask an authority of today for a new one.',
      }
  }
}

function protocolFindings(accepts: readonly string[]): TlsFinding[] {
  const findings: TlsFinding[] = []
  const old = accepts.filter((version) => OLD_VERSIONS.some((each) => each === version))
  if (old.length > 0) {
    findings.push({
      severity: 'high',
      what: `The server takes ${old.join(' and ')}, which have been broken (RFC 8996).`,
      fix: "Serve with listen() or modernTls(), or set minVersion: 'TLSv1.2'.",
    })
  }
  if (!accepts.includes('TLSv1.3')) {
    findings.push({ severity: 'low', what: 'The server does not know TLS 1.3.', fix: 'Update what ends TLS there.' })
  }
  return findings
}

async function headerFindings(
  { head }: Handshake,
  { host, timeout }: { readonly host: string; readonly timeout: number },
  plainPort: number | undefined,
): Promise<TlsFinding[]> {
  const findings: TlsFinding[] = []
  const hsts = /^strict-transport-security:(.*)$/im.exec(head ?? '')?.[1]
  const age = Number(/max-age="?(\d+)/i.exec(hsts ?? '')?.[1] ?? 0)
  if (head !== undefined && age < YEAR) {
    findings.push({
      severity: 'medium',
      what:
        hsts === undefined
          ? 'Browsers are not told to stay with HTTPS.'
          : 'Browsers are told to stay with HTTPS for too short a time.',
      fix: 'Send Strict-Transport-Security: max-age=31536000; Bulwark does so.',
    })
  }
  const plain = plainPort === undefined ? undefined : await plainAnswer(host, plainPort, timeout)
  if (plain !== undefined && !/^HTTP\/1\.[01] 30[1278]\b[\s\S]*^location:\s*https:/im.test(plain)) {
    findings.push({
      severity: 'medium',
      what: 'The plain port answers without sending people over to HTTPS.',
      fix: 'Serve with listen(app, { redirectFrom: 80 }), or close the port.',
    })
  }
  return findings
}

function reportOf(
  certificate: X509Certificate,
  findings: readonly TlsFinding[],
  connection?: TlsReport['connection'],
): TlsReport {
  const has = (severity: TlsFinding['severity']): boolean => findings.some((each) => each.severity === severity)
  return {
    grade: has('critical') ? 'F' : has('high') ? 'C' : findings.length > 0 ? 'B' : 'A',
    findings,
    certificate: {
      names: namesOf(certificate.subjectAltName).map(({ name }) => name),
      issuer: /^CN=(.*)$/m.exec(certificate.issuer)?.[1] ?? certificate.issuer.split('\n')[0] ?? '',
      key: strengthOf(certificate.publicKey).name,
      expires: Date.parse(certificate.validTo),
    },
    ...(connection && { connection }),
  }
}
