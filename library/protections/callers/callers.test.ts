import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('callers', {
  victim,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/gateway.js'],
  policy: { callers: { known: { gateway: { certificate: 'gateway.internal', may: ['messages:send'] } } } },
})
