import { describe, expect, test } from 'vitest'
import { type AccessRules, createAccess, type Person, type StoredGrant } from '../index.ts'

interface Post {
  readonly id: number
  readonly author: string | number | null
  readonly status?: string
  readonly locked?: boolean
  readonly team?: string
}

const rules = {
  roles: {
    guest: ['post:read:published'],
    author: ['guest', 'post:read:own', 'post:edit:own [title, text]', 'post:delete:own:draft'],
    editor: ['author', 'post:edit [title, text, status]', '!post:edit [price]', '!post:delete:locked'],
    admin: ['*', '!post:delete:locked'],
    suspended: ['!*'],
    intern: ['post:edit:team'],
    clerk: ['post:*', '!post:edit [price]'],
  },
  resources: {
    post: {
      rules: {
        own: { where: (person: Person) => ({ author: person.id }) },
        published: { where: { status: 'published' } },
        draft: { where: { status: ['draft', null] } },
        locked: (_person: Person, post: Post) => post.locked === true,
        team: { where: (person: Person) => ({ team: (person as Person & { team?: string }).team }) },
      },
    },
  },
} satisfies AccessRules

const access = createAccess(rules)
const as = (id: string, ...roles: string[]) => access.as({ id, roles })
const mine: Post = { id: 1, author: 'ada', status: 'draft' }
const other: Post = { id: 2, author: 'grace', status: 'published' }
const locked: Post = { id: 3, author: 'ada', status: 'draft', locked: true }

describe('can', () => {
  test.each([
    ['a guest reads what is published', access.as(undefined).can('post:read', other), true],
    ['a guest reads no draft', access.as(undefined).can('post:read', mine), false],
    ['an author reads the own draft', as('ada', 'author').can('post:read', mine), true],
    ['an author reads what guests read', as('ada', 'author').can('post:read', other), true],
    ['an author edits no post of others', as('ada', 'author').can('post:edit', other), false],
    ['an author may not edit every post', as('ada', 'author').can('post:edit'), false],
    ['all rules behind a permission must hold', as('grace', 'author').can('post:delete', other), false],
    ['and do', as('ada', 'author').can('post:delete', mine), true],
    ['an editor edits every post', as('x', 'editor').can('post:edit'), true],
    ['a denial wins over what another line allows', as('ada', 'editor').can('post:delete', locked), false],
    ['a denial wins over everything', as('x', 'admin').can('post:delete', locked), false],
    ['and is for nothing else', as('x', 'admin').can('post:delete', mine), true],
    ['with a denial for some, not every object may be deleted', as('x', 'admin').can('post:delete'), false],
    ['a denial of another role counts too', as('x', 'admin', 'suspended').can('post:read', other), false],
    ['the order of roles does not matter', as('x', 'suspended', 'admin').can('post:read'), false],
    ['a role that nobody knows gives nothing', as('x', 'emperor').can('post:read', other), false],
    [
      'a role named like a member of every object gives nothing',
      as('x', 'constructor', '__proto__').can('post:read'),
      false,
    ],
    ['no role gives nothing', as('x').can('post:read', other), false],
    ['a wildcard covers the actions of its resource', as('x', 'clerk').can('post:delete'), true],
  ])('%s', (_, answer, expected) => expect(answer).toBe(expected))

  test('people with several roles are never taken for people with others', () => {
    expect(as('x', 'guest', 'author', 'admin').can('post:edit')).toBe(true)
    expect(as('x', 'guest', 'author\nadmin').can('post:edit')).toBe(false)
    expect(as('x', 'guest\nauthor', 'admin').can('post:edit')).toBe(true)
    expect(as('x', 'emperor', 'author').can('post:edit')).toBe(false)
  })

  test('an id that is a number in the database and text in the session is one id', () => {
    expect(as('7', 'author').can('post:edit', { id: 1, author: 7 })).toBe(true)
    expect(as('07', 'author').can('post:edit', { id: 1, author: 7 })).toBe(false)
  })

  test.each([null, undefined, ['ada'], { toString: () => 'ada' }, Number.NaN])(
    'an object whose owner is %j belongs to nobody',
    (author) => {
      for (const id of ['ada', '', 'null', 'undefined', 'NaN']) {
        expect(as(id, 'author').can('post:edit', { id: 1, author })).toBe(false)
      }
    },
  )

  test('a condition on an attribute that the person does not have allows nothing, not even where the object has none either', () => {
    expect(as('x', 'intern').can('post:edit', mine)).toBe(false)
    expect(
      access.as({ id: 'x', roles: ['intern'], team: 'blue' } as Person).can('post:edit', { ...mine, team: 'blue' }),
    ).toBe(true)
  })

  test('such a condition denies everything where it denies', () => {
    const strict = createAccess({
      roles: { member: ['doc:read', '!doc:read:elsewhere'] },
      resources: {
        doc: {
          rules: { elsewhere: { where: (person: Person) => ({ region: (person as { region?: string }).region }) } },
        },
      },
    })
    expect(strict.as({ id: 'x', roles: ['member'] }).can('doc:read', { region: 'eu' })).toBe(false)
    expect(strict.as({ id: 'x', roles: ['member'] }).scope('doc:read')).toEqual({ kind: 'none' })
    const half = createAccess({
      roles: { member: ['doc:read', '!doc:read:old'] },
      resources: {
        doc: {
          rules: { old: { where: (person: Person) => ({ age: 7, region: (person as { region?: string }).region }) } },
        },
      },
    })
    expect(half.as({ id: 'x', roles: ['member'] }).can('doc:read', { age: 8 })).toBe(false)
    expect(strict.as({ id: 'x', roles: ['member'], region: 'us' } as Person).can('doc:read', { region: 'eu' })).toBe(
      true,
    )
  })

  test('a function that answers a promise, or anything but true, allows nothing; where it denies, all but false denies', () => {
    for (const answer of [Promise.resolve(false), 1, 'yes', undefined, {}]) {
      const loose = createAccess({
        roles: { a: ['doc:read:odd'], b: ['doc:read', '!doc:read:odd'] },
        resources: { doc: { rules: { odd: () => answer as never } } },
      })
      expect(loose.as({ id: 'x', roles: ['a'] }).can('doc:read', {})).toBe(false)
      expect(loose.as({ id: 'x', roles: ['b'] }).can('doc:read', {})).toBe(false)
    }
  })

  test('a permission that no role names throws, for those who may everything too', () => {
    const ask = as('x', 'admin') as unknown as { can(permission: string): boolean }
    for (const typo of ['post:raed', '*', 'post:*', '', 'constructor'])
      expect(() => ask.can(typo)).toThrow('BULWARK_PERMISSION_UNKNOWN')
  })
})

