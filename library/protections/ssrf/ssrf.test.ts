import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { ssrf } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('ssrf', { victim, probes, rules, policy: { ssrf: { allow: ['hooks.example'] } } })

test('an entry that names nothing keeps the app from starting', () => {
  expect(() => ssrf({ allow: ['a.example', 'http://b.example'] })).toThrow(
    /BULWARK_POLICY_INVALID[\s\S]*policy\.ssrf\.allow\[1\]/,
  )
})
