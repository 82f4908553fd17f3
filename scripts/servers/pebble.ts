import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { dirname, join } from 'node:path'
import { find, pebble } from '../services.ts'
import { emptyFolder, freePort } from './process.ts'

export interface PebbleOptions {
  /** The certificate of its own door, and of what signed it. */
  readonly cert: string
  readonly key: string
  readonly ca: string
  readonly env?: Readonly<Record<string, string>>
  /** Takes only accounts that know one of these keys (base64url), by their id. */
  readonly externalAccounts?: Readonly<Record<string, string>>
}

/** A certificate authority that looks names up at a name server which leads all of them here. */
export interface Pebble {
  readonly directory: string
  /** Where it looks for challenges. */
  readonly plainPort: number
  readonly tlsPort: number
  /** What it signs with, PEM. */
  readonly root: string
  /** Where the name server is told about records. */
  readonly dnsDoor: string
  stop(): void
}

/** Debian puts the name server beside it. */
export function findPebble(): { readonly program: string; readonly nameServer: string } | undefined {
  const program = find(pebble)
  const beside = program && join(dirname(program), 'pebble-challtestsrv')
  const nameServer = beside && find({ ...pebble, variable: '', places: [beside] })
  return program && nameServer ? { program, nameServer } : undefined
}

/** @throws Error when it does not answer within ten seconds */
export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const found = findPebble()
  if (found === undefined) throw new Error('pebble is not here')
  const folder = emptyFolder('pebble')
  const ports = []
  for (let i = 0; i < 6; i++) ports.push(await freePort())
  const [acme = 0, own = 0, dns = 0, door = 0, plainPort = 0, tlsPort = 0] = ports
  writeFileSync(join(folder, 'cert.pem'), options.cert)
  writeFileSync(join(folder, 'key.pem'), options.key)
  const config = {
    listenAddress: `127.0.0.1:${acme}`,
    managementListenAddress: `127.0.0.1:${own}`,
    certificate: join(folder, 'cert.pem'),
    privateKey: join(folder, 'key.pem'),
    httpPort: plainPort,
    tlsPort,
    ...(options.externalAccounts && {
      externalAccountBindingRequired: true,
      externalAccountMACKeys: options.externalAccounts,
    }),
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ pebble: config }))
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', '']
  const to = ['-dns01', `127.0.0.1:${dns}`, '-management', `127.0.0.1:${door}`, '-defaultIPv4', '127.0.0.1']
  const env = { ...process.env, PEBBLE_VA_NOSLEEP: '1', ...options.env }
  const started: ChildProcess[] = [
    spawn(found.nameServer, [...off, ...to], { stdio: 'ignore' }),
    spawn(found.program, ['-config', join(folder, 'config.json'), '-dnsserver', `127.0.0.1:${dns}`, '-strict'], {
      stdio: 'ignore',
      env,
    }),
  ]
  const stop = (): void => {
    for (const child of started) child.kill()
  }
  const directory = `https://127.0.0.1:${acme}/dir`
  for (let tries = 0; !(await text(directory, options.ca).catch(() => '')).includes('newOrder'); tries++) {
    if (tries === 100) {
      stop()
      throw new Error('pebble does not answer')
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const root = await text(`https://127.0.0.1:${own}/roots/0`, options.ca)
  return { directory, plainPort, tlsPort, root, dnsDoor: `http://127.0.0.1:${door}`, stop }
}

function text(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (res) => {
      let all = ''
      res.on('data', (chunk) => {
        all += chunk
      })
      res.on('end', () => resolve(all))
    }).on('error', reject)
  })
}