describe('assert', () => {
  test('throws with the status that fits', () => {
    expect(() => access.as(undefined).assert('post:edit', mine)).toThrow(expect.objectContaining({ status: 401 }))
    expect(() => as('grace', 'author').assert('post:edit', mine)).toThrow(expect.objectContaining({ status: 403 }))
    expect(() => as('ada', 'author').assert('post:edit', mine)).not.toThrow()
  })

  test('its reason names the policy and nothing that was sent', () => {
    const sent = { id: '<script>', author: 'mallory' }
    expect(() => as('ada', 'author').assert('post:edit', sent)).toThrow(/no rule behind it holds/)
    expect(() => as('ada', 'author').assert('post:edit', sent)).not.toThrow(/script|mallory/)
  })
})

describe('fields', () => {
  test.each<[string, readonly string[], Post, string, string[]]>([
    ['the own post', ['author'], mine, 'only', ['title', 'text']],
    ['a post of others', ['author'], other, 'only', []],
    ['a post of others, for editors', ['editor'], other, 'only', ['title', 'text', 'status']],
    ['what is denied is taken from what other roles allow', ['editor', 'admin'], other, 'all', ['price']],
    ['everything', ['admin'], other, 'all', []],
    ['everything but', ['clerk'], other, 'all', ['price']],
  ])('of %s', (_, roles, post, kind, names) => {
    expect(as('ada', ...roles).fields('post:edit', post)).toMatchObject({ kind, names })
  })

  test('come from the lines that hold for this object: a role for others gives nothing of the own', () => {
    const { names } = access
      .as({ id: 'ada', roles: ['author', 'intern'], team: 'blue' } as Person)
      .fields('post:edit', mine)
    expect(names).toEqual(['title', 'text'])
  })

  test('pick drops what is not allowed, and refuses it when asked to', () => {
    const fields = as('ada', 'author').fields('post:edit', mine)
    const sent = JSON.parse('{"title":"new","author":"ada","__proto__":{"admin":true},"constructor":1}') as object
    expect(fields.pick(sent)).toEqual({ title: 'new' })
    expect(Object.getPrototypeOf(fields.pick(sent))).toBe(Object.prototype)
    expect(() => fields.pick(sent, 'refuse')).toThrow(
      expect.objectContaining({ code: 'BULWARK_ACCESS_DENIED', status: 403 }),
    )
    expect(fields.pick({ text: 'x' }, 'refuse')).toEqual({ text: 'x' })
    const all = as('x', 'admin').fields('post:edit', mine).pick(sent)
    expect([Object.keys(all), Object.getPrototypeOf(all)]).toEqual([
      ['title', 'author', 'constructor'],
      Object.prototype,
    ])
  })
})

