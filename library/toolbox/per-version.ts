/** Something that says when it has changed. */
export interface Versioned {
  readonly version: number
}

/** Answers what `make` made, and makes it anew whenever the version is another one. When `make` throws, the next call tries again. */
export function perVersion<T>(versioned: Versioned, make: () => T): () => T {
  let version: number | undefined
  let made: T | undefined
  return () => {
    const current = versioned.version
    if (version !== current || made === undefined) {
      made = make()
      version = current
    }
    return made
  }
}
