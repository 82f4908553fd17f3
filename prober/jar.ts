import { parseSetCookie } from '../library/toolbox/cookies.ts'

interface Kept {
  readonly value: string
  readonly path: string
  readonly secure: boolean
  /** Milliseconds since the epoch. */
  readonly expires: number
}

/** The cookies of one visitor of one origin, kept the way a browser keeps them (RFC 6265, section 5). */
export class Jar {
  readonly #cookies = new Map<string, Kept>()
  readonly #acceptsSecure: boolean

  /** `acceptsSecure`: the connection is encrypted, or does not leave the machine, which browsers trust as much. */
  constructor(acceptsSecure: boolean) {
    this.#acceptsSecure = acceptsSecure
  }

  /** Takes in what an answer set; `path` is that of the request. Answers the names that were set, without those deleted. */
  take(lines: readonly string[], path: string, now: number = Date.now()): string[] {
    const names: string[] = []
    for (const line of lines) {
      const { name, value, attributes } = parseSetCookie(line)
      if (name === '') continue
      const secure = attributes.has('secure')
      if (secure && !this.#acceptsSecure) continue
      const given = attributes.get('path')
      const scope = given?.startsWith('/') ? given : defaultPath(path)
      const expires = expiryOf(attributes, now)
      const key = `${name}\n${scope}`
      if (expires <= now) this.#cookies.delete(key)
      else {
        this.#cookies.set(key, { value, path: scope, secure, expires })
        names.push(name)
      }
    }
    return names
  }

  /** The `Cookie` header for a request to this path, or `undefined` when there is nothing to send. */
  headerFor(path: string, now: number = Date.now()): string | undefined {
    const fitting = [...this.#cookies]
      .filter(([, cookie]) => cookie.expires > now && matches(path, cookie.path))
      .sort(([, a], [, b]) => b.path.length - a.path.length)
    if (fitting.length === 0) return undefined
    return fitting.map(([key, cookie]) => `${nameOf(key)}=${cookie.value}`).join('; ')
  }

  /** Whether a cookie of this name is there, for whichever path. */
  has(name: string, now: number = Date.now()): boolean {
    return [...this.#cookies].some(([key, cookie]) => nameOf(key) === name && cookie.expires > now)
  }

  /** The value of the first cookie whose name fits, decoded as scripts would. */
  valueOf(pattern: RegExp, now: number = Date.now()): string | undefined {
    const found = [...this.#cookies].find(([key, cookie]) => pattern.test(nameOf(key)) && cookie.expires > now)
    try {
      return found && decodeURIComponent(found[1].value)
    } catch {
      return found?.[1].value
    }
  }

  /** All values: what evidence must not show. */
  values(): string[] {
    return [...this.#cookies.values()].map((cookie) => cookie.value)
  }

  clear(): void {
    this.#cookies.clear()
  }
}

function nameOf(key: string): string {
  return key.slice(0, key.indexOf('\n'))
}

function expiryOf(attributes: ReadonlyMap<string, string>, now: number): number {
  const maxAge = attributes.get('max-age')
  // Max-Age wins over Expires; whoever sends nonsense gets a cookie of the session.
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires
}

function defaultPath(path: string): string {
  const pure = pathOnly(path)
  const last = pure.lastIndexOf('/')
  return !pure.startsWith('/') || last === 0 ? '/' : pure.slice(0, last)
}

function matches(path: string, scope: string): boolean {
  const pure = pathOnly(path)
  if (pure === scope || scope === '/') return true
  return pure.startsWith(scope) && (scope.endsWith('/') || pure[scope.length] === '/')
}

function pathOnly(path: string): string {
  const query = path.indexOf('?')
  return query === -1 ? path : path.slice(0, query)
}