describe('explain', () => {
  test('tells each line that had a say, on which way it came, and which rules hold', () => {
    const why = as('ada', 'editor').explain('post:delete', locked)
    expect(why).toMatchObject({
      allowed: false,
      because: 'denied by "!post:delete:locked" of the role editor, which wins over whatever allows',
      lines: [
        {
          line: '!post:delete:locked',
          effect: 'deny',
          via: ['editor'],
          holds: true,
          rules: [{ name: 'locked', holds: true }],
        },
        { line: 'post:delete:own:draft', effect: 'allow', via: ['editor', 'author'], holds: true },
      ],
    })
    expect(why.text.split('\n')).toEqual([
      'denied: post:delete (roles editor)',
      '  denied by "!post:delete:locked" of the role editor, which wins over whatever allows',
      '├─ yes  deny !post:delete:locked  (editor)',
      '│  └─ yes  locked',
      '└─ yes  allow post:delete:own:draft  (editor <- author)',
      '   ├─ yes  own',
      '   └─ yes  draft',
    ])
  })

  test.each([
    [as('x', 'editor').explain('post:edit'), 'allowed by "post:edit [title, text, status]" of the role editor'],
    [as('ada', 'author').explain('post:edit'), 'the permission post:edit depends on the object, and none was given'],
    [access.as(undefined).explain('post:edit', mine), 'guests do not have the permission post:edit'],
    [as('x', 'intern').explain('post:delete', mine), 'none of the roles of the person has the permission post:delete'],
    [
      as('x', 'admin', 'suspended').explain('post:read'),
      'denied by "!*" of the role suspended, which wins over whatever allows',
    ],
    [as('x', 'clerk').explain('post:edit', mine), 'allowed by "post:*" of the role clerk'],
  ])('gives the reason: %#', ({ because }, expected) => expect(because).toBe(expected))
})

describe('stored grants', () => {
  const grants: StoredGrant[] = [
    { permission: 'post:edit', object: '2', effect: 'allow', fields: ['text'] },
    { permission: 'post:edit', object: '1', effect: 'deny' },
    { permission: 'post:read', object: '5', effect: 'allow' },
  ]
  const with_ = (...roles: string[]) => access.as({ id: 'ada', roles }, grants)

  test.each([
    ['allow with that object', with_('author').can('post:edit', other), true],
    ['win by denying, over the owner', with_('author').can('post:edit', mine), false],
    ['win by denying, over everything', with_('admin').can('post:edit', mine), false],
    ['leave what they do not name', with_('admin').can('post:edit', locked), true],
    ['are no grants for every object', with_('author').can('post:edit'), false],
    ['make somebody not allowed with every object any more', with_('admin').can('post:edit'), false],
    ['do not win over a denial of a role', with_('author', 'suspended').can('post:edit', other), false],
    ['are for one permission', with_('author').can('post:delete', other), false],
    ['need no role', with_().can('post:read', { id: 5 }), true],
    ['are by the id, whatever its type', with_().can('post:read', { id: '5' }), true],
    ['are not for objects without an id', with_().can('post:read', {}), false],
  ])('%s', (_, answer, expected) => expect(answer).toBe(expected))

  test('do not make a denial of some objects forgotten', () => {
    expect(access.as({ id: 'x', roles: ['admin'] }, []).can('post:delete')).toBe(false)
    expect(access.as({ id: 'x', roles: ['admin'] }, []).can('post:delete', mine)).toBe(true)
  })

  test('deny whether the denial comes first or last', () => {
    const both: StoredGrant[] = [
      { permission: 'post:edit', object: '2', effect: 'deny' },
      { permission: 'post:edit', object: '2', effect: 'allow' },
    ]
    for (const order of [both, [...both].reverse()]) {
      expect(access.as({ id: 'x', roles: ['editor'] }, order).can('post:edit', other)).toBe(false)
    }
  })

  test('give the fields that they name', () => {
    expect(with_('author').fields('post:edit', other)).toMatchObject({ kind: 'only', names: ['text'] })
  })

  test('are in lists', () => {
    expect(with_().scope('post:read')).toEqual({ kind: 'some', where: { op: 'in', field: 'id', values: ['5'] } })
    expect(with_('clerk').scope('post:edit')).toEqual({
      kind: 'some',
      where: { op: 'not', of: { op: 'in', field: 'id', values: ['1'] } },
    })
  })

  test('are told in explanations', () => {
    expect(with_('author').explain('post:edit', other).because).toBe('allowed by a stored grant of post:edit')
    expect(with_('admin').explain('post:edit', mine).because).toBe(
      'denied by a stored grant of post:edit, which wins over whatever allows',
    )
  })
})

