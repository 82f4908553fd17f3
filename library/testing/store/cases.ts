import type { Store } from '../../core/store.ts'

/** The part of a test runner that the suite needs. */
export interface TestTools {
  readonly test: (title: string, run: () => Promise<void>) => void
  readonly expect: Expect
}

export type Expect = (
  actual: unknown,
  message?: string,
) => {
  toBe(expected: unknown): void
  toEqual(expected: unknown): void
}

/** One promise of the contract. */
export interface StoreCase {
  readonly title: string
  run(store: Store, tools: CaseTools): Promise<void>
}

export interface CaseTools {
  readonly expect: Expect
  /** Moves the store's clock. */
  advance(ms: number): void
  readonly hostileTexts: readonly string[]
}

/** Strings that have made two keys one, ended a key early, or reached a prototype, in one store or another. All are different. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  'a',
  'A',
  'a ',
  'a\0',
  'a\0b',
  '\0',
  '\u0001',
  '\u0001"a"',
  'é',
  'e\u0301',
  '\u{1f600}',
  '\ud83d',
  '\ude00',
  '\ufffd',
  '\ufeff',
  'a\nb',
  '{a}',
  'a:b',
  '%',
  '_',
  '*',
  "'; DROP TABLE bulwark_entries; --",
  '__proto__',
  'constructor',
  'toString',
  'x'.repeat(10_240),
  `${'x'.repeat(10_239)}y`,
  '\u{1f600}'.repeat(2_560),
]
