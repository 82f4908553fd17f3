import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { frameworks, type Running } from '../../../laws/frameworks.ts'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import type { VictimApp } from '../../core/victim.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { type PasswordsOptions, passwords } from './guard.ts'
import { busy, noPassword } from './hashing/refusals.ts'
import { checkPassword, type Passwords } from './index.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixed, victim } from './victim.ts'

prove('passwords', { victim, fixed, probes, rules, sources: ['victim.ts', 'fixtures/packages.js'] })

const PASSWORD = 'my dog ate fourteen biscuits'

function offered(options: PasswordsOptions, from: ReturnType<typeof setup>): Passwords {
  return passwords(options, from).offers!['passwords']!(exchange()) as Passwords
}

describe('req.security.passwords', () => {
  test('hashes and verifies with the policy’s strength', async () => {
    const own = offered({ memory: 12_288, passes: 4 }, setup())
    const stored = await own.hash(PASSWORD)
    expect(stored).toContain('$m=12288,t=4,p=1$')
    expect(await own.verify(stored, PASSWORD)).toEqual({ ok: true })
  })

  test('takes its pepper from the policy’s keys', async () => {
    const keys = ['k3y-0123456789-abcdefghijklmnopqrstuvwxyz']
    const own = offered({ pepper: true }, setup({ keys }))
    const stored = await own.hash(PASSWORD)
    expect(stored).toContain(',keyid=')
    expect(await own.verify(stored, PASSWORD)).toEqual({ ok: true })
    expect(() => offered({ pepper: true }, setup())).toThrow(/^BULWARK_KEYS_MISSING/)
  })

  test('knows the name of the app and the words of the policy', () => {
    const own = offered({ words: ['Analytical Engines'] }, setup({ app: 'gardening' }))
    expect(own.check('gardening-2026-gardening!')).toMatchObject({ ok: false, reason: 'personal' })
    expect(own.check('AnalyticalEngines1')).toMatchObject({ ok: false, reason: 'personal' })
    expect(own.check(PASSWORD)).toEqual({ ok: true })
  })

  test('reports a stored password that is no hash, once, and without it', async () => {
    const from = setup()
    const own = offered({}, from)
    for (let i = 0; i < 3; i++) expect(await own.verify(PASSWORD, PASSWORD)).toEqual({ ok: false })
    expect(from.reports).toEqual([expect.objectContaining({ guard: 'passwords', risk: 'plain-password' })])
    expect(JSON.stringify(from.reports)).not.toContain(PASSWORD)
  })

  test('reports at most once a minute that sign-ins are refused', async () => {
    let now = 0
    const from = setup({ now: () => now })
    const own = offered({ workers: 1, waiting: 0, deadline: 1500 }, from)
    const flood = async (): Promise<number> => {
      const all = await Promise.allSettled(Array.from({ length: 4 }, () => own.verify(undefined, PASSWORD)))
      return all.filter(({ status }) => status === 'rejected').length
    }
    expect([await flood(), await flood()]).toEqual([3, 3])
    expect(from.reports.map(({ risk }) => risk)).toEqual(['hashing-flood'])
    now = 60_000
    await flood()
    expect(from.reports.map(({ risk }) => risk)).toEqual(['hashing-flood', 'hashing-flood'])
  })

  test('lengths that NIST does not allow are possible, and reported at start-up', () => {
    const from = setup()
    const own = offered({ minLength: 6, maxLength: 20 }, from)
    expect(own.check('zebraj')).toEqual({ ok: true })
    expect(from.reports).toEqual([expect.objectContaining({ risk: 'weak-password' })])
    const quiet = setup()
    offered({ minLength: 8, maxLength: 64 }, quiet)
    expect(quiet.reports).toEqual([])
  })
})

