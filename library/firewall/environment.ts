import { BulwarkError } from '../core/errors.ts'
import type { Stance } from '../core/sink.ts'

/**
 * What a variable of the environment says of a part of the preload.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for any other word: a mistake in it must not turn protection off
 */
export function stanceOf(name: string, otherwise: Stance): Stance {
  const text = process.env[name]
  if (text === undefined || text === '') return otherwise
  if (text === 'enforce' || text === 'observe' || text === 'off') return text
  throw new BulwarkError('BULWARK_POLICY_INVALID', `${name} is none of enforce, observe and off`, {
    fix: `set it to one of these, or leave it out for ${otherwise}`,
  })
}

/** The entries of a variable, which spaces or commas separate. */
export function listOf(name: string): string[] {
  return (process.env[name] ?? '').split(/[\s,]+/).filter((entry) => entry !== '')
}
