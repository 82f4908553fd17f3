import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

const COMPILED = 'The victim compiles scripts as a database would, in this process, where code-injection watches it.'

prove('nosql-injection', {
  victim,
  probes,
  rules,
  alsoStoppedBy: { 'nosql-injection/script': COMPILED, 'nosql-injection/script-time': COMPILED },
})
