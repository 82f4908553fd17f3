import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Io } from '../io.ts'
import { run } from '../main.ts'
import type { Account, Needs, PostgresFacts } from './account.ts'
import { parseAddress, withoutSecrets } from './address.ts'
import { covers, parseGrant } from './grants.ts'
import { needsOf, sourcesIn } from './needs.ts'
import { findingsOf } from './report.ts'
import { toScript } from './script.ts'

async function bulwark(line: string, env: Io['env'] = {}): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const io = {
    version: '1',
    cwd: process.cwd(),
    width: 80,
    colour: false,
    env,
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
  } as unknown as Io
  return { code: await run(line.split(' '), io), out, err }
}

describe('the command', () => {
  test.each([
    ['db', 'db takes what to do'],
    ['db chekc', 'db cannot "chekc"'],
    ['db check', 'which database? Give its URL, or set DATABASE_URL'],
    ['db check a b', 'check takes one URL'],
    ['db check s3cret', 'that is no URL of a database'],
    ['db check redis://:s3cret@h/0', 'that is no URL of PostgreSQL, MySQL or MariaDB'],
    ['db check postgres://u:s3cret@h', 'the URL names no host, or no database'],
    ['db check postgres://u:s3cret@h/d --code nowhere', 'there is no folder nowhere'],
    ['db check postgres://u:s3cret@h/d --queries nowhere', 'there is no file nowhere'],
    ['db check postgres://u:s3cret@h/d --fail-on never', '--fail-on must be one of'],
  ])('%s is wrong usage, and repeats no password', async (line, message) => {
    const { code, out, err } = await bulwark(line)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(`bulwark: ${message}`)
    expect(err).not.toContain('s3cret')
  })

  test.each(['postgres', 'mysql'])('a server of %s that is not there ends with exit code 3', async (scheme) => {
    const { code, out, err } = await bulwark('db check', { DATABASE_URL: `${scheme}://ann:s3cret@127.0.0.1:1/shop` })
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^bulwark: could not ask ann@127\.0\.0\.1:1\/shop\n {2}.*ECONNREFUSED/)
    expect(err).not.toContain('s3cret')
  })
})

test('an address is shown without its password, in whatever way it is written', () => {
  const address = parseAddress('mariadb://a%40b:p%2Fw@[::1]:3307/my%20shop?password=x1y2')
  expect(address).toMatchObject({ kind: 'mysql', shown: 'a@b@[::1]:3307/my shop' })
  expect(address.url).toMatch(/^mysql:/)
  expect(withoutSecrets('no p/w, no p%2Fw, no x1y2', address)).toBe('no ***, no ***, no ***')
})

