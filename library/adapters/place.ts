const seen = new Map<string, number>()

/**
 * What stands for a path where none is declared: the place in the source.
 * **Security**: limits are counted by it, so it must not be something that a client can choose, as the path of a request is.
 */
export function nameOf(at: string | undefined): string {
  const place = at ?? 'a listener'
  const before = seen.get(place) ?? 0
  seen.set(place, before + 1)
  return before === 0 ? `* (${place})` : `* (${place} #${before + 1})`
}
