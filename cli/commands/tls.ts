import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { KeyKind, TlsReport } from 'bulwark/transport'
import { type Parsed, parseArguments } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { fileToRead, fileToWrite } from '../paths.ts'
import { toJson, toTime } from '../reporters/json.ts'
import { clean, field } from '../reporters/text.ts'
import { explained } from './sealed.ts'
import { acme } from './tls-acme.ts'
import { dateOf, fileOf } from './tls-files.ts'
import { trustHelp } from './trust.ts'

const HELP = `bulwark tls: keys, signing requests and certificates, and how a server does

Usage
  bulwark tls dev [NAME...]       HTTPS in development: a local authority and a
                                  certificate, and how browsers come to trust it
  bulwark tls key                 a private key
  bulwark tls csr NAME...         a signing request for a public authority
  bulwark tls cert NAME...        a certificate: signed by its own key, or with
                                  --authority by the local authority
  bulwark tls acme NAME...        a certificate of a public authority: ordered,
                                  and renewed when it is time
  bulwark tls check HOST[:PORT]   what a server does right and wrong
  bulwark tls check FILE          the same for a certificate in a file

Options
  --kind KIND        key: p256, p384, rsa3072, rsa4096, ed25519 (default: p256)
  --key FILE         csr, cert: the private key
  --csr FILE         cert: the request to sign, with --authority
  --authority DIR    cert: the folder that "bulwark tls dev" made
  --dir DIR          dev: where to keep both (default: .bulwark);
                     acme: where to keep key and certificate (default: certs)
  --days N           cert: how long it lasts (default: 90, at most 397)
  --client           cert: for a client (mutual TLS) instead of a server
  --out FILE         write there instead of printing; never over a file
  --directory URL    acme: the authority (default: Let's Encrypt)
  --email ADDRESS    acme: where the authority may write to
  --challenge KIND   acme: how it sees that the names are yours: http-01,
                     tls-alpn-01 or dns-01 (default: http-01)
  --port N           acme: the port where the authority's visit arrives
                     (default: 80; 443 for tls-alpn-01)
  --dns-hook FILE    acme: the program for dns-01; it is run as
                     FILE add|remove _acme-challenge.NAME VALUE
  --dns-wait N       acme: seconds to wait once a record is there (default: 0)
  --eab-id ID        acme: the account at the authority's own site; its key is
                     taken from BULWARK_TLS_EAB_KEY
  --name NAME        check: ask for this name
  --ca FILE          check, acme: trust this authority too
  --json             check: print one JSON document
  -h, --help         this text

A passphrase for the private key is taken from BULWARK_TLS_PASSPHRASE. Keys
are written for their owner only. Run acme once a day: it orders only when the
authority says so (RFC 9773) or a third of the certificate's time is left.
Whoever runs it agrees to the authority's terms of service. Names such as
*.journal.example need dns-01.

Exit codes
  0  done, or nothing high found      2  wrong usage
  1  check found something high       3  the server could not be reached
`

export const tlsCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const text = { type: 'string' } as const
    const flag = { type: 'boolean' } as const
    const parsed = parseArguments(args, {
      ...{ kind: text, key: text, csr: text, authority: text, dir: text, days: text, out: text, name: text, ca: text },
      ...{ directory: text, email: text, port: text, client: flag, json: flag },
      ...{ challenge: text, 'dns-hook': text, 'dns-wait': text, 'eab-id': text },
    })
    const [verb, ...names] = parsed.words
    switch (verb) {
      case 'dev':
        return explained(io, () => dev(names, parsed, io))
      case 'key':
        if (names.length > 0) throw new UsageError('tls key takes no names')
        return explained(io, () => key(parsed, io))
      case 'csr':
        return explained(io, () => csr(names, parsed, io))
      case 'cert':
        return explained(io, () => cert(names, parsed, io))
      case 'acme':
        return explained(io, () => acme(names, parsed, io))
      case 'check':
        return explained(io, () => check(names, parsed, io))
      default:
        throw new UsageError(verb === undefined ? 'tls takes what to do' : `tls cannot "${verb}"`)
    }
  },
}

async function dev(names: readonly string[], parsed: Parsed, io: Io): Promise<number> {
  const { devCertificate } = await import('bulwark/transport')
  const folder = resolve(io.cwd, parsed.text('dir') ?? '.bulwark')
  const made = await devCertificate({ folder, names })
  // Whoever commits the folder publishes a key that the machines of the whole team trust.
  const ignore = resolve(folder, '.gitignore')
  if (!existsSync(ignore)) writeFileSync(ignore, '*\n')
  io.out(`${made.kept ? 'kept' : 'made'} ${resolve(folder, 'server.pem')}\n  good until ${dateOf(made.expires)}\n\n`)
  io.out(`${trustHelp(made.authorityFile)}\n`)
  io.out(
    `\nIn the app:\n  await listen(app, { tls: { dev: { folder: ${JSON.stringify(parsed.text('dir') ?? '.bulwark')} } }, port: 8443 })\n`,
  )
  return 0
}

