import { TwoGenerations } from '../../../toolbox/two-generations.ts'
import { KnownForms } from './known-forms.ts'

/** Texts longer than this are written by nobody. */
const LONGEST = 8192
const MOST_TEXTS = 2048
const MOST_SKELETONS = 4096
const MOST_SHAPES = 4096

/** Sights of a text before it counts as the developer's own. */
const TRUSTED = 2

interface Sighting {
  readonly client: string
  known: boolean
}

/**
 * What the statements of this app look like: whole texts, and skeletons. Bounded, and only fed with statements in which nothing of
 * the client's is code.
 */
export class SqlMemory {
  readonly forms: KnownForms = new KnownForms()
  readonly #texts = new TwoGenerations<number>(MOST_TEXTS)
  readonly #skeletons = new TwoGenerations<Sighting>(MOST_SKELETONS)
  readonly #shapes = new TwoGenerations<Sighting>(MOST_SHAPES)

  isTrusted(sql: string): boolean {
    return (this.#texts.get(sql) ?? 0) >= TRUSTED
  }

  sawClean(sql: string): void {
    if (sql.length <= LONGEST) this.#texts.set(sql, Math.min((this.#texts.get(sql) ?? 0) + 1, TRUSTED))
  }

  /**
   * **Security**: a skeleton counts only once a second client has sent it, so that nobody can teach it alone.
   */
  learn(skeleton: string, client: string): void {
    learnIn(this.#skeletons, skeleton, client)
  }

  knows(skeleton: string): boolean {
    return this.#skeletons.get(skeleton)?.known === true
  }

  /** The same for shapes, which may hold names and numbers that clients chose. */
  learnShape(shape: string, client: string): void {
    learnIn(this.#shapes, shape, client)
  }

  knowsShape(shape: string): boolean {
    return this.#shapes.get(shape)?.known === true
  }
}

function learnIn(sightings: TwoGenerations<Sighting>, key: string, client: string): void {
  if (key.length > LONGEST) return
  const sighting = sightings.get(key)
  if (sighting === undefined) sightings.set(key, { client, known: false })
  else if (sighting.client !== client) sighting.known = true
}
