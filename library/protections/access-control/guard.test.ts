import { expect, test } from 'vitest'
import type { Contract } from '../../core/contract.ts'
import { exchange, setup, type TestExchange } from '../../testing/exchange.ts'
import { findCookie } from '../../toolbox/cookies.ts'
import { type AccessControlOptions, accessControl } from './guard.ts'

const options: AccessControlOptions = {
  roles: { guest: ['blog:view'], author: ['guest', 'blog:write'], admin: ['*'], keeper: ['people:view'] },
  identify: (x) => {
    const role = findCookie(x.request.header('cookie'), 'who')
    return role === undefined ? undefined : { id: 'p1', roles: [role] }
  },
}

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

test('roles without a way to identify people are refused', () => {
  expect(() => accessControl({ roles: { author: ['blog:write'] } }, setup())).toThrow(/identify/)
})

interface Note {
  readonly id: number
  readonly author: string
  readonly secret?: boolean
}

const notes: readonly Note[] = [
  { id: 1, author: 'ada' },
  { id: 2, author: 'grace' },
  { id: 3, author: 'ada', secret: true },
]

const withObjects: AccessControlOptions = {
  roles: {
    guest: ['note:list'],
    writer: ['guest', 'note:read:own', 'note:edit:own', '!note:edit:secret'],
    admin: ['*'],
  },
  resources: {
    note: { rules: { own: { where: (person) => ({ author: person.id }) }, secret: { where: { secret: true } } } },
  },
  identify: (x) => {
    const [id, role] = (x.request.header('x-who') ?? '').split('/')
    return id && role ? { id, roles: [role] } : undefined
  },
}

const load = (x: { readonly params: Readonly<Record<string, string>> }): Note | undefined =>
  notes.find(({ id }) => id === Number(x.params['id']))

function visit(who: string | undefined, contract: Contract, id = '1', more: Partial<AccessControlOptions> = {}) {
  const facts = setup()
  const guard = accessControl({ ...withObjects, ...more }, facts)
  const x = exchange({ headers: { 'x-who': who }, contract, params: { id } })
  const offer = <T>(name: string): T => guard.offers?.[name]?.(x) as T
  return { guard, x, offer, verdict: guard.onRoute?.(x) }
}

const statusOf = (verdict: unknown): number | undefined => (verdict as { status?: number } | undefined)?.status

test.each([
  ['the owner', 'ada/writer', '1', undefined],
  ['somebody else', 'grace/writer', '1', 403],
  ['the owner, where a denial holds', 'ada/writer', '3', 403],
  ['an administrator', 'root/admin', '3', undefined],
  ['somebody unknown', undefined, '1', 401],
  ['the owner, for what does not exist', 'ada/writer', '9', 404],
])('a route that loads its object: %s', (_, who, id, status) => {
  const { verdict, offer } = visit(who, { allow: 'note:edit', object: load }, id)
  expect(statusOf(verdict)).toBe(status)
  if (status === undefined) expect(offer('object')).toBe(notes[Number(id) - 1])
})

test('the object may be loaded asynchronously, and a loader that fails denies', async () => {
  const slow = visit('grace/writer', { allow: 'note:edit', object: async (x) => load(x) })
  expect(statusOf(await slow.verdict)).toBe(403)
  const broken = visit('ada/writer', { allow: 'note:edit', object: () => Promise.reject(new Error('away')) })
  await expect(broken.verdict).rejects.toThrow('away')
})

test('where anybody may, the object is loaded and not judged', () => {
  const { verdict, offer } = visit(undefined, { allow: 'anyone', object: load }, '3')
  expect(statusOf(verdict)).toBeUndefined()
  expect(offer('object')).toBe(notes[2])
})

test('people are identified once, whatever passes on to whatever', () => {
  let asked = 0
  const identify = () => {
    asked++
    return { id: 'ada', roles: ['writer'] }
  }
  const { guard, x } = visit(undefined, { allow: 'note:list' }, '1', { identify })
  expect(guard.onRoute?.(x)).toBeUndefined()
  expect(asked).toBe(1)
})