describe('lines of SHOW GRANTS', () => {
  test.each<[string, object | undefined]>([
    [
      "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*1F'",
      { rights: ['USAGE'], database: '*', object: '*', grantable: false },
    ],
    [
      'GRANT ALL PRIVILEGES ON `my\\_shop`.* TO `a`@`%` WITH GRANT OPTION',
      { rights: ['ALL PRIVILEGES'], database: 'my\\_shop', object: '*', grantable: true },
    ],
    [
      'GRANT SELECT (`a`, `b`), UPDATE (`c`) ON `s`.`t` TO `a`@`%`',
      { rights: ['SELECT', 'UPDATE'], database: 's', object: 't' },
    ],
    [
      'GRANT SELECT (`a`, `odd)``, b`), INSERT, UPDATE (id) ON `s`.`t` TO `a`@`%`',
      { rights: ['SELECT', 'INSERT', 'UPDATE'], columns: { SELECT: ['a', 'odd)`, b'], UPDATE: ['id'] } },
    ],
    ['GRANT EXECUTE ON PROCEDURE `s`.`p` TO `a`@`%`', { rights: ['EXECUTE'], database: 's', object: 'p' }],
    ['GRANT SELECT ON `odd``.name`.`TO x` TO `a`@`%`', { rights: ['SELECT'], database: 'odd`.name', object: 'TO x' }],
    [
      "GRANT PROXY ON ''@'%' TO 'root'@'localhost' WITH GRANT OPTION",
      { rights: ['PROXY'], database: '*', grantable: true },
    ],
    ['GRANT `boss`@`%` TO `a`@`%`', { rights: [], role: '`boss`@`%`' }],
    ['GRANT boss TO `a`@`%` WITH ADMIN OPTION', { role: 'boss', grantable: true }],
    ['SET DEFAULT ROLE boss FOR `a`@`%`', undefined],
  ])('%s', (line, grant) => {
    const found = parseGrant(line)
    if (grant === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject(grant)
  })

  test('is read at once when its quotes are never closed', () => {
    // Each pair of quotes could be an empty name, or a quote in a name.
    const line = `GRANT SELECT (${'``'.repeat(32)} ON \`a\`.\`b\` TO \`x\`@\`y\``
    expect(parseGrant(line)).toMatchObject({ database: 'a', object: 'b' })
  })

  test.each([
    ['*', 'shop', true],
    ['shop', 'shop', true],
    ['shop', 'shops', false],
    ['my_shop', 'my_shop', true],
    ['my_shop', 'myxshop', true],
    ['my\\_shop', 'myxshop', false],
    ['my\\_shop', 'my_shop', true],
    ['shop%', 'shop_two', true],
    ['a.b', 'axb', false],
  ])('%j is for %j: %s', (pattern, database, expected) => {
    expect(covers(pattern, database)).toBe(expected)
  })
})

describe('what statements need', () => {
  test.each<[string, Record<string, string[]>]>([
    ['SELECT a FROM posts p JOIN "people" ON true', { posts: ['SELECT'], people: ['SELECT'] }],
    ['insert into shop.posts (a) values (1)', { posts: ['INSERT'] }],
    ['INSERT INTO posts (a) VALUES (1) RETURNING id', { posts: ['INSERT', 'SELECT'] }],
    ['INSERT INTO posts (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2', { posts: ['INSERT', 'SELECT', 'UPDATE'] }],
    ['INSERT INTO posts VALUES (1) ON DUPLICATE KEY UPDATE a = 2', { posts: ['INSERT', 'SELECT', 'UPDATE'] }],
    ['UPDATE posts SET a = 1', { posts: ['UPDATE'] }],
    ['update only "posts" as p set a = 1 where b = 2', { posts: ['SELECT', 'UPDATE'] }],
    ['DELETE FROM `posts` WHERE a = 1', { posts: ['DELETE', 'SELECT'] }],
    [
      'SELECT 1 FROM posts p, shop.people AS a, "logs" WHERE a.id = 1',
      { posts: ['SELECT'], people: ['SELECT'], logs: ['SELECT'] },
    ],
    ["'SELECT 1 FROM \\`posts\\`, \\`logs\\` l'", { posts: ['SELECT'], logs: ['SELECT'] }],
    ['MERGE INTO posts USING fresh ON a = b', { posts: ['DELETE', 'INSERT', 'SELECT', 'UPDATE'] }],
    ['REPLACE INTO posts VALUES (1)', { posts: ['DELETE', 'INSERT'] }],
    ['SELECT * FROM jobs WHERE done = 0 LIMIT 1 FOR UPDATE', { jobs: ['SELECT', 'UPDATE'] }],
  ])('%s', (statement, expected) => {
    const needs = needsOf([statement])
    expect(Object.fromEntries([...needs].map(([name, rights]) => [name, [...rights].sort()]))).toEqual(expected)
  })

  test('is read from sources, and neither from tests, packages nor migrations', () => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-db-'))
    for (const path of ['src', 'node_modules', 'migrations']) mkdirSync(join(folder, path))
    for (const path of ['src/a.ts', 'src/a.test.ts', 'node_modules/b.js', 'migrations/c.sql', 'src/d.png'])
      writeFileSync(join(folder, path), `${path}: SELECT`)
    expect([...sourcesIn(folder)]).toEqual(['src/a.ts: SELECT'])
    rmSync(folder, { recursive: true })
  })

  test('takes no longer for a text that never ends', () => {
    expect(needsOf([`${'update t '.repeat(2000)}${'insert into t '.repeat(2000)}`]).size).toBe(1)
  })
})

