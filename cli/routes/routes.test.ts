import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'
import { type Loaded, type LoadedApp, type LoadOptions, loadApp } from './load.ts'
import { changesBetween, linesOf, parseSnapshot, toSnapshot } from './snapshot.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
mkdirSync(join(root, '.build'), { recursive: true })
const home = mkdtempSync(join(root, '.build/routes-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const route = (method: string, path: string, allow?: string) => ({
  ...{ method, path, allow, at: 'app.js:7', isDeclared: allow !== undefined, loadsObject: false },
})
const blog: LoadedApp = {
  name: 'blog',
  roles: ['guest', 'author', 'admin'],
  permissions: {
    'post:read': { guest: 'yes', author: 'yes', admin: 'yes' },
    'post:edit': { guest: 'no', author: 'own', admin: 'yes' },
    'post:purge': { guest: 'no', author: 'no', admin: 'not locked' },
  },
  routes: [
    route('POST', '/posts/:id', 'post:edit'),
    route('GET', '/posts', 'post:read'),
    route('HEAD', '/posts', 'post:read'),
    route('GET', '/health', 'anyone'),
  ],
}

/** Runs `bulwark routes ...` against an app that answers what the test says. */
async function routes(line: string, answer: Loaded | ((options: LoadOptions) => Promise<Loaded>) = { apps: [blog] }) {
  let [out, err] = ['', '']
  const io = {
    ...{ version: '1.2.3', cwd: home, width: 80, colour: false, live: false },
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    routes: (options: LoadOptions) => (typeof answer === 'function' ? answer(options) : Promise.resolve(answer)),
  } as unknown as Io
  const code = await run(['routes', ...line.split(' ').filter((part) => part !== '')], io)
  return { code, out, err }
}

writeFileSync(join(home, 'app.js'), '')

