import { BulwarkError } from '../../core/errors.ts'
import type { Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'

export interface FingerprintOptions extends CommonOptions {
  /** Further response headers that name software, such as `X-Runtime`. @default [] */
  readonly alsoRemove?: readonly string[]
}

const PRODUCT_HEADERS: readonly string[] = ['X-Powered-By', 'Server', 'X-Generator', 'X-AspNet-Version']
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i
/** Headers that browsers and caches need, whatever they tell about the software. */
const NEEDED = /^(?:content-|transfer-|access-control-|set-cookie$|location$|connection$|date$|vary$|cache-control$)/i

/**
 * Removes the headers that name software and version, whoever set them. In `observe` mode they stay and are reported once.
 *
 * Default error pages of frameworks never show, because Bulwark answers errors and unknown paths with problem documents.
 *
 * **Security**: hides which known holes to try first; it closes none (CWE-200, ASVS 13.4.6).
 * @throws BulwarkError `BULWARK_HEADER_INVALID`
 */
export function fingerprint({ alsoRemove = [], mode }: FingerprintOptions, setup: Setup): Guard {
  const names = [...PRODUCT_HEADERS, ...alsoRemove.map(checkName)]
  // Node looks names up in lower case.
  const keys = names.map((name) => name.toLowerCase())
  const observe = (mode ?? setup.mode) === 'observe'
  let told = false

  return {
    name: 'fingerprint',
    phase: 'answer',
    onResponse(x) {
      const { response } = x
      for (let i = 0; i < names.length; i++) {
        const key = keys[i]!
        if (response.getHeader(key) === undefined) continue
        if (!observe) response.removeHeader(key)
        else if (!told) {
          told = true
          const reason = `the header ${names[i]} names the software that answers`
          x.report({ guard: 'fingerprint', risk: 'fingerprint', reason, outcome: 'observed' })
        }
      }
      return undefined
    },
  }
}

function checkName(name: string, i: number): string {
  if (TOKEN.test(name) && !NEEDED.test(name)) return name
  throw new BulwarkError('BULWARK_HEADER_INVALID', 'this is no header that can be left out', {
    at: `policy.fingerprint.alsoRemove[${i}]`,
    fix: "name a response header that only tells about the software, such as 'X-Runtime'",
  })
}
