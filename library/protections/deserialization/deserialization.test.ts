import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('deserialization', { victim, probes, rules, sources: ['victim.ts', 'fixtures/kitchen.js'] })
