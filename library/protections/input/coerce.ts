import type { SchemaIssue } from '../../core/schema.ts'
import { exactBoolean, exactDate, exactNumber } from './exact.ts'
import { pathOf, valueAt, withValueAt } from './path.ts'

/** So many values of one request are given another type; honest forms have fewer. */
const MOST = 64

/**
 * What texts of a query or a form may also be taken for, where the schema did not want a text: an exact number, `true` or `false`, a
 * checked box (`on`), a moment, a list of one. Nothing else, and nothing that loses anything.
 *
 * Answers a copy for each way to try, the most likely first.
 */
export function* retyped(raw: unknown, issues: readonly SchemaIssue[], isForm: boolean): Generator<unknown> {
  const paths = issues
    .map(pathOf)
    .filter((path) => path.length > 0 && typeof valueAt(raw, path) === 'string')
    .slice(0, MOST)
  if (paths.length === 0) return
  for (const convert of [toScalar, toBigInt, exactDate, toList]) {
    let changed = raw
    for (const path of paths) {
      const made = convert(valueAt(raw, path) as string, isForm)
      if (made !== undefined) changed = withValueAt(changed, path, made)
    }
    if (changed !== raw) yield changed
  }
}

function toScalar(text: string, isForm: boolean): number | boolean | undefined {
  return exactNumber(text) ?? exactBoolean(text) ?? (isForm && text === 'on' ? true : undefined)
}

function toBigInt(text: string): bigint | undefined {
  return /^-?(?:0|[1-9]\d{0,308})$/.test(text) ? BigInt(text) : undefined
}

function toList(text: string): readonly [string] {
  return [text]
}
