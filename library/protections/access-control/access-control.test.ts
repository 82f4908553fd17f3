import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { type AccessControlOptions, accessControl } from './guard.ts'
import { probes } from './probe.ts'
import { compileRoles, mayDo } from './roles.ts'
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

const route = (allow: string | undefined) => ({
  method: 'GET',
  path: '/blogs',
  at: 'app.ts:7',
  contract: allow === undefined ? undefined : { allow },
})

for (const [who, role, allow, status] of [
  ['somebody unknown where anyone may', undefined, 'anyone', undefined],
  ['somebody unknown with what a guest may', undefined, 'blog:view', undefined],
  ['somebody unknown', undefined, 'blog:write', 401],
  ['an author with what the author took over from guests', 'author', 'blog:view', undefined],
  ['an author', 'author', 'blog:write', undefined],
  ['an author with what only others may', 'author', 'people:view', 403],
  ['an administrator', 'admin', 'people:view', undefined],
  ['somebody whose role nobody knows', 'emperor', 'blog:view', 403],
  ['a role named like a member of every object', 'constructor', 'blog:view', 403],
  ['an author on a route that declares nothing', 'author', undefined, 403],
] as const) {
  test(`${who} ${status === undefined ? 'passes' : `gets ${status}`}`, () => {
    const x = exchange({
      headers: { cookie: role && `who=${role}` },
      contract: allow === undefined ? undefined : { allow },
    })
    const verdict = accessControl(options, setup()).onRoute!(x)
    expect(verdict === undefined ? undefined : (verdict as { status: number }).status).toBe(status)
  })
}

test('people may be looked up asynchronously', async () => {
  const guard = accessControl({ ...options, identify: async () => ({ id: 'p2', roles: ['author'] }) }, setup())
  const x = exchange({ contract: { allow: 'blog:write' } })
  expect(await guard.onRoute!(x)).toBeUndefined()
  expect((guard.offers!['can']!(x) as (permission: string) => boolean)('blog:write')).toBe(true)
  expect((guard.offers!['can']!(x) as (permission: string) => boolean)('people:view')).toBe(false)
  expect(guard.offers!['person']!(x)).toMatchObject({ id: 'p2' })
})

test('with roles, a route that declares nothing keeps the app from starting, and is named with its place', () => {
  const guard = accessControl(options, setup())
  expect(() => guard.onRoutes!([route(undefined)])).toThrow(/BULWARK_ROUTE_UNDECLARED[\s\S]*GET +\/blogs +app\.ts:7/)
  expect(() => guard.onRoutes!([route('anyone'), route('blog:view')])).not.toThrow()
})

test('in observe mode such a route is an event', () => {
  const facts = setup()
  accessControl({ ...options, mode: 'observe' }, facts).onRoutes!([route(undefined)])
  expect(facts.reports).toMatchObject([{ risk: 'missing-authorization', outcome: 'observed' }])
})

test('without roles, routes that declare nothing are listed once', () => {
  const facts = setup()
  const guard = accessControl({}, facts)
  guard.onRoutes!([route(undefined)])
  guard.onRoutes!([route(undefined)])
  expect(facts.reports).toHaveLength(1)
  expect(facts.reports[0]!.reason).toContain('/blogs')
})

test('a permission that no role has is refused at start-up', () => {
  const guard = accessControl({ roles: { guest: ['blog:view'] } }, setup())
  expect(() => guard.onRoutes!([route('blog:veiw')])).toThrow(/no role has the permission "blog:veiw"/)
})

test('roles that take over from one another in a circle are refused', () => {
  expect(() => compileRoles({ a: ['b'], b: ['a'] })).toThrow(/a -> b -> a/)
})

test('roles without a way to identify people are refused', () => {
  expect(() => accessControl({ roles: { author: ['blog:write'] } }, setup())).toThrow(/identify/)
})

test('a permission of one role is not a permission of another', () => {
  const permissions = compileRoles({ author: ['blog:write'], reader: ['blog:view'] })
  expect(mayDo(permissions, ['reader'], 'blog:write')).toBe(false)
  expect(mayDo(permissions, [], 'blog:view')).toBe(false)
})
