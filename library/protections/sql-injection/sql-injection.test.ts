import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

// SQLite cannot wait; what can is attacked in time-based.services.test.ts.
const here = probes.filter(({ name }) => name !== 'sql-injection/time-based')

prove('sql-injection', { victim, probes: here, rules })
