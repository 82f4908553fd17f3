import { prove } from '../../../laws/prove.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import type { AccessControlOptions } from './guard.ts'
import { probes } from './probe.ts'
import { victim } from './victim.ts'

const options: AccessControlOptions = {
  roles: { guest: ['blog:view'], author: ['guest', 'blog:write'], admin: ['*'], keeper: ['people:view'] },
  identify: (x) => {
    const role = findCookie(x.request.header('cookie'), 'who')
    return role === undefined ? undefined : { id: 'p1', roles: [role] }
  },
}

prove('access-control', {
  victim,
  probes,
  policy: { accessControl: options },
  account: { signIn: { path: '/sign-in', type: 'form', fields: { name: 'keeper' } } },
  honestHeaders: { cookie: 'who=keeper' },
})
