import { describe } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { AUDIENCE, guessable, ISSUER, keySet, unguessable, victim } from './victim.ts'

const [guessed] = probes.filter(({ name }) => name.endsWith('/guessed-secret'))

prove('access-tokens', {
  victim,
  probes: probes.filter((probe) => probe !== guessed),
  rules,
  sources: ['victim.ts', 'fixtures/interface.js'],
  policy: { accessTokens: { issuers: [{ issuer: ISSUER, audience: AUDIENCE, keys: keySet(), tolerance: 0 }] } },
  before: async (origin) => ({ headers: { authorization: `Bearer ${await tokenFrom(origin)}` }, fields: {} }),
  renewed: /eyJ[\w.-]+/g,
  together: true,
})

describe('a secret', () => prove('access-tokens', { victim: guessable, fixed: unguessable, probes: [guessed!] }))

async function tokenFrom(origin: string): Promise<string> {
  const response = await fetch(`${origin}/api/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ name: 'ann', password: 'Correct-horse-7', audience: AUDIENCE }),
  })
  return ((await response.json()) as { token: string }).token
}
