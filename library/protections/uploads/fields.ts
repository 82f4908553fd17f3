import { BulwarkError } from '../../core/errors.ts'
import type { FileField } from '../../core/upload.ts'
import { formatSize, parseSize } from '../../toolbox/size.ts'
import { toKinds } from './content.ts'
import { KINDS, type Kind } from './kinds.ts'

/** What a route takes in one file field, checked, with the words that clients get. */
export interface Field {
  readonly least: number
  readonly most: number
  readonly size: number
  readonly kinds: readonly Kind[]
  readonly tooMany: string
  readonly tooLarge: string
  readonly wrongType: string
}

export type Fields = ReadonlyMap<string, Field>

/** Reads what a contract says about files. Throws `BulwarkError` on what cannot be meant; `at` names the place. */
export function compileFields(files: Readonly<Record<string, FileField>>, at: string): Fields {
  return new Map(Object.entries(files).map(([name, field]) => [name, compileField(field, `${at}.${name}`)]))
}

function compileField({ least = 0, most = 1, size, types }: FileField, at: string): Field {
  const bytes = parseSize(size)
  if (bytes === undefined || bytes <= 0) {
    throw new BulwarkError('BULWARK_SIZE_INVALID', `"${String(size)}" is no size of a file`, {
      at: `${at}.size`,
      fix: "write it like '2mb', or as a number of bytes above 0",
    })
  }
  if (!Number.isSafeInteger(most) || most < 1 || !Number.isSafeInteger(least) || least < 0 || least > most) {
    throw new BulwarkError('BULWARK_LIMIT_INVALID', 'this is no number of files', {
      at: `${at}.most`,
      fix: 'use whole numbers, most above 0 and least not above most',
    })
  }
  if (!Array.isArray(types) || types.length === 0) {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'a file field says which types it takes', {
      at: `${at}.types`,
      fix: "list them: types: ['image/png', 'image/jpeg']",
    })
  }
  const kinds = toKinds(types).map((kind, i) => {
    if (kind !== undefined) return kind
    throw new BulwarkError(
      'BULWARK_POLICY_INVALID',
      `nothing tells a file of the type "${String(types[i])}" by its content`,
      {
        at: `${at}.types[${i}]`,
        fix: `use some of ${KINDS.map(({ type }) => type).join(', ')}`,
      },
    )
  })
  return {
    least,
    most,
    size: bytes,
    kinds,
    tooMany: `takes at most ${most} ${most === 1 ? 'file' : 'files'}`,
    tooLarge: `must be at most ${formatSize(bytes)}`,
    wrongType: `must be of type ${types.join(' or ')}, with a name that says the same`,
  }
}
