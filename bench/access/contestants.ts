import { createMongoAbility, subject } from '@casl/ability'
import { AccessControl } from 'accesscontrol'
import Acl from 'acl2'
import { createAccess } from 'bulwark'
import { newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import { ownActions, POSTS, QUESTIONS, RESOURCES, ROLES } from './questions.ts'

/** One task of one package: answers all its questions once, and says how many were allowed. */
export interface Contestant {
  readonly title: string
  readonly questions: number
  readonly allowed: number
  run(): number | Promise<number>
}

export interface Task {
  readonly name: string
  readonly about: string
  /** Bulwark first. */
  readonly contestants: readonly Contestant[]
}

const EXPECTED = QUESTIONS.filter(({ expected }) => expected).length
const OWN = POSTS.filter(({ author }) => author === 'ada').length

export async function tasks(): Promise<readonly Task[]> {
  return [
    {
      name: 'role check',
      about: 'what a person may do is known already; one permission of a hundred is asked for',
      contestants: [bulwarkRoles(), caslRoles(), accessControlRoles(), await casbinRoles(), await acl2Roles()],
    },
    {
      name: 'new person',
      about: 'what a person may do is worked out from the roles first, as with every request',
      contestants: [bulwarkPerson(), caslPerson()],
    },
    {
      name: 'ownership',
      about: 'may this person change this post, by a condition on its author',
      contestants: [bulwarkOwner(), caslOwner(), await casbinOwner()],
    },
  ]
}

/** Every line of the policy, role by role, with what each takes over. */
const lines = ROLES.flatMap((role) =>
  RESOURCES.flatMap((resource) => ownActions(role).map((action) => ({ role, resource, action }))),
)
const above = (role: string): readonly string[] => ROLES.slice(0, ROLES.indexOf(role) + 1)

const asked = QUESTIONS.map(({ role, resource, action }) => ({
  role,
  resource,
  action,
  permission: `${resource}:${action}`,
}))

function count(run: (i: number) => boolean, questions: number): () => number {
  return () => {
    let allowed = 0
    for (let i = 0; i < questions; i++) if (run(i)) allowed++
    return allowed
  }
}

function roles(title: string, run: Contestant['run']): Contestant {
  return { title, questions: QUESTIONS.length, allowed: EXPECTED, run }
}

function owner(title: string, run: Contestant['run']): Contestant {
  return { title, questions: POSTS.length, allowed: OWN, run }
}

const bulwarkPolicy = createAccess({
  roles: Object.fromEntries(
    ROLES.map((role, at) => [
      role,
      [
        ...(at > 0 ? [ROLES[at - 1] ?? ''] : []),
        ...(role === 'admin' ? ['*'] : []),
        ...lines.filter((line) => line.role === role).map(({ resource, action }) => `${resource}:${action}`),
      ],
    ]),
  ),
})

function bulwarkRoles(): Contestant {
  const people = new Map(ROLES.map((role) => [role, bulwarkPolicy.as({ id: 'x', roles: [role] })]))
  const prepared = asked.map(({ role, permission }) => ({ person: people.get(role)!, permission }))
  return roles(
    'Bulwark',
    count((i) => prepared[i]!.person.can(prepared[i]!.permission), prepared.length),
  )
}

function bulwarkPerson(): Contestant {
  const people = asked.map(({ role, permission }) => ({ person: { id: 'x', roles: [role] }, permission }))
  return roles(
    'Bulwark',
    count((i) => bulwarkPolicy.as(people[i]!.person).can(people[i]!.permission), people.length),
  )
}

function bulwarkOwner(): Contestant {
  const access = createAccess({
    roles: { author: ['post:update:own'] },
    resources: { post: { rules: { own: { where: (person: { readonly id: string }) => ({ author: person.id }) } } } },
  })
  const person = access.as({ id: 'ada', roles: ['author'] })
  return owner(
    'Bulwark',
    count((i) => person.can('post:update', POSTS[i]), POSTS.length),
  )
}

function abilityOf(role: string) {
  return createMongoAbility(
    lines
      .filter((line) => above(role).includes(line.role))
      .map(({ resource, action }) => ({ action, subject: resource })),
  )
}

function caslRoles(): Contestant {
  const people = new Map(ROLES.map((role) => [role, abilityOf(role)]))
  const prepared = asked.map(({ role, action, resource }) => ({ ability: people.get(role)!, action, resource }))
  return roles(
    'CASL',
    count((i) => prepared[i]!.ability.can(prepared[i]!.action, prepared[i]!.resource), prepared.length),
  )
}

function caslPerson(): Contestant {
  const rules = new Map(
    ROLES.map((role) => [
      role,
      lines
        .filter((line) => above(role).includes(line.role))
        .map(({ resource, action }) => ({ action, subject: resource })),
    ]),
  )
  const prepared = asked.map(({ role, action, resource }) => ({ rules: rules.get(role)!, action, resource }))
  return roles(
    'CASL',
    count(
      (i) => createMongoAbility(prepared[i]!.rules).can(prepared[i]!.action, prepared[i]!.resource),
      prepared.length,
    ),
  )
}

function caslOwner(): Contestant {
  const ability = createMongoAbility([{ action: 'update', subject: 'Post', conditions: { author: 'ada' } }])
  // As its guide says for plain objects: each is told once what it is.
  const posts = POSTS.map((post) => subject('Post', { ...post }))
  return owner(
    'CASL',
    count((i) => ability.can('update', posts[i]!), posts.length),
  )
}

function accessControlRoles(): Contestant {
  const control = new AccessControl()
  for (const role of ROLES) {
    const grant = control.grant(role)
    if (role !== ROLES[0]) grant.extend(ROLES[ROLES.indexOf(role) - 1] ?? '')
    for (const { resource, action } of lines.filter((line) => line.role === role)) grant[`${action}Any`](resource)
  }
  return roles(
    'accesscontrol',
    count((i) => control.can(asked[i]!.role)[`${asked[i]!.action}Any`](asked[i]!.resource).granted, asked.length),
  )
}

async function casbinRoles(): Promise<Contestant> {
  const model = newModelFromString(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
`)
  const policy = [
    ...lines.map(({ role, resource, action }) => `p, ${role}, ${resource}, ${action}`),
    ...ROLES.slice(1).map((role, at) => `g, ${role}, ${ROLES[at]}`),
  ]
  const enforcer = await newEnforcer(model, new StringAdapter(policy.join('\n')))
  return roles(
    'casbin',
    count((i) => enforcer.enforceSync(asked[i]!.role, asked[i]!.resource, asked[i]!.action), asked.length),
  )
}

async function casbinOwner(): Promise<Contestant> {
  const model = newModelFromString(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && r.obj.author == r.sub
`)
  const enforcer = await newEnforcer(model, new StringAdapter('p, author, post, update'))
  return owner(
    'casbin',
    count((i) => enforcer.enforceSync('ada', POSTS[i], 'update'), POSTS.length),
  )
}

async function acl2Roles(): Promise<Contestant> {
  // Its types say that this is a function; its code says that it is a class.
  const Memory = Acl.memoryBackend as unknown as Acl.Backend
  const acl = new Acl(new Memory())
  for (const role of ROLES) {
    for (const { resource, action } of lines.filter((line) => line.role === role))
      await acl.allow(role, resource, action)
    if (role !== ROLES[0]) await acl.addRoleParents(role, ROLES[ROLES.indexOf(role) - 1] ?? '')
    await acl.addUserRoles(`user of ${role}`, role)
  }
  const users = asked.map((one) => ({ ...one, user: `user of ${one.role}` }))
  return roles('acl2', async () => {
    let allowed = 0
    for (const { user, resource, action } of users) if (await acl.isAllowed(user, resource, action)) allowed++
    return allowed
  })
}
