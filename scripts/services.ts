/**
 * The programs that tests use as a user would: found where they are, or installed where that is possible; and the servers among them, started.
 * `tsx scripts/services.ts [--install]` tells which are at hand.
 */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startMariadb } from './servers/mariadb.ts'
import { startMongodb } from './servers/mongodb.ts'
import { startPostgres } from './servers/postgres.ts'
import type { Server } from './servers/process.ts'
import { startRedis } from './servers/redis.ts'
import { step } from './steps.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** One program that tests need. A server is one of these, too. */
export interface Service {
  readonly name: string
  /** The variable that names the program's place, and wins over every guess. */
  readonly variable: string
  /** Names to look for in PATH, and places. */
  readonly places: readonly string[]
  /** The Debian packages that bring it. */
  readonly debian: readonly string[]
}

export const chromium: Service = {
  name: 'Chromium',
  variable: 'BULWARK_CHROMIUM',
  places: [
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  debian: ['chromium'],
}

export const redis: Service = {
  name: 'Redis',
  variable: 'BULWARK_REDIS',
  places: ['redis-server', 'valkey-server'],
  debian: ['redis-server'],
}

export const postgres: Service = {
  name: 'PostgreSQL',
  variable: 'BULWARK_POSTGRES',
  // Read anew each time: the folder of a version is there only once it is installed.
  get places() {
    return ['postgres', ...versions('/usr/lib/postgresql'), ...versions('/opt/homebrew/opt', 'postgresql@')]
  },
  debian: ['postgresql'],
}

export const mariadb: Service = {
  name: 'MariaDB',
  variable: 'BULWARK_MARIADB',
  // A server is not in everybody's PATH.
  places: ['mariadbd', '/usr/sbin/mariadbd', '/opt/homebrew/opt/mariadb/bin/mariadbd'],
  debian: ['mariadb-server'],
}

/** Guesses passwords, as an attacker would. */
export const hydra: Service = {
  name: 'Hydra',
  variable: 'BULWARK_HYDRA',
  places: ['hydra'],
  debian: ['hydra'],
}

/** Looks for injections, and uses them, as an attacker would. */
export const sqlmap: Service = {
  name: 'sqlmap',
  variable: 'BULWARK_SQLMAP',
  places: ['sqlmap'],
  debian: ['sqlmap'],
}

/** A certificate authority that speaks ACME, and makes trouble on purpose; its name server is in the same package. */
export const pebble: Service = {
  name: 'Pebble',
  variable: 'BULWARK_PEBBLE',
  places: ['pebble'],
  debian: ['pebble'],
}

/** Judge what a server of TLS agrees to, each in its own way. */
export const sslscan: Service = {
  name: 'sslscan',
  variable: 'BULWARK_SSLSCAN',
  places: ['sslscan'],
  debian: ['sslscan'],
}
export const testssl: Service = {
  name: 'testssl.sh',
  variable: 'BULWARK_TESTSSL',
  places: ['testssl', 'testssl.sh'],
  debian: ['testssl.sh'],
}

/** Tells a browser on Linux which authorities to believe. */
export const certutil: Service = {
  name: 'certutil',
  variable: 'BULWARK_CERTUTIL',
  places: ['certutil'],
  debian: ['libnss3-tools'],
}

export const SERVICES: readonly Service[] = [
  ...[chromium, redis, postgres, mariadb, hydra, sqlmap],
  ...[pebble, sslscan, testssl, certutil],
]

/** Servers that tests talk to, by the name that tests ask for. */
const SERVERS = {
  redis: { service: redis, variable: 'BULWARK_TEST_REDIS_URL', start: startRedis },
  postgres: { service: postgres, variable: 'BULWARK_TEST_PG_URL', start: startPostgres },
  mariadb: { service: mariadb, variable: 'BULWARK_TEST_MYSQL_URL', start: startMariadb },
  // A double, since nothing can be installed: it needs no program but this one. The variable may name a real server.
  mongodb: { service: undefined, variable: 'BULWARK_TEST_MONGO_URL', start: startMongodb },
} as const

export type ServerName = keyof typeof SERVERS

export interface Servers {
  /** The variables that tell tests where the servers are. */
  readonly env: Readonly<Record<string, string>>
  /** Why a server is not there, one line for each. */
  readonly missing: readonly string[]
  /** Ends what was started here, and nothing else. */
  stop(): Promise<void>
}

export type Found = { readonly path: string } | { readonly missing: string }

/** Where the program is; `undefined` when it is not on this machine. A variable that points nowhere is not passed over in silence. */
export function find(service: Service, env: Environment = process.env): string | undefined {
  const named = env[service.variable]
  if (named) {
    if (isProgram(named)) return named
    throw new Error(`${service.variable} is ${named}, and there is no such program`)
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const places = service.places.flatMap((place) =>
    isAbsolute(place) ? [place] : folders.map((folder) => join(folder, place)),
  )
  return places.find(isProgram)
}

/** Finds the program, or installs it where this process may: as root on Debian and its relatives. */
export async function ensure(service: Service, env: Environment = process.env): Promise<Found> {
  const path = find(service, env)
  if (path !== undefined) return { path }
  if (!mayInstall()) {
    return { missing: `${service.name} is not here; install it, or say where it is in ${service.variable}` }
  }
  const said = await install(service.debian)
  const installed = find(service, env)
  if (installed !== undefined) return { path: installed }
  return { missing: `${service.name} could not be installed: ${said.trim().split('\n').at(-1) ?? ''}` }
}

/** The same for several, with one visit to the archive. Answers why one is not there, one line for each. */
export async function ensureAll(services: readonly Service[], env: Environment = process.env): Promise<string[]> {
  const absent = services.filter((service) => find(service, env) === undefined)
  if (absent.length > 1 && mayInstall()) await install(absent.flatMap(({ debian }) => debian))
  const missing: string[] = []
  // One that the archive does not have keeps the others from coming along with it, so each is looked for again.
  for (const service of absent) {
    const found = await ensure(service, env)
    if ('missing' in found) missing.push(found.missing)
  }
  return missing
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version')
}

/** Answers what was said where that did not work. */
async function install(packages: readonly string[]): Promise<string> {
  // Another process may be installing something: wait for its lock instead of failing at once.
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
  const quiet = { env: { DEBIAN_FRONTEND: 'noninteractive' } }
  const update = await step('apt-get', [...apt, 'update'], quiet)
  const done = await step('apt-get', [...apt, 'install', '-y', '--no-install-recommends', ...packages], quiet)
  return done.output || update.output
}

/**
 * Gets each server: the one that its variable names, or one of its own, which ends with {@link Servers.stop} and at the latest with this
 * process, however that ends.
 */
export async function startServices(wanted: readonly ServerName[], env: Environment = process.env): Promise<Servers> {
  const found: Record<string, string> = {}
  const missing: string[] = []
  const started: Server[] = []
  const get = async (name: ServerName): Promise<void> => {
    const { service, variable, start } = SERVERS[name]
    const given = env[variable]
    if (given) {
      found[variable] = given
      return
    }
    const program = service ? await ensure(service, env) : { path: process.execPath }
    if ('missing' in program) {
      missing.push(program.missing)
      return
    }
    try {
      const server = await start(program.path)
      started.push(server)
      found[variable] = server.url
    } catch (error) {
      missing.push(`${service?.name ?? name} is here, but: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  // One after the other: two programs cannot be installed at once.
  for (const name of wanted) await get(name)
  return {
    env: found,
    missing,
    stop: async () => {
      await Promise.all(started.map((server) => server.stop()))
    },
  }
}

/** The newest version comes first. */
function versions(folder: string, prefix = ''): string[] {
  if (!existsSync(folder)) return []
  const names = readdirSync(folder).filter((name) => name.startsWith(prefix) && /\d/.test(name))
  const number = (name: string): number => Number.parseFloat(name.slice(prefix.length))
  return names.sort((a, b) => number(b) - number(a)).map((name) => join(folder, name, 'bin/postgres'))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

async function main(args: readonly string[]): Promise<number> {
  let missing = 0
  for (const service of SERVICES) {
    const found: Found = args.includes('--install') ? await ensure(service) : { path: find(service) ?? '' }
    if ('path' in found && found.path !== '') console.log(`${service.name.padEnd(12)} ${found.path}`)
    else {
      missing++
      console.log(
        `${service.name.padEnd(12)} ${'missing' in found ? found.missing : 'not here; add --install to get it'}`,
      )
    }
  }
  return missing === 0 ? 0 : 1
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.slice(2))
}