describe('roles that make no sense are refused at start-up', () => {
  const post = { rules: { own: () => true } }
  test.each<[string, AccessRules, RegExp]>([
    ['a role with a space', { roles: { 'a b': [] } }, /a role is named by one word/],
    ['a circle', { roles: { a: ['b'], b: ['a'] } }, /a -> b -> a/],
    ['a role in itself', { roles: { a: ['a'] } }, /a -> a/],
    ['a word with a space', { roles: { a: ['blog view'] } }, /a permission is a word/],
    ['an empty line', { roles: { a: [''] } }, /a permission is a word/],
    ['a line that is no text', { roles: { a: [7 as never] } }, /a permission is a word/],
    ['no list', { roles: { a: 'blog:view' as never } }, /a role is a list/],
    ['a denied role', { roles: { a: ['x:y'], b: ['!a'] } }, /a role cannot be denied/],
    [
      'an unknown rule',
      { roles: { a: ['post:edit:onw'] }, resources: { post } },
      /no rule "onw"[\s\S]*use one of: own/,
    ],
    ['a resource without an action', { roles: { a: ['post'] }, resources: { post } }, /nothing that is done/],
    ['a rule behind a wildcard of no resource', { roles: { a: ['x:y', 'x:*:own'] } }, /has no resource "x"/],
    ['a wildcard that covers nothing', { roles: { a: ['post:read', 'psot:*'] } }, /"psot:\*" covers no permission/],
    ['a guest who owns', { roles: { guest: ['post:edit:own'] }, resources: { post } }, /which nobody knows of a guest/],
    ['no rule', { roles: {}, resources: { post: { rules: { own: 7 as never } } } }, /no rule about objects/],
    ['an empty condition', { roles: {}, resources: { post: { rules: { own: { where: {} } } } } }, /says nothing/],
    [
      'a condition on undefined',
      { roles: {}, resources: { post: { rules: { own: { where: { a: undefined } } } } } },
      /undefined/,
    ],
    [
      'a condition on an object',
      { roles: {}, resources: { post: { rules: { own: { where: { a: {} } } } } } },
      /no plain value/,
    ],
    [
      'a field that is no word',
      { roles: {}, resources: { post: { rules: { own: { where: { 'a; --': 1 } } } } } },
      /named by a word/,
    ],
    ['a field that every object has', { roles: {}, resources: { post: { id: 'constructor' } } }, /named by a word/],
    ['no fields', { roles: { a: ['post:edit []'] } }, /fields behind a permission/],
  ])('%s', (_, policy, message) => expect(() => createAccess(policy)).toThrow(message))
})

test('a condition that turns out to say nothing is an error when it is needed', () => {
  const empty = createAccess({
    roles: { a: ['doc:read:own'] },
    resources: { doc: { rules: { own: { where: () => ({}) } } } },
  })
  expect(() => empty.as({ id: 'x', roles: ['a'] }).can('doc:read', {})).toThrow(/says nothing/)
})
