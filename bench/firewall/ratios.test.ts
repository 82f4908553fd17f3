import { expect, test } from 'vitest'
import { errands, type Protection, protections } from './apps.ts'
import type { Sample } from './beside.ts'
import { besideToText, rowsOf } from './ratios.ts'

const NAME = errands[0]?.name ?? ''

function samples(cpu: Readonly<Record<Protection, number>>): readonly Sample[] {
  return protections.flatMap((protection) =>
    [0, 1, 2].map((round) => ({
      kind: 'pg' as const,
      protection,
      errand: NAME,
      round,
      cpu: cpu[protection] * (1 + round),
    })),
  )
}

test('sinks are compared with the same app without them: the preload with nothing, all sinks with the policy alone', () => {
  const [row, ...more] = rowsOf(samples({ bare: 100, preload: 105, policy: 80, whole: 86, aikido: 150 }))
  expect(more).toEqual([])
  expect(row?.sinks[0]).toBeCloseTo(1.05)
  expect(row?.sinks[1]).toBeCloseTo(1.075)
  expect(row?.whole).toBeCloseTo(0.86)
  expect(row?.aikido).toBeCloseTo(1.5)
  expect(row?.met).toBe(true)
})

test('a goal is missed when either way of putting sinks in place misses it', () => {
  const byPreload = rowsOf(samples({ bare: 100, preload: 111, policy: 80, whole: 80, aikido: 150 }))
  const underPolicy = rowsOf(samples({ bare: 100, preload: 100, policy: 80, whole: 89, aikido: 150 }))
  expect([...byPreload, ...underPolicy].map(({ met }) => met)).toEqual([false, false])
})

test('the report says MISSED, and that the other one let an attack through', () => {
  const text = besideToText(
    {
      samples: samples({ bare: 100, preload: 150, policy: 80, whole: 80, aikido: 150 }),
      tried: [{ kind: 'pg', protection: 'aikido', status: 200, stopped: false }],
    },
    'a version',
  )
  expect(text).toContain('MISSED: sinks x1.50 by preload, x1.00 under the policy; goal x1.10')
  expect(text).toContain('pg: it did NOT stop an injection (200)')
})