test('the sentence for a person never repeats the password', () => {
  for (const password of ['password1234567', 'jam-7', 'x'.repeat(300), '123456789012345']) {
    const checked = checkPassword(password)
    expect(checked.ok).toBe(false)
    expect(JSON.stringify(checked)).not.toContain(password)
  }
})

/** What a route gets when the machine is busy, or when it hands in what is no password. */
function refusing(app: VictimApp): void {
  app.get('/busy', async () => {
    throw busy(3)
  })
  app.get('/none', async () => {
    throw noPassword()
  })
}

describe.each(Object.keys(frameworks))('on %s', (framework) => {
  let app: Running
  beforeAll(async () => {
    app = await frameworks[framework]!(refusing, { onEvent: () => {} })
  })
  afterAll(() => app.close())

  test('a refusal is answered with its own status', async () => {
    const [late, none] = [await fetch(`${app.origin}/busy`), await fetch(`${app.origin}/none`)]
    expect([late.status, late.headers.get('retry-after'), none.status]).toEqual([503, '3', 400])
    expect(await late.text()).not.toContain('passwords')
  })
})

const sources: readonly [string, string, readonly string[]][] = [
  ['a digest of something else', "createHash('sha1').update(req.body.title)", []],
  ['a digest of a token that resets a password', "createHash('sha256').update(passwordResetToken)", []],
  ['a digest of a machine’s secret', "createHash('sha256').update(process.env.DB_PASSWORD)", []],
  ['a digest with a salt first', "createHash('sha256').update(salt).update(password)", ['passwords/fast-hash']],
  ['a digest in one call', "hash('sha512', user.password)", ['passwords/fast-hash']],
  [
    'a digest for a list of leaked ones',
    "fetch('https://pwned.example/' + createHash('sha1').update(password).digest('hex'))",
    [],
  ],
  [
    'an INSERT of a field',
    "app.post('/a', (req) => db.query('INSERT INTO people (name, password) VALUES (?, ?)', [req.body.name, req.body.password]))",
    ['passwords/plain-stored'],
  ],
  [
    'a prepared INSERT',
    "app.post('/a', (req) => db.prepare('INSERT INTO people (name, password) VALUES (?, ?)').run(req.body.name, req.body.password))",
    ['passwords/plain-stored'],
  ],
  [
    'an INSERT of a hash',
    "app.post('/a', async (req) => db.query('INSERT INTO people (password) VALUES (?)', [await hashPassword(req.body.password)]))",
    [],
  ],
  [
    'a record with a field',
    "app.post('/a', (req) => prisma.user.create({ data: { password: req.body.password } }))",
    ['passwords/plain-stored'],
  ],
  [
    'a record with a hash in a variable',
    "app.post('/a', async (req) => { const password = await scryptHash(req.body.password); users.set('a', { password }) })",
    [],
  ],
  [
    'a search by password',
    "app.post('/a', (req) => db.query('SELECT * FROM people WHERE password = ?', [req.body.password]))",
    [],
  ],
  ['scrypt with less than its default', 'scryptSync(password, salt, 32, { N: 1024 })', ['passwords/weak-parameters']],
  ['scrypt of a key', 'scryptSync(process.env.SECRET, salt, 32)', []],
  ['scrypt with options from elsewhere', 'scryptSync(password, salt, 32, options)', []],
  [
    'PBKDF2 with too few iterations',
    "pbkdf2Sync(password, salt, 100_000, 32, 'sha256')",
    ['passwords/weak-parameters'],
  ],
  ['PBKDF2 with enough', "pbkdf2Sync(password, salt, 210_000, 64, 'sha512')", []],
]
for (const [what, text, names] of sources) {
  test(`the rules read ${what}`, () => {
    const head =
      "import express from 'express'\nimport { createHash, hash, pbkdf2Sync, scryptSync } from 'node:crypto'\nconst app = express()\n"
    const { findings } = scanText('app.js', `${head}${text}\n`, rules)
    expect(findings.map(({ foundBy }) => foundBy)).toEqual(names)
  })
}