test('a hidden object that somebody may not have does not exist', () => {
  const resources = { note: { ...withObjects.resources?.['note'], hide: true } }
  expect(statusOf(visit('grace/writer', { allow: 'note:read', object: load }, '1', { resources }).verdict)).toBe(404)
})

test('assert throws what the adapters answer, and is an event', () => {
  const { offer, x } = visit('grace/writer', { allow: 'note:list' })
  const assert = offer<(permission: string, note?: object) => void>('assert')
  expect(() => assert('note:read', notes[1])).not.toThrow()
  expect(() => assert('note:read', notes[0])).toThrow(
    expect.objectContaining({ code: 'BULWARK_ACCESS_DENIED', status: 403, permission: 'note:read' }),
  )
  expect((x as TestExchange).events).toMatchObject([{ risk: 'broken-object-access', outcome: 'denied' }])
  const guest = visit(undefined, { allow: 'note:list' }).offer<(permission: string, note?: object) => void>('assert')
  expect(() => guest('note:read', notes[0])).toThrow(expect.objectContaining({ status: 401 }))
})

const answer = { status: 200 }
type Ask = (permission: string, object?: object) => unknown

test.each<[string, (offer: <T>(name: string) => T) => void, boolean]>([
  ['nothing', () => undefined, true],
  ['can() about the object', (offer) => offer<Ask>('can')('note:edit', notes[0]), false],
  ['assert() about the object, with another permission', (offer) => offer<Ask>('assert')('note:read', notes[0]), false],
  ['scope()', (offer) => offer<Ask>('scope')('note:read'), false],
  ['fields()', (offer) => offer<Ask>('fields')('note:edit', notes[0]), false],
  ['can() without an object', (offer) => offer<Ask>('can')('note:edit'), true],
  ['explain(), which decides nothing', (offer) => offer<Ask>('explain')('note:edit', notes[0]), true],
])('a route that answers after %s is undecided or not', (_, handler, undecided) => {
  const { guard, x, offer } = visit('ada/writer', { allow: 'note:edit' })
  expect((x as TestExchange).lateRefusal).toBe(true)
  handler(offer)
  expect(statusOf(guard.onResponse?.({ ...x, response: { ...x.response, ...answer } }))).toBe(
    undecided ? 500 : undefined,
  )
})

test('what needs no object is never undecided, and neither is a refusal', () => {
  const admin = visit('root/admin', { allow: 'note:edit' })
  expect([(admin.x as TestExchange).lateRefusal, admin.guard.onResponse?.(admin.x)]).toEqual([false, undefined])
  const { guard, x } = visit('ada/writer', { allow: 'note:edit' })
  expect(guard.onResponse?.({ ...x, response: { ...x.response, status: 403 } })).toBeUndefined()
})

test('outside of tests an undecided answer passes, and is an event once for each route', () => {
  const { guard, x } = visit('ada/writer', { allow: 'note:edit' }, '1', { undecided: 'report' })
  for (let i = 0; i < 3; i++) expect(guard.onResponse?.(x)).toBeUndefined()
  expect((x as TestExchange).events).toMatchObject([{ risk: 'undecided-answer' }])
})

test('a permission that no role names is a mistake and not a refusal', () => {
  const { offer } = visit('root/admin', { allow: 'note:list' })
  expect(() => offer<Ask>('can')('note:raed', notes[0])).toThrow(/BULWARK_PERMISSION_UNKNOWN[\s\S]*note:read/)
})

test('without roles nobody may anything', () => {
  const guard = accessControl({}, setup())
  const can = guard.offers?.['can']?.(exchange()) as Ask | undefined
  expect(can?.('note:read')).toBe(false)
})

test.each<[string, Partial<AccessControlOptions>, RegExp]>([
  ['grants that are no source', { grants: {} as never }, /grants/],
  ['an unknown word for undecided', { undecided: 'shout' as never }, /undecided/],
])('%s are refused at start-up', (_, more, message) => {
  expect(() => accessControl({ ...withObjects, ...more }, setup())).toThrow(message)
})

test('grants that would end with the process are refused in production', () => {
  expect(() => accessControl({ ...withObjects, grants: true }, setup({ production: true }))).toThrow(
    /BULWARK_POLICY_UNSAFE/,
  )
})
