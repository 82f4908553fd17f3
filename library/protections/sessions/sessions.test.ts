import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixed, victim } from './victim.ts'

prove('sessions', {
  victim,
  fixed,
  offered: true,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/express-session.js', 'fixtures/ids.js', 'fixtures/sign-outs.js'],
})
