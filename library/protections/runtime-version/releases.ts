/** What is known about one release line of Node.js. */
interface Line {
  /** The first day without fixes. */
  readonly ends: string
  /** The release that fixed the last problem of high severity that is known. */
  readonly floor: string
}

/** The day up to which announcements have gone into the table below. */
export const TABLE_DATE = '2026-08-12'

/** Lines older than these have ended long ago; newer ones are not known here, and pass. */
const OLDEST = 18

/**
 * Sources: the schedule of the Node.js Release working group, and the security releases of January 13, March 24, June 18 and July 29, 2026.
 * Of line 26 the release of June is the last one that is known here.
 */
const LINES: Readonly<Record<number, Line>> = {
  18: { ends: '2025-04-30', floor: '18.20.8' },
  19: { ends: '2023-06-01', floor: '19.9.0' },
  20: { ends: '2026-04-30', floor: '20.20.2' },
  21: { ends: '2024-06-01', floor: '21.7.3' },
  22: { ends: '2027-04-30', floor: '22.23.2' },
  23: { ends: '2025-06-01', floor: '23.11.1' },
  24: { ends: '2028-04-30', floor: '24.18.1' },
  25: { ends: '2026-06-01', floor: '25.8.2' },
  26: { ends: '2029-04-30', floor: '26.3.1' },
}

/** Why a version should not be run, and what to do about it. */
export interface Outdated {
  readonly reason: string
  readonly fix: string
}

/** Judges a version such as `v22.1.0` at a time, in milliseconds since the epoch. `undefined` when nothing is known against it. */
export function judgeVersion(version: string, now: number): Outdated | undefined {
  const parsed = parseVersion(version)
  if (parsed === undefined) return undefined
  const [major] = parsed
  if (hasEnded(major, now)) {
    const ends = LINES[major]?.ends
    return {
      reason: `Node.js ${major} gets no security fixes any more${ends === undefined ? '' : `, since ${ends}`}; this is ${version}`,
      fix: `move to Node.js ${newestSupported(now)} or newer`,
    }
  }
  const floor = LINES[major]?.floor
  if (floor === undefined || !isBelow(parsed, parseVersion(floor) ?? parsed)) return undefined
  return {
    reason: `holes of high severity in Node.js ${version} are publicly known`,
    fix: `update to Node.js ${floor} or newer`,
  }
}

/** Whether the line gets no fixes any more at that time. A line that is not known yet does. */
export function hasEnded(major: number, now: number): boolean {
  const ends = LINES[major]?.ends
  return ends === undefined ? major < OLDEST : Date.parse(ends) <= now
}

/** The line with the most time left that is known here. */
function newestSupported(now: number): number {
  const majors = Object.keys(LINES).map(Number)
  // Once all of them have ended, the newest known is still the best advice.
  return majors.findLast((major) => !hasEnded(major, now)) ?? Math.max(...majors)
}

type Version = readonly [major: number, minor: number, patch: number]

function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d{1,4})\.(\d{1,5})\.(\d{1,5})(?:[-+].*)?$/.exec(text)
  return match ? [Number(match[1]), Number(match[2]), Number(match[3])] : undefined
}

function isBelow([, minor, patch]: Version, [, floorMinor, floorPatch]: Version): boolean {
  return minor < floorMinor || (minor === floorMinor && patch < floorPatch)
}
