/**
 * Runs in a process of its own: imports an app, waits until its routes are registered, tells them to the parent, and ends the process.
 * The app may believe that it listens; it does so on a free port of this machine, for as long as this takes.
 */
import { subscribe } from 'node:diagnostics_channel'
import { Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Loaded, LoadedApp } from './load.ts'

interface Announced {
  readonly name: string
  readonly facts: Readonly<Record<string, unknown>>
  routes(app?: unknown): readonly KnownRoute[] | undefined
}

interface KnownRoute {
  readonly method: string
  readonly path: string
  readonly at?: string | undefined
  readonly contract?: KnownContract | undefined
}

interface KnownContract {
  readonly allow?: string
  readonly object?: unknown
  readonly caller?: string
  readonly webhook?: string
  readonly token?: true | { readonly scope?: string | readonly string[]; readonly off?: string }
}

const [file = '', call = '', patience = '10000'] = process.argv.slice(2)
const announced: Announced[] = []
let failure: unknown
let isListening = false

subscribe('bulwark:app', (message) => void announced.push(message as Announced))
stayPrivate()
// An app that may not start, because a route declares nothing, is what this is for: it is shown, with the reason.
process.on('uncaughtException', (error) => void (failure ??= error))
process.on('unhandledRejection', (error) => void (failure ??= error))

const exported = await load()
await settled(Number(patience))
const loaded: Loaded = {
  apps: announced.map((one) => describe(one, exported)),
  ...(failure !== undefined && { failure: failure instanceof Error ? failure.message : String(failure) }),
}
process.send?.(loaded, () => process.exit(0))

async function load(): Promise<readonly unknown[]> {
  try {
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
    const values = Object.values(module)
    if (call === '') return values
    const make = module[call]
    if (typeof make !== 'function') throw new Error(`${file} exports no function "${call}"`)
    return [...values, await (make as () => unknown)()]
  } catch (error) {
    failure ??= error
    return []
  }
}

/** The same app listens on a port that nobody knows, and that nobody else can use. */
function stayPrivate(): void {
  const native = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const told = args.findLast((argument) => typeof argument === 'function')
    this.once('listening', () => (isListening = true))
    return native.call(this, { port: 0, host: '127.0.0.1' }, ...(told === undefined ? [] : [told]))
  } as Server['listen']
}

/** Routes are registered while a module is imported, or after it has waited for something. They are there when nothing more comes. */
async function settled(ms: number): Promise<void> {
  const until = performance.now() + ms
  let quiet = 0
  let before = -1
  while (performance.now() < until && quiet < (isListening || failure !== undefined ? 4 : 20)) {
    await pause(25)
    const now = announced.reduce((sum, one) => sum + 1 + (routesOf(one, exported).routes?.length ?? 0), 0)
    // An app that announces itself late is waited for as long as there is patience.
    quiet = now === before && (now > 0 || failure !== undefined) ? quiet + 1 : 0
    before = now
  }
}

function describe(one: Announced, values: readonly unknown[]): LoadedApp {
  const { routes, failure } = routesOf(one, values)
  const access = one.facts['access-control'] as Pick<LoadedApp, 'roles' | 'permissions'> | undefined
  const calls = one.facts['callers'] as { readonly callers?: LoadedApp['programs'] } | undefined
  return {
    name: one.name,
    ...(calls?.callers !== undefined && { programs: calls.callers }),
    roles: access?.roles ?? [],
    permissions: access?.permissions ?? {},
    ...(failure !== undefined && { failure }),
    routes: routes?.map(({ method, path, at, contract }) => ({
      method,
      path,
      at,
      allow: contract?.allow,
      isDeclared: contract !== undefined,
      loadsObject: contract?.object !== undefined,
      ...(contract?.caller !== undefined && { caller: contract.caller }),
      ...(contract?.webhook !== undefined && { webhook: contract.webhook }),
      ...tokenOf(contract?.token),
    })),
  }
}

/** A token that the route looks at itself is none that Bulwark can tell of. */
function tokenOf(demand: KnownContract['token']): { readonly token?: string } {
  if (demand === undefined || (demand !== true && demand.off !== undefined)) return {}
  return { token: demand === true ? '' : [demand.scope ?? []].flat().join(' ') }
}

function routesOf(
  one: Announced,
  values: readonly unknown[],
): { readonly routes?: readonly KnownRoute[]; readonly failure?: string } {
  try {
    // Hono has to be shown its app; the others know theirs.
    for (const value of [undefined, ...values, ...values.map(inner)]) {
      const routes = one.routes(value)
      if (routes !== undefined) return { routes }
    }
    return {}
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

/** What `export default` looks like through CommonJS. */
function inner(value: unknown): unknown {
  return (value as { readonly default?: unknown; readonly app?: unknown } | null | undefined)?.default
}
