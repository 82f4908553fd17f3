import { resolve } from 'node:path'
import type { ExternalAccount, Solver } from 'bulwark/transport'
import type { Parsed } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import { dateOf, fileOf } from './tls-files.ts'

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'

/** `bulwark tls acme NAME...`: orders a certificate of a public authority, or renews it when it is time. */
export async function acme(names: readonly string[], parsed: Parsed, io: Io): Promise<number> {
  const { acmeCertificate } = await import('bulwark/transport')
  if (names.length === 0) throw new UsageError('acme takes the names of the site')
  const email = parsed.text('email')
  const folder = parsed.text('dir') ?? 'certs'
  const eab = externalAccountOf(parsed, io)
  const order = {
    names,
    directory: parsed.text('directory') ?? LETS_ENCRYPT,
    folder: resolve(io.cwd, folder),
    ...(email !== undefined && { email }),
    ...(eab !== undefined && { externalAccount: eab }),
    ...(parsed.text('ca') !== undefined && { ca: fileOf('ca', parsed, io) }),
  }
  const { renewed, expires } = await whileAnswering(names, parsed, io, (solver) =>
    acmeCertificate({ ...order, solver }),
  )
  io.out(`${renewed ? 'ordered' : 'kept'} ${folder}/site.pem and ${folder}/site.key\n  good until ${dateOf(expires)}\n`)
  return 0
}

/** Orders while the challenge that was asked for can be answered. */
async function whileAnswering<T>(
  names: readonly string[],
  parsed: Parsed,
  io: Io,
  order: (solver: Solver) => Promise<T>,
): Promise<T> {
  const { alpnSolver, commandSolver, httpSolver, whileListening, whileListeningForTls } = await import(
    'bulwark/transport'
  )
  const kind = parsed.text('challenge') ?? 'http-01'
  const hook = parsed.text('dns-hook')
  if (kind !== 'dns-01') {
    if (hook !== undefined) throw new UsageError('--dns-hook belongs to --challenge dns-01')
    if (names.some((name) => name.startsWith('*.'))) {
      throw new UsageError('names with * are shown to be yours at the name server only', 'add --challenge dns-01')
    }
  }
  switch (kind) {
    case 'http-01': {
      const solver = httpSolver()
      return whileListening(solver, { port: portOf(parsed, 80) }, () => order(solver))
    }
    case 'tls-alpn-01': {
      const solver = alpnSolver()
      return whileListeningForTls(solver, { port: portOf(parsed, 443) }, () => order(solver))
    }
    case 'dns-01': {
      if (hook === undefined) throw new UsageError('--dns-hook is missing', 'name the program that writes DNS records')
      const wait = parsed.text('dns-wait') ?? '0'
      if (!/^\d{1,4}$/.test(wait)) throw new UsageError('--dns-wait must be a number of seconds')
      return order(commandSolver(resolve(io.cwd, hook), Number(wait) * 1000))
    }
    default:
      throw new UsageError('--challenge must be http-01, tls-alpn-01 or dns-01')
  }
}

function externalAccountOf(parsed: Parsed, { env }: Io): ExternalAccount | undefined {
  const id = parsed.text('eab-id')
  if (id === undefined) return undefined
  const key = env['BULWARK_TLS_EAB_KEY']
  if (key !== undefined && /^[\w-]{16,}=*$/.test(key)) return { id, key }
  throw new UsageError('BULWARK_TLS_EAB_KEY must hold the key of that account, in base64url')
}

function portOf(parsed: Parsed, usual: number): number {
  const port = Number(parsed.text('port') ?? usual)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new UsageError('--port must be a port')
}