async function key(parsed: Parsed, io: Io): Promise<number> {
  const { makePrivateKey } = await import('bulwark/transport')
  const kind = (parsed.text('kind') ?? 'p256') as KeyKind
  return give(await makePrivateKey(kind, passphraseOf(io)), 0o600, parsed, io)
}

async function csr(names: readonly string[], parsed: Parsed, io: Io): Promise<number> {
  const { makeRequest } = await import('bulwark/transport')
  return give(await makeRequest(names, fileOf('key', parsed, io), passphraseOf(io)), 0o644, parsed, io)
}

async function cert(names: readonly string[], parsed: Parsed, io: Io): Promise<number> {
  const { authorityIn, selfSign } = await import('bulwark/transport')
  const days = daysOf(parsed.text('days'))
  const about = { ...(days !== undefined && { days }), usage: parsed.flag('client') ? 'client' : 'server' } as const
  const folder = parsed.text('authority')
  if (folder === undefined) {
    const passphrase = passphraseOf(io)
    const own = await selfSign(names, fileOf('key', parsed, io), {
      ...about,
      ...(passphrase !== undefined && { passphrase }),
    })
    return give(own, 0o644, parsed, io)
  }
  const place = resolve(io.cwd, folder)
  if (!existsSync(place)) throw new UsageError(`there is no folder ${folder}`, 'make it with: bulwark tls dev')
  const authority = await authorityIn(place)
  if (parsed.text('csr') !== undefined) {
    if (names.length > 0) throw new UsageError('the names are in the request', 'leave them out')
    return give(await authority.sign(fileOf('csr', parsed, io), about), 0o644, parsed, io)
  }
  const leaf = await authority.issue(names, about)
  return give(leaf.key + leaf.cert, 0o600, parsed, io)
}

async function check(targets: readonly string[], parsed: Parsed, io: Io): Promise<number> {
  const [target, ...more] = targets
  if (target === undefined || more.length > 0) throw new UsageError('check takes one server or one file')
  const { checkCertificate, checkServer } = await import('bulwark/transport')
  const name = parsed.text('name')
  const about = {
    ...(name !== undefined && { name }),
    ...(parsed.text('ca') !== undefined && { ca: fileOf('ca', parsed, io) }),
  }
  const file = resolve(io.cwd, target)
  let report: TlsReport
  if (target !== '' && existsSync(file)) report = checkCertificate(readFileSync(fileToRead(target, io), 'utf8'), about)
  else {
    const { host, port } = serverOf(target)
    try {
      report = await checkServer(host, port, about)
    } catch (error) {
      io.err(
        `bulwark: ${clean(target)} cannot be looked at: ${error instanceof Error ? error.message : String(error)}\n`,
      )
      return 3
    }
  }
  io.out(parsed.flag('json') ? toJson('tls check', forPrograms(report), io) : toText(target, report, io))
  return report.grade === 'A' || report.grade === 'B' ? 0 : 1
}

function forPrograms({ certificate, ...report }: TlsReport): object {
  return { ...report, certificate: { ...certificate, expires: toTime(certificate.expires) } }
}

function toText(target: string, { grade, findings, certificate, connection }: TlsReport, io: Io): string {
  const lines = [
    `${clean(target)}  grade ${grade}`,
    '',
    field('for', certificate.names.join(', '), io, 2),
    field('from', certificate.issuer, io, 2),
    field('key', `${certificate.key}, good until ${dateOf(certificate.expires)}`, io, 2),
    ...(connection
      ? [field('spoke', `${connection.protocol}, ${connection.cipher}; takes ${connection.accepts.join(', ')}`, io, 2)]
      : []),
  ]
  for (const { severity, what, fix } of findings)
    lines.push('', `  ${severity}`, field('', what, io, 2), field('fix', fix, io, 2))
  return `${lines.join('\n')}\n`
}

function give(text: string, mode: number, parsed: Parsed, io: Io): number {
  const out = parsed.text('out')
  const file = fileToWrite(out, io)
  if (file === undefined) {
    io.out(text)
    return 0
  }
  try {
    writeFileSync(file, text, { mode, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new UsageError(`there is a file ${out} already`, 'choose another name: a key that is written over is gone')
  }
  io.out(`wrote ${out}\n`)
  return 0
}

function passphraseOf({ env }: Io): string | undefined {
  return env['BULWARK_TLS_PASSPHRASE'] || undefined
}

function daysOf(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,3}$/.test(text)) return text === undefined ? undefined : Number(text)
  throw new UsageError('--days must be a number of days')
}

function serverOf(target: string): { readonly host: string; readonly port: number } {
  const [, host, bracketed, port = '443'] =
    /^(?:https:\/\/)?(?:([^:/[\]]+)|\[([0-9a-f:]+)\])(?::(\d{1,5}))?\/?$/i.exec(target) ?? []
  const name = host ?? bracketed
  if (name !== undefined && Number(port) > 0 && Number(port) < 65_536) return { host: name, port: Number(port) }
  throw new UsageError('this is neither a file nor a server', 'write HOST or HOST:PORT')
}
