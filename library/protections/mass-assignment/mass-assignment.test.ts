import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

const privileged = ['role', 'isAdmin', 'admin']

prove('mass-assignment', {
  victim,
  probes,
  rules,
  policy: { massAssignment: { privileged } },
  sources: ['victim.ts', 'fixtures/kitchen.js'],
  renewed: /club=[\w-]+/g,
})
