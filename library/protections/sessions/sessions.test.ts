import { describe } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixed, fixedMembersOnly, membersOnlyVictim, victim } from './victim.ts'

prove('sessions', {
  victim,
  fixed,
  offered: true,
  probes,
  rules,
  sources: ['victim.ts', 'fixtures/express-session.js', 'fixtures/ids.js', 'fixtures/sign-outs.js'],
})

describe('where guests get no session', () => {
  prove('sessions', {
    victim: membersOnlyVictim,
    fixed: fixedMembersOnly,
    offered: true,
    probes: probes.filter(({ name }) => name === 'sessions/no-rotation'),
  })
})
