/** What two lists of times say about each other. `unclear`: they vary too much, or are too few, to say either. */
export type Comparison = 'apart' | 'alike' | 'unclear'

/** Fewer on one side cannot be told from chance. */
const FEWEST = 7
/** Milliseconds that a network does not blur. */
const TELLING_MS = 10
/** Of all pairs of one time from each side, so many must have the same one in front. */
const DOMINANCE = 0.9
/** Milliseconds of the middle half around the median, in standard deviations of a normal distribution. */
const PER_DEVIATION = 1.4826

/**
 * Compares the times that two kinds of requests took, by ranks and medians: a garbage collection here and there changes nothing.
 *
 * The shift is the median of all differences between the sides (Hodges and Lehmann). The sides are apart when it is more than a network
 * blurs and nearly all pairs agree; they are alike when a shift of that size would have been seen in spite of how much the times vary.
 */
export function compareTimes(a: readonly number[], b: readonly number[]): Comparison {
  if (a.length < FEWEST || b.length < FEWEST) return 'unclear'
  const differences = a.flatMap((x) => b.map((y) => x - y))
  const shift = medianOf(differences)
  const agreeing = differences.filter((difference) => Math.sign(difference) === Math.sign(shift)).length
  if (Math.abs(shift) >= TELLING_MS && agreeing / differences.length >= DOMINANCE) return 'apart'
  const spread = PER_DEVIATION * Math.max(deviationOf(a), deviationOf(b))
  // Three standard errors of the difference of two medians of this many values.
  const blur = 3 * 1.2533 * spread * Math.sqrt(1 / a.length + 1 / b.length)
  return Math.abs(shift) + blur < TELLING_MS ? 'alike' : 'unclear'
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** The median distance from the median. */
function deviationOf(values: readonly number[]): number {
  const middle = medianOf(values)
  return medianOf(values.map((value) => Math.abs(value - middle)))
}
