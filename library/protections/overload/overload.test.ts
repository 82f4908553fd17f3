import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('overload', {
  victim,
  probes,
  rules,
  policy: { overload: { delay: '60ms' } },
  holdFor: 2400,
})
