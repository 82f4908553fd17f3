/** What begins a part of a path that is not the same for each request, in the patterns of Express, Fastify and Hono. */
const VARIABLE = /[:*{(?+[\\|]/

/**
 * The paths that are served whatever happens. Before a framework has matched a route only the beginning of its pattern can be compared, so
 * `mayBe` says yes too often and never too seldom; the route itself has the last word.
 */
export class Serving {
  readonly #exact: Set<string> = new Set()
  readonly #below: string[] = []
  readonly #named: Set<string> = new Set()

  /** Named by the policy: these paths, or all below one that ends in `/*`. */
  constructor(paths: readonly string[]) {
    for (const path of paths) {
      if (path.endsWith('/*')) this.#below.push(path.slice(0, -1))
      else this.#exact.add(path)
    }
  }

  /** A route that says so itself. */
  add(pattern: string): void {
    const end = pattern.search(VARIABLE)
    this.#named.add((end === -1 ? pattern : pattern.slice(0, end)).toLowerCase())
  }

  is(path: string): boolean {
    if (this.#exact.has(path)) return true
    for (const below of this.#below) if (path.startsWith(below)) return true
    return false
  }

  mayBe(path: string): boolean {
    if (this.#named.size === 0) return false
    const lower = path.toLowerCase()
    for (const beginning of this.#named) if (lower.startsWith(beginning)) return true
    return false
  }
}
