import { BulwarkError } from '../../../core/errors.ts'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,47}$/

/**
 * The quoted name of a table, which may have a schema before it: identifiers cannot be parameters, so only what needs no quotes is let through.
 *
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function parseTable(table: string, quote: '"' | '`', at: string): string {
  const parts = typeof table === 'string' ? table.split('.') : []
  if (parts.length < 1 || parts.length > 2 || !parts.every((part) => NAME.test(part))) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no name for a table', {
      at,
      fix: "use up to 48 letters, digits and underscores, with the schema before it if you like: 'people.accounts'",
    })
  }
  return parts.map((part) => `${quote}${part}${quote}`).join('.')
}
