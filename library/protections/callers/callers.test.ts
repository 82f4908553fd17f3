import { describe } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { CALLER, forgetful, keySet, SELF, victim } from './victim.ts'

const replayed = probes.filter(({ name }) => name.endsWith('/replayed-call'))

prove('callers', {
  victim,
  probes: probes.filter((probe) => !replayed.includes(probe)),
  rules,
  sources: ['victim.ts', 'fixtures/gateway.js'],
  policy: { callers: { known: { gateway: { certificate: 'gateway.internal', may: ['messages:send'] } } } },
})

describe('a call that was recorded', () =>
  prove('callers', {
    victim: forgetful,
    probes: replayed,
    policy: { callers: { self: SELF, known: { [CALLER]: { keys: keySet(), may: ['orders:send'] } } } },
  }))