const facts: PostgresFacts = {
  kind: 'postgres',
  publicCreates: [],
  sequences: [
    { schema: 'public', name: 'ids', of: undefined },
    { schema: 'public', name: 'logs_id', of: 'public.logs' },
    { schema: 'public', name: 'posts_id', of: 'public.po"sts' },
  ],
  otherDatabases: ['else\nDROP DATABASE x; --'],
  owners: ['boss"; --'],
}
const account: Account = {
  server: 'PostgreSQL',
  version: '15',
  name: 'ann',
  database: 'sh"op\n; DROP TABLE a',
  excess: [],
  tables: [
    { schema: 'public', name: 'po"sts', rights: ['SELECT', 'DELETE'] },
    { schema: 'public', name: 'logs', rights: ['INSERT'] },
  ],
  facts,
}

describe('the script', () => {
  test('keeps every name a name, also in comments', () => {
    const script = toScript(account, 'we\'b"; DROP ROLE a; --', undefined)
    expect(script).toContain('ON "public"."po""sts" TO "we\'b""; DROP ROLE a; --";')
    expect(script).toContain("rolname = 'we''b\"; DROP ROLE a; --'")
    expect(script).toContain('FOR ROLE "boss""; --"')
    expect(script.split('\n').filter((line) => /^(?:DROP|; DROP)/.test(line.trim()))).toEqual([
      '; DROP TABLE a" TO "we\'b""; DROP ROLE a; --";',
    ])
    const mysql = toScript({ ...account, facts: { kind: 'mysql', host: "%' --" } }, "a'b\\", undefined)
    expect(mysql).toContain("'a''b\\\\'@'%'' --'")
  })

  test('gives no more than the account has when nobody looked at what the app needs', () => {
    const script = toScript(account, 'web', undefined)
    expect(script).toContain('GRANT SELECT, DELETE\n  ON "public"."po""sts" TO "web";')
    expect(script).toContain('GRANT INSERT\n  ON "public"."logs" TO "web";')
    expect([...script.matchAll(/SEQUENCE "public"\."(\w+)"/g)].map(([, name]) => name)).toEqual(['ids', 'logs_id'])
    expect(script).toContain('GRANT SELECT, INSERT, DELETE ON TABLES')
    expect(script).not.toContain('UPDATE')
    const mysql = toScript({ ...account, facts: { kind: 'mysql', host: '%' } }, 'web', undefined)
    expect(mysql).toContain('.`logs` TO')
    expect(mysql).not.toMatch(/\.\* TO|UPDATE/)
  })

  test('leaves a right on some columns what it is, and gives none of it on tables to come', () => {
    const tables = [
      { schema: 'public', name: 'a', rights: ['SELECT', 'UPDATE'], columns: { SELECT: ['x"y', 'z'], UPDATE: ['z'] } },
    ]
    const script = toScript({ ...account, tables }, 'web', undefined)
    expect(script).toContain('GRANT SELECT ("x""y", "z"), UPDATE ("z")\n  ON "public"."a" TO "web";')
    expect(script).not.toContain('DEFAULT PRIVILEGES')
    const needs: Needs = new Map([['a', new Set(['UPDATE', 'DELETE'] as const)]])
    expect(toScript({ ...account, tables }, 'web', needs)).toContain('GRANT UPDATE ("z"), DELETE\n')
    const mysql = toScript({ ...account, tables, facts: { kind: 'mysql', host: '%' } }, 'web', undefined)
    expect(mysql).toContain('GRANT SELECT (`x"y`, `z`), UPDATE (`z`)\n  ON `')
    expect(mysql).not.toContain('.* TO')
  })

  test('grants what is needed, and sequences only to those who insert', () => {
    const needs: Needs = new Map([['po"sts', new Set(['SELECT'] as const)]])
    const script = toScript(account, 'web', needs)
    expect(script).toContain('GRANT SELECT\n  ON "public"."po""sts" TO "web";')
    expect(script).not.toMatch(/logs|SEQUENCE|DEFAULT PRIVILEGES/)
    expect(findingsOf(account, needs).map(({ what }) => what)).toEqual([
      'It has rights that no statement needs: DELETE on po"sts, INSERT on logs.',
    ])
  })
})
