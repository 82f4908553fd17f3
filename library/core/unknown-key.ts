import { BulwarkError } from './errors.ts'

/** @throws BulwarkError `BULWARK_POLICY_INVALID` for a key that nobody knows: what it was to set would silently stay as it is by default. */
export function refuseUnknown(
  found: { readonly at: string; readonly what: string; readonly fix: string } | undefined,
): void {
  if (found !== undefined)
    throw new BulwarkError('BULWARK_POLICY_INVALID', found.what, { at: found.at, fix: found.fix })
}
