import { prove } from '../../../laws/prove.ts'
import type { Account } from '../../../prober/index.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import type { AccessControlOptions } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

const who = (name: string): Account => ({ signIn: { path: '/sign-in', type: 'form', fields: { name } } })

const options: AccessControlOptions = {
  roles: {
    writer: ['note:write', 'note:read:own', 'note:edit:own', 'note:delete:own'],
    keeper: ['writer', 'people:view'],
  },
  resources: { note: { rules: { own: { where: (person) => ({ owner: person.id }) } } } },
  identify: (x) => {
    const id = findCookie(x.request.header('cookie'), 'who')
    return id === undefined ? undefined : { id, roles: [id === 'keeper' ? 'keeper' : 'writer'] }
  },
}

prove('access-control', {
  victim,
  probes,
  rules,
  sources: ['fixtures/routes.js', 'fixtures/objects.js'],
  policy: { accessControl: options },
  account: who('ada'),
  other: who('keeper'),
  honestHeaders: { cookie: 'who=keeper' },
})