describe('bulwark routes', () => {
  test('shows routes by roles', async () => {
    const { code, out } = await routes('app.js')
    expect(code).toBe(0)
    expect(out.split('\n')).toEqual([
      'blog: 3 routes',
      '',
      '                             guest  author  admin',
      'GET   /health     anyone     yes    yes     yes',
      'GET   /posts      post:read  yes    yes     yes',
      'POST  /posts/:id  post:edit  -      own     yes',
      '',
      '',
    ])
  })

  test('stays within the page: what is too wide becomes a list', async () => {
    const roles = Array.from({ length: 12 }, (_, i) => `department-${i}`)
    const permissions = { 'post:read': Object.fromEntries(roles.map((role, i) => [role, i % 2 ? 'own' : 'no'])) }
    const { out } = await routes('app.js', {
      apps: [{ ...blog, roles, permissions, routes: [route('GET', '/posts', 'post:read')] }],
    })
    expect(out).toContain('GET /posts\n       post:read: department-1 [own], department-3 [own]')
  })

  test('names what declares nothing, with its place', async () => {
    const { out } = await routes('app.js', { apps: [{ ...blog, routes: [route('GET', '/old')] }] })
    expect(out).toMatch(/GET {2}\/old {2}app\.js:7 +- +- +-/)
    expect(out).toContain('1 route without allow')
  })

  test('says so when there are no roles', async () => {
    const { out } = await routes('app.js', {
      apps: [{ ...blog, roles: [], permissions: {}, routes: [route('GET', '/old')] }],
    })
    expect(out).toContain('GET    /old  app.js:7')
    expect(out).toContain('everybody may call every route')
  })

  test('prints data for programs', async () => {
    const { out } = await routes('app.js --json')
    expect(JSON.parse(out)).toMatchObject({
      apps: [
        {
          name: 'blog',
          routes: [{ path: '/health', who: { everybody: 'yes' } }, {}, { who: { author: 'own', admin: 'yes' } }],
        },
      ],
      failure: null,
    })
  })

  test('writes a snapshot, and is content while nothing differs', async () => {
    expect((await routes('app.js --write access.txt')).code).toBe(0)
    expect(readFileSync(join(home, 'access.txt'), 'utf8').split('\n').slice(1)).toEqual([
      'GET /health = anyone: everybody',
      'GET /posts = post:read: guest, author, admin',
      'POST /posts/:id = post:edit: author [own], admin',
      'permission post:purge = post:purge: admin [not locked]',
      '',
    ])
    expect(await routes('app.js --check access.txt')).toMatchObject({ code: 0, err: '' })
  })

  test.each<[string, Partial<LoadedApp>, RegExp]>([
    [
      'a role that may more',
      { permissions: { ...blog.permissions, 'post:edit': { guest: 'no', author: 'yes', admin: 'yes' } } },
      /^WIDENED {2}POST \/posts\/:id {2}author: own -> yes$/m,
    ],
    [
      'a role that may at all',
      { permissions: { ...blog.permissions, 'post:purge': { guest: 'no', author: 'own', admin: 'not locked' } } },
      /^WIDENED {2}permission post:purge {2}author: no -> own$/m,
    ],
    [
      'another rule',
      { permissions: { ...blog.permissions, 'post:edit': { guest: 'no', author: 'own|team', admin: 'yes' } } },
      /^CHANGED {2}POST \/posts\/:id {2}author: own -> own\|team$/m,
    ],
    [
      'a route opened to everybody',
      { routes: [...(blog.routes ?? []).slice(1), route('POST', '/posts/:id', 'anyone')] },
      /^WIDENED {2}POST \/posts\/:id {2}everybody: no -> yes$/m,
    ],
    [
      'a new route',
      { routes: [...(blog.routes ?? []), route('GET', '/new', 'anyone')] },
      /^NEW {6}GET \/new = anyone: everybody$/m,
    ],
    ['a route that went', { routes: (blog.routes ?? []).slice(1) }, /^GONE {5}POST \/posts\/:id/m],
    [
      'a role that may less',
      { permissions: { ...blog.permissions, 'post:read': { guest: 'no', author: 'yes', admin: 'yes' } } },
      /^NARROWED GET \/posts {2}guest: yes -> no$/m,
    ],
  ])('--check fails for %s', async (_, change, line) => {
    await routes('app.js --write before.txt')
    const { code, out, err } = await routes('app.js --check before.txt', { apps: [{ ...blog, ...change }] })
    expect(code).toBe(1)
    expect(out).toMatch(line)
    expect(err).toContain('bulwark routes app.js --write before.txt')
  })

  describe('of programs', () => {
    const notify: LoadedApp = {
      ...{ name: 'notify', roles: [], permissions: {}, programs: { blog: ['notify:send'], audit: [] } },
      routes: [{ ...route('POST', '/messages'), caller: 'notify:send' }, route('GET', '/health')],
    }
    const withRoles = (allow: string): LoadedApp => ({
      ...blog,
      programs: { mirror: ['posts:copy'] },
      routes: [{ ...route('GET', '/copy', allow), caller: 'posts:copy' }, route('GET', '/posts', 'post:read')],
    })
    const allowed = (app: LoadedApp, name: string): LoadedApp => ({
      ...app,
      programs: { ...app.programs, [name]: [...(app.programs?.[name] ?? []), 'notify:send', 'posts:copy'] },
    })

    test('shows which may call which route, beside the roles or alone', async () => {
      const alone = (await routes('app.js', { apps: [notify] })).out
      expect(alone).toContain('POST   /messages  notify:send: program:blog\n')
      expect(alone).toContain('everybody may call every route that names nobody else')
      expect((await routes('app.js', { apps: [withRoles('anyone')] })).out.split('\n').slice(2, 5)).toEqual([
        '                                guest  author  admin  programs',
        'GET  /copy   caller=posts:copy  -      -       -      program:mirror',
        'GET  /posts  post:read          yes    yes     yes    -',
      ])
    })

    test('tells deliveries and bearers of tokens from everybody', async () => {
      const hooks: LoadedApp = {
        ...notify,
        routes: [
          { ...route('POST', '/hooks'), webhook: 'mail' },
          { ...route('GET', '/mine'), token: 'notices:read' },
          { ...route('GET', '/yours'), token: '' },
        ],
      }
      expect(
        toSnapshot(linesOf([hooks]))
          .split('\n')
          .slice(1, 4),
      ).toEqual([
        'POST /hooks = webhook: sender:mail',
        'GET /mine = token: bearer [notices:read]',
        'GET /yours = token: bearer',
      ])
      expect(parseSnapshot(toSnapshot(linesOf([hooks])))).toEqual(linesOf([hooks]))
      const open = { ...hooks, routes: [route('POST', '/hooks'), ...(hooks.routes ?? []).slice(1)] }
      expect(changesBetween(linesOf([hooks]), linesOf([open]))[0]?.text).toBe('POST /hooks  everybody: no -> yes')
      const locked = { ...blog, routes: [{ ...route('GET', '/mine', 'post:edit'), token: 'a b' }] }
      expect(toSnapshot(linesOf([locked]))).toContain(
        '= post:edit+token: author+bearer [own & a b], admin+bearer [a b]',
      )
      expect(parseSnapshot(toSnapshot(linesOf([locked])))).toEqual(linesOf([locked]))
    })

    test('--check fails for a program that may more, and for a route that asks for none any more', async () => {
      const lines = linesOf([notify])
      expect(toSnapshot(lines)).toContain('POST /messages = caller=notify:send: program:blog\n')
      expect(parseSnapshot(toSnapshot(lines))).toEqual(lines)
      const changes = (after: LoadedApp, before = notify): readonly string[] =>
        changesBetween(linesOf([before]), linesOf([after])).map(({ kind, text }) => `${kind} ${text}`)
      expect(changes(allowed(notify, 'audit'))).toEqual(['widened POST /messages  program:audit: no -> yes'])
      const [open] = changes({ ...notify, routes: [route('POST', '/messages'), route('GET', '/health')] })
      expect(open).toBe('widened POST /messages  everybody: no -> yes')
      const both = withRoles('post:edit')
      expect(toSnapshot(linesOf([both]))).toContain(
        'GET /copy = post:edit+caller=posts:copy: author+program:mirror [own], admin+program:mirror\n',
      )
      expect(changes(allowed(both, 'shop'), both)[0]).toMatch(/^widened GET \/copy {2}.*admin\+program:shop: no -> yes/)
      const [without] = changes({ ...both, routes: [route('GET', '/copy', 'post:edit'), ...(blog.routes ?? [])] }, both)
      expect(without).toMatch(/^widened GET \/copy {2}.*admin: no -> yes/)
    })
  })

  test('the worst stands first', () => {
    const after = {
      ...blog,
      permissions: { ...blog.permissions, 'post:edit': { guest: 'yes', author: 'no', admin: 'yes' } },
    }
    expect(changesBetween(linesOf([blog]), linesOf([after])).map(({ kind }) => kind)).toEqual(['widened', 'narrowed'])
  })

  test('a snapshot read back is the same', () => {
    const lines = linesOf([
      blog,
      { ...blog, name: 'shop', routes: [route('GET', '/a = b: c'), route('GET', '/a = b: c', 'anyone')] },
    ])
    expect(parseSnapshot(toSnapshot(lines))).toEqual(lines)
  })

  test.each([
    ['', 'which app?'],
    ['missing.js', 'there is no file missing.js'],
    ['app.js other.js', 'one file, not 2'],
    ['app.js --write a --check b', 'do not go together'],
    ['app.js --check missing.txt', 'there is no file missing.txt'],
    ['app.js --check app.txt', 'app.txt:1 is no line'],
    ['app.js --wriet x', 'did you mean --write?'],
  ])('"%s" is wrong usage', async (line, message) => {
    writeFileSync(join(home, 'app.txt'), 'nonsense\n')
    const { code, err } = await routes(line, { apps: [] })
    expect([code, err.includes(message)]).toEqual([2, true])
  })

  test('an app in which nothing is protected, or that broke, is no success', async () => {
    const nothing = await routes('app.js', { apps: [] })
    expect([nothing.code, nothing.err]).toEqual([3, expect.stringContaining('never called')])
    const broken = await routes('app.js --check access.txt', { apps: [], failure: 'no database', said: 'ECONNREFUSED' })
    expect([broken.code, broken.err]).toEqual([3, expect.stringMatching(/no database\n {2}ECONNREFUSED/)])
  })

  test('its help fits a page', async () => {
    const { out } = await routes('--help')
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})

const adapter = (name: string): string => JSON.stringify(join(root, `library/adapters/${name}.ts`))
const POLICY = `{ onEvent: () => {}, accessControl: { roles: { guest: ['a:read'], admin: ['*', 'a:edit'] }, identify: () => undefined } }`

describe('an app is asked in a process of its own', () => {
  const load = (name: string, text: string, call?: string): Promise<Loaded> => {
    const file = join(home, `${name}.ts`)
    writeFileSync(file, text)
    const child = fileURLToPath(new URL('./child.ts', import.meta.url))
    return loadApp({ file, cwd: root, imports: ['tsx'], call, child, patience: 15_000 })
  }
  const found = ({ apps }: Loaded) =>
    apps.map(({ routes: own }) => own?.map(({ method, path, allow }) => `${method} ${path} ${allow}`))

  test('Express, which listens once its database is there', async () => {
    const loaded = await load(
      'express',
      `import express from 'express'
import { bulwark, secure } from ${adapter('express')}
const app = express()
app.use(bulwark(${POLICY}))
app.get('/a', secure({ allow: 'a:read' }), (req, res) => res.send('a'))
const router = express.Router()
router.post('/:id', secure({ allow: 'a:edit', object: () => ({}) }), (req, res) => res.send('a'))
app.use('/deep', router)
setTimeout(() => app.listen(80, '0.0.0.0', function () { console.log('at', this.address()) }), 200)
`,
    )
    expect(loaded).toMatchObject({
      apps: [{ name: 'app', roles: ['guest', 'admin'], permissions: { 'a:edit': { guest: 'no', admin: 'yes' } } }],
    })
    expect(loaded.apps[0]?.routes).toMatchObject([
      { method: 'GET', path: '/a', allow: 'a:read', at: expect.stringMatching(/express\.ts:5$/), loadsObject: false },
      { method: 'POST', path: '/deep/:id', allow: 'a:edit', loadsObject: true },
    ])
  }, 60_000)

  test('Express that may not start because a route declares nothing', async () => {
    const loaded = await load(
      'undeclared',
      `import express from 'express'
import { bulwark, secure } from ${adapter('express')}
const app = express()
app.use(bulwark(${POLICY}))
app.get('/a', secure({ allow: 'a:read' }), (req, res) => res.send('a'))
app.get('/b', (req, res) => res.send('b'))
app.listen(3000)
`,
    )
    expect(found(loaded)).toEqual([['GET /a a:read', 'GET /b undefined']])
    expect(loaded.failure).toContain('BULWARK_ROUTE_UNDECLARED')
  }, 60_000)

  test('Fastify made by a function, and Hono exported', async () => {
    const fastify = await load(
      'fastify',
      `import fastify from 'fastify'
import { bulwark, secure } from ${adapter('fastify')}
export async function build() {
  const app = fastify()
  app.register(bulwark(${POLICY}))
  app.get('/a', secure({ allow: 'a:read' }), async () => 'a')
  await app.ready()
  return app
}
`,
      'build',
    )
    expect(found(fastify)[0]).toContain('GET /a a:read')
    const hono = await load(
      'hono',
      `import { Hono } from 'hono'
import { bulwark, secure } from ${adapter('hono')}
const app = new Hono()
app.use(bulwark(${POLICY}))
app.get('/a/:id', secure({ allow: 'a:read' }), (c) => c.text('a'))
export default app
`,
    )
    expect(found(hono)).toEqual([['GET /a/:id a:read']])
  }, 60_000)

  test('an app that ends its own process tells what it said', async () => {
    const loaded = await load('ends', `console.error('no database here'); process.exit(1)`)
    expect(loaded).toMatchObject({
      apps: [],
      failure: expect.stringContaining('ended'),
      said: expect.stringContaining('no database here'),
    })
  }, 60_000)
})
