import { fail, type Inspector, keepExchange, type Method, wrap } from './wrap.ts'

const CALLS: readonly string[] = ['query', 'execute', 'batch', 'prepare']

/** The functions of the package `mariadb` that make connections, each in front of its native one. */
export function mariadbMakers(
  module: object,
  inspector: Inspector,
): Partial<Record<'createPool' | 'createConnection' | 'createPoolCluster', Method>> {
  const { createPool, createConnection, createPoolCluster } = module as Partial<Record<string, Method>>
  return {
    ...(createPool && { createPool: making(createPool, guardMariadbPool, inspector) }),
    ...(createConnection && { createConnection: making(createConnection, guardMariadbConnection, inspector) }),
    // A cluster has no queries of its own: it lends connections.
    ...(createPoolCluster && { createPoolCluster: making(createPoolCluster, guardLending, inspector) }),
  }
}

/** Guards the package. Answers whether its functions could be replaced: those of a module's namespace cannot. */
export function guardMariadbModule(module: object, inspector: Inspector): boolean {
  const made = Object.entries(mariadbMakers(module, inspector))
  return made.every(([name, maker]) => wrap(module, name, () => maker))
}

export function guardMariadbPool(pool: object, inspector: Inspector): void {
  guardCalls(pool, inspector)
  guardLending(pool, inspector)
}

export function guardMariadbConnection(connection: object, inspector: Inspector): void {
  guardCalls(connection, inspector)
}

function making(native: Method, guard: (made: object, inspector: Inspector) => void, inspector: Inspector): Method {
  return function (...args) {
    const made: unknown = native.apply(this, args)
    if (made instanceof Promise) return made.then((one: object) => guarded(one, guard, inspector))
    return guarded(made as object, guard, inspector)
  }
}

function guarded(made: object, guard: (made: object, inspector: Inspector) => void, inspector: Inspector): object {
  guard(made, inspector)
  return made
}

/** Every connection that is lent is an object of its own. */
function guardLending(owner: object, inspector: Inspector): void {
  wrap(
    owner,
    'getConnection',
    (native) =>
      function (...args) {
        const callback: unknown = args.at(-1)
        if (typeof callback === 'function') {
          args[args.length - 1] = function (this: unknown, error: unknown, connection?: object, ...rest: unknown[]) {
            if (typeof connection === 'object' && connection !== null) guardMariadbConnection(connection, inspector)
            return (callback as Method).call(this, error, connection, ...rest)
          }
          keepExchange(args)
        }
        const lent: unknown = native.apply(this, args)
        if (!(lent instanceof Promise)) return lent
        return lent.then((connection: object) => guarded(connection, guardMariadbConnection, inspector))
      },
  )
}

function guardCalls(owner: object, inspector: Inspector): void {
  for (const name of CALLS) wrap(owner, name, (native) => judging(native, inspector, 'promise'))
  wrap(owner, 'queryStream', (native) => judging(native, inspector, 'throw'))
}

function judging(native: Method, inspector: Inspector, style: 'promise' | 'throw'): Method {
  // The kind with callbacks takes one argument more, and need not be given any callback.
  const told = native.length > 2 ? 'throw' : style
  return function (call, ...rest) {
    const args = [call, ...rest]
    const text = typeof call === 'string' ? call : call?.sql
    if (typeof text === 'string') {
      const values = call.values ?? rest[0]
      try {
        // An object becomes code only where this is asked for; otherwise it is written as a string of JSON.
        inspector.text(text, call.permitSetMultiParamEntries === true ? values : undefined)
        inspector.bound(typeof values === 'function' ? undefined : values)
      } catch (error) {
        return fail(error, args, told)
      }
    }
    keepExchange(args)
    return native.apply(this, args)
  }
}
