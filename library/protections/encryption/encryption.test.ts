import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import type { KnownRoute } from '../../core/contract.ts'
import { makeKey } from '../../keys/text.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { encryption } from './guard.ts'
import type { Encryption } from './index.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixed, victim } from './victim.ts'

const KEY = makeKey()

prove('encryption', {
  victim,
  fixed,
  offered: true,
  probes,
  rules,
  policy: { keys: KEY },
  renewed: /(?<=href=")[^"]+/g,
  sources: ['victim.ts', 'fixtures/mistakes.js', 'fixtures/authenticated.js'],
})

const guard = encryption({}, setup({ keys: [KEY] }))
const offered = guard.offers?.['encryption']?.(exchange()) as Encryption
const link = offered.links('files').sign('/files/7?size=2')
const route = (contract: KnownRoute['contract']): KnownRoute => ({
  method: 'GET',
  path: '/files/:id',
  at: undefined,
  contract,
})

describe('a route for signed links', () => {
  const judge = (target: string, method = 'GET') =>
    guard.onRoute?.(exchange({ target, method, contract: { signedLink: 'files' } }))

  test('takes them, for GET and HEAD', () => {
    expect([judge(link), judge(link, 'HEAD')]).toEqual([undefined, undefined])
  })

  test.each([
    ['unsigned', '/files/7?size=2', 'GET'],
    ['for another file', link.replace('7', '8'), 'GET'],
    ['with a parameter more', `${link}&size=3`, 'GET'],
    ['for another method', link, 'POST'],
    ['for another purpose', offered.links('reports').sign('/files/7?size=2'), 'GET'],
    ['bound to somebody', offered.links('files').sign('/files/7', { context: 'person:7' }), 'GET'],
  ])('refuses one that is %s', (_, target, method) => {
    expect(judge(target, method)).toMatchObject({ risk: 'altered-link', status: 403 })
  })

  test('is no route for anything else, and other routes are not asked', () => {
    expect(guard.onRoute?.(exchange({ target: '/files/7' }))).toBeUndefined()
    expect(guard.onRoute?.(exchange({ target: '/files/7', contract: {} }))).toBeUndefined()
  })

  test('keeps the app from starting when nothing could ever be signed for it', () => {
    expect(() => guard.onRoutes?.([route({ signedLink: 'files' }), route(undefined)])).not.toThrow()
    expect(() => guard.onRoutes?.([route({ signedLink: 'no purpose' })])).toThrow(/^BULWARK_SEAL_INVALID/)
    const bare = encryption({}, setup())
    expect(() => bare.onRoutes?.([route({ signedLink: 'files' })])).toThrow(
      /BULWARK_KEYS_MISSING.*\n {2}at {3}GET \/files\/:id/,
    )
    expect(() => bare.onRoutes?.([route({})])).not.toThrow()
  })
})

test('what routes are offered is made once and opens its own', () => {
  expect(guard.offers?.['encryption']?.(exchange())).toBe(offered)
  expect(offered.box('notes')).toBe(offered.box('notes'))
  expect(offered.box('notes').open(offered.box('notes').seal('x'))).toBe('x')
})
