import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import type { PermissionIn } from '../../core/register.ts'
import { createAccess } from './index.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
mkdirSync(join(root, '.build'), { recursive: true })
const home = mkdtempSync(join(root, '.build/typed-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

test('permissions are literal types: without the sign of a denial, rules, fields, roles and wildcards', () => {
  const access = createAccess({
    roles: {
      guest: ['post:read'],
      author: ['guest', 'post:edit:own [title, text]', '!post:delete:own', 'blog:page:view', 'site'],
      admin: ['*', 'post:*', '!post:purge'],
    },
    resources: { post: { rules: { own: () => true } } },
  })
  type Found = ReturnType<typeof access.as> extends { can(permission: infer P): boolean } ? P : never
  const every: Record<Found, true> = {
    'post:read': true,
    'post:edit': true,
    'post:delete': true,
    'post:purge': true,
    'blog:page:view': true,
    site: true,
  }
  expect(Object.keys(every).sort()).toEqual([...access.permissions].sort())
  const admin = access.as({ id: 'x', roles: ['admin'] })
  expect(admin.can('post:read')).toBe(true)
  // @ts-expect-error: a typing error
  expect(() => admin.can('post:raed')).toThrow()
  // @ts-expect-error: a role
  expect(() => admin.scope('author')).toThrow()
  // @ts-expect-error: a rule is no part of the permission
  expect(() => admin.assert('post:edit:own')).toThrow()
  // @ts-expect-error: a wildcard
  expect(() => admin.fields('post:*')).toThrow()
})

test('roles that are only known at run time give permissions of any name', () => {
  const roles: Record<string, string[]> = { guest: ['post:read'] }
  const anything: PermissionIn<{ roles: typeof roles }> = 'post:raed'
  expect(() => createAccess({ roles }).as(undefined).can(anything)).toThrow()
})

const APP = `
import { definePolicy, type Policy, type Security } from 'bulwark'
import { bulwark, secure } from 'bulwark/express'

interface Post { readonly id: number; readonly author: string }

export const policy = definePolicy({
  accessControl: {
    roles: { guest: ['post:read'], author: ['guest', 'post:edit:own'], admin: ['*', '!post:purge'] },
    resources: {
      post: {
        rules: {
          own: { where: (person) => ({ author: person.id, team: person.team }) },
          mine: (person, post: Post) => post.author === person.id,
        },
      },
    },
    identify: (x) => ({ id: x.request.header('x-who') ?? '', roles: ['author'], team: 'red' }),
  },
})

declare module 'bulwark' {
  interface Register { policy: typeof policy }
  interface Person { readonly team: string }
}

export const plug = bulwark(policy satisfies Policy)
export const declared = [
  secure({ allow: 'post:read' }),
  secure({ allow: 'anyone' }),
  secure({ allow: 'post:edit', object: async (x) => ({ id: x.params['id'] }) }),
  // @ts-expect-error: a typing error does not compile
  secure({ allow: 'post:raed' }),
  // @ts-expect-error: a rule is no part of the permission
  secure({ allow: 'post:edit:own' }),
]
export async function handler(security: Security, post: Post): Promise<string | undefined> {
  security.can('post:edit', post)
  security.assert('post:purge', post)
  await security.grants.allow({ person: 'ada' }, 'post:edit', post.id)
  // @ts-expect-error: a typing error does not compile
  security.can('post:edti', post)
  // @ts-expect-error: a typing error does not compile
  security.assert('post:edti', post)
  // @ts-expect-error: a typing error does not compile
  security.scope('edit')
  // @ts-expect-error: a typing error does not compile
  security.fields('admin', post)
  // @ts-expect-error: a typing error does not compile
  await security.grants.allow({ person: 'ada' }, 'post:edti', post.id)
  return security.person?.team
}
`

test('with the policy registered, a misspelt permission compiles nowhere', async () => {
  writeFileSync(join(home, 'app.ts'), APP)
  mkdirSync(join(home, 'node_modules'))
  symlinkSync(join(root, 'node_modules/@types'), join(home, 'node_modules/@types'))
  const compilerOptions = {
    ...{ target: 'es2023', module: 'nodenext', strict: true, exactOptionalPropertyTypes: true, noEmit: true },
    ...{ skipLibCheck: true, allowImportingTsExtensions: true, types: ['node'], lib: ['es2023'] },
    paths: {
      bulwark: [join(root, 'library/index.ts')],
      'bulwark/express': [join(root, 'library/adapters/express.ts')],
    },
  }
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['app.ts'] }))
  const tsc = promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', home])
  const said = await tsc.then(
    () => '',
    (error: { stdout?: string }) => error.stdout ?? String(error),
  )
  expect(said).toBe('')
}, 60_000)
