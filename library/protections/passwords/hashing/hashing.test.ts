import { pbkdf2Sync, scryptSync } from 'node:crypto'
import { hash as argon2, hashSync as argon2Sync } from '@node-rs/argon2'
import { hashSync as bcrypt } from 'bcryptjs'
import { describe, expect, test } from 'vitest'
import { hashPassword, verifyPassword } from '../index.ts'
import { createPasswords, type PasswordSettings } from './create.ts'
import { hasherOf } from './hasher.ts'
import { Pool } from './pool.ts'
import { busy } from './refusals.ts'
import { parseStored } from './stored.ts'
import { checkStrength, isWeaker } from './strength.ts'
import type { Job } from './worker.ts'

const PASSWORD = 'my dog ate fourteen biscuits'
const [OLD, NEW] = ['old-0123456789-abcdefghijklmnopqrstuvwxyz', 'new-9876543210-zyxwvutsrqponmlkjihgfedc']

const phc = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '')
const SALT = Buffer.from('sixteen bytes ok')
const scrypt = (password: string, ln: number): string =>
  `$scrypt$ln=${ln},r=8,p=1$${phc(SALT)}$${phc(scryptSync(password, SALT, 32, { N: 2 ** ln, r: 8, p: 1, maxmem: 2 ** 28 }))}`
const django = (password: string, iterations: number): string =>
  `pbkdf2_sha256$${iterations}$aVerySaltySalt$${pbkdf2Sync(password, 'aVerySaltySalt', iterations, 32, 'sha256').toString('base64')}`

test('a password is hashed with argon2id at 19 MiB and 2 passes, differently each time, and verified', async () => {
  const [one, two] = await Promise.all([hashPassword(PASSWORD), hashPassword(PASSWORD)])
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(two).not.toBe(one)
  expect(await verifyPassword(one, PASSWORD)).toEqual({ ok: true })
  expect(await verifyPassword(one, 'my dog ate fourteen biscuit')).toEqual({ ok: false })
  expect(await verifyPassword(one, '')).toEqual({ ok: false })
})

/** Made by other programs, or printed in the RFC and in the reference implementation. */
const foreign: readonly [string, () => string, string, 'is hashed anew' | 'stays'][] = [
  ['argon2id of our own strength', () => argon2Sync(PASSWORD), PASSWORD, 'stays'],
  [
    'argon2id with more memory and one pass',
    () => argon2Sync(PASSWORD, { memoryCost: 47_104, timeCost: 1 }),
    PASSWORD,
    'stays',
  ],
  [
    'argon2id of less strength',
    () => argon2Sync(PASSWORD, { memoryCost: 9_216, timeCost: 2 }),
    PASSWORD,
    'is hashed anew',
  ],
  [
    'argon2id of the reference implementation',
    () => '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    'password',
    'is hashed anew',
  ],
  [
    'argon2i of the reference implementation',
    () => '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
    'password',
    'is hashed anew',
  ],
  [
    'argon2i of version 16',
    () => '$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY',
    'password',
    'is hashed anew',
  ],
  ['argon2d', () => argon2Sync(PASSWORD, { algorithm: 0 }), PASSWORD, 'is hashed anew'],
  ['scrypt of Node’s default strength', () => scrypt(PASSWORD, 14), PASSWORD, 'is hashed anew'],
  [
    'scrypt of RFC 7914',
    () =>
      `$scrypt$ln=10,r=8,p=16$TmFDbA$${phc(Buffer.from('fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640', 'hex'))}`,
    'password',
    'is hashed anew',
  ],
  ['bcrypt', () => bcrypt(PASSWORD, 4), PASSWORD, 'is hashed anew'],
  ['bcrypt as PHP writes it', () => bcrypt(PASSWORD, 4).replace('$2b$', '$2y$'), PASSWORD, 'is hashed anew'],
  ['bcrypt of old', () => bcrypt(PASSWORD, 4).replace('$2b$', '$2a$'), PASSWORD, 'is hashed anew'],
  ['bcrypt of over 72 bytes', () => bcrypt(PASSWORD.repeat(3), 4), PASSWORD.repeat(3), 'stays'],
  ['PBKDF2 as Django writes it', () => django(PASSWORD, 1000), PASSWORD, 'is hashed anew'],
  [
    'PBKDF2 as a PHC string',
    () => `$pbkdf2-sha512$i=1000$${phc(SALT)}$${phc(pbkdf2Sync(PASSWORD, SALT, 1000, 64, 'sha512'))}`,
    PASSWORD,
    'is hashed anew',
  ],
  [
    'PBKDF2 as passlib writes it',
    () =>
      `$pbkdf2$1000$${phc(SALT).replaceAll('+', '.')}$${phc(pbkdf2Sync(PASSWORD, SALT, 1000, 20, 'sha1')).replaceAll('+', '.')}`,
    PASSWORD,
    'is hashed anew',
  ],
]
describe('a hash of another program is read', () => {
  for (const [what, make, password, expected] of foreign) {
    test(`${what}: ${expected}`, async () => {
      const stored = make()
      expect(await verifyPassword(stored, `?${password}`)).toEqual({ ok: false })
      const { ok, rehash } = await verifyPassword(stored, password)
      expect(ok).toBe(true)
      expect(rehash === undefined ? 'stays' : 'is hashed anew').toBe(expected)
      if (rehash !== undefined) expect(await verifyPassword(rehash, password)).toEqual({ ok: true })
    })
  }
})

const strengths: readonly [string, 'weaker' | 'as strong'][] = [
  [`$argon2id$v=19$m=19456,t=2,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'as strong'],
  [`$argon2id$v=19$m=47104,t=1,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'as strong'],
  [`$argon2id$v=19$m=65536,t=3,p=4$${phc(SALT)}$${'A'.repeat(43)}`, 'as strong'],
  [`$argon2id$v=19$m=4096,t=20,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'weaker'],
  [`$argon2id$v=19$m=19456,t=1,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'weaker'],
  [`$argon2id$v=16$m=19456,t=2,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'weaker'],
  [`$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$${'A'.repeat(43)}`, 'weaker'],
  [`$argon2id$v=19$m=19456,t=2,p=1$${phc(SALT)}$${'A'.repeat(22)}`, 'weaker'],
  [`$argon2i$v=19$m=65536,t=3,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'weaker'],
  [`$scrypt$ln=17,r=8,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'as strong'],
  [`$scrypt$ln=15,r=8,p=3$${phc(SALT)}$${'A'.repeat(43)}`, 'as strong'],
  [`$scrypt$ln=16,r=8,p=1$${phc(SALT)}$${'A'.repeat(43)}`, 'weaker'],
  [`$scrypt$ln=10,r=8,p=90$${phc(SALT)}$${'A'.repeat(43)}`, 'weaker'],
  [`$2b$14$${'a'.repeat(53)}`, 'weaker'],
  [`pbkdf2_sha256$1200000$salt$${'A'.repeat(43)}=`, 'weaker'],
]
test.each(strengths)('$0 is $1', (text, expected) => {
  const stored = parseStored(text)
  expect(stored).toBeDefined()
  if (stored !== undefined) expect(isWeaker(stored, checkStrength({})) ? 'weaker' : 'as strong').toBe(expected)
})

describe('where no package can be installed', () => {
  const notices: string[] = []
  const hasher = hasherOf({
    strength: checkStrength({}),
    pool: new Pool({ workers: 1, waiting: 9, deadline: 60_000 }),
    pepper: undefined,
    onNotice: (notice) => notices.push(notice),
    can: () => false,
  })

  test('passwords are hashed with scrypt, and somebody is told', async () => {
    const stored = await hasher.hash(PASSWORD)
    expect(stored).toMatch(/^\$scrypt\$ln=17,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(await hasher.verify(stored, PASSWORD)).toEqual({ ok: true })
    expect(notices).toEqual(['no argon2'])
  }, 60_000)

  test.each([
    ['an argon2 hash', () => argon2Sync(PASSWORD)],
    ['a bcrypt hash', () => bcrypt(PASSWORD, 4)],
  ] as const)('%s is no wrong password, but a missing package', async (_, make) => {
    await expect(hasher.verify(make(), PASSWORD)).rejects.toMatchObject({
      code: 'BULWARK_HASHING_UNAVAILABLE',
      fix: expect.stringMatching(/^npm install /),
    })
  })
})

test('every byte counts, also behind the 72nd', async () => {
  const long = 'zebra jam and tea, '.repeat(20)
  const stored = await hashPassword(long)
  expect(await verifyPassword(stored, long)).toEqual({ ok: true })
  expect(await verifyPassword(stored, long.slice(0, 72))).toEqual({ ok: false })
  expect(await verifyPassword(stored, `${long.slice(0, -1)}.`)).toEqual({ ok: false })
  expect(await verifyPassword(stored, ` ${long}`)).toEqual({ ok: false })
  expect(await verifyPassword(stored, long.toUpperCase())).toEqual({ ok: false })
})

test('one password in two spellings of Unicode is one password', async () => {
  const [composed, decomposed] = ['Z\u00fcrich am See 7', 'Zu\u0308rich am See 7']
  expect(await verifyPassword(await hashPassword(decomposed), composed)).toEqual({ ok: true })
  const theirs = await argon2(decomposed)
  expect(await verifyPassword(theirs, decomposed)).toMatchObject({
    ok: true,
    rehash: expect.stringMatching(/^\$argon2id/),
  })
  expect(await verifyPassword(theirs, composed)).toEqual({ ok: false })
})

const unreadable: readonly [string, string][] = [
  ['the password itself', PASSWORD],
  ['nothing', ''],
  ['SHA-1', '5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8'],
  ['a bare salt and hash', `${phc(SALT)}$${phc(SALT)}`],
  ['8 GB of memory', `$argon2id$v=19$m=8388608,t=1,p=1$${phc(SALT)}$${phc(SALT)}`],
  ['512 MB of memory', `$argon2id$v=19$m=524288,t=1,p=1$${phc(SALT)}$${phc(SALT)}`],
  ['a thousand passes', `$argon2id$v=19$m=65536,t=1000,p=1$${phc(SALT)}$${phc(SALT)}`],
  ['no passes', `$argon2id$v=19$m=19456,t=0,p=1$${phc(SALT)}$${phc(SALT)}`],
  ['less memory than lanes', `$argon2id$v=19$m=8,t=1,p=16$${phc(SALT)}$${phc(SALT)}`],
  ['a hash of three bytes', `$argon2id$v=19$m=19456,t=2,p=1$${phc(SALT)}$AAAA`],
  ['data beside the hash', `$argon2id$v=19$m=19456,t=2,p=1,data=AAAA$${phc(SALT)}$${phc(SALT)}`],
  ['a text behind the hash', `${argon2Sync('a')}\n`],
  ['scrypt with 4 GB', `$scrypt$ln=22,r=8,p=1$${phc(SALT)}$${phc(SALT)}`],
  ['scrypt with lanes for ever', `$scrypt$ln=17,r=8,p=99$${phc(SALT)}$${phc(SALT)}`],
  ['bcrypt for a day', `$2b$31$${'a'.repeat(53)}`],
  ['bcrypt with a flaw', `$2x$10$${'a'.repeat(53)}`],
  ['PBKDF2 for a day', `pbkdf2_sha256$99999999$salt$${'A'.repeat(43)}=`],
  ['a megabyte', `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(1_048_576)}$AAAA`],
]
describe('what is no hash is never right', () => {
  for (const [what, stored] of unreadable) {
    test(what, async () => {
      expect(parseStored(stored)).toBeUndefined()
      expect(await verifyPassword(stored, stored === '' ? 'x' : stored.slice(0, 4000))).toEqual({ ok: false })
    })
  }
})

test('without an account the answer is no, whatever the password', async () => {
  for (const stored of [undefined, null]) expect(await verifyPassword(stored, PASSWORD)).toEqual({ ok: false })
  for (const password of [undefined, null, 1, {}, [PASSWORD], 'x'.repeat(5000), '\ud83d']) {
    expect(await verifyPassword(argon2Sync(String(password)), password as string)).toEqual({ ok: false })
  }
})

test.each([undefined, '', ['a'], 'x'.repeat(4097), 'half \ud83d'])('%j cannot be hashed', async (password) => {
  await expect(hashPassword(password as string)).rejects.toMatchObject({
    code: 'BULWARK_PASSWORD_INVALID',
    status: 400,
  })
})

describe('with a pepper', () => {
  const old = createPasswords({ pepper: true }, { keys: [OLD] })
  const both = createPasswords({ pepper: true }, { keys: [NEW, OLD] })

  test('the hash names its key, and is hashed anew when there is a newer one', async () => {
    const stored = await old.hash(PASSWORD)
    expect(stored).toMatch(/,p=1,keyid=[A-Za-z0-9+/]{8}\$/)
    expect(await old.verify(stored, PASSWORD)).toEqual({ ok: true })
    const { ok, rehash } = await both.verify(stored, PASSWORD)
    expect(ok).toBe(true)
    expect(await both.verify(rehash, PASSWORD)).toEqual({ ok: true })
    await expect(old.verify(rehash, PASSWORD)).rejects.toMatchObject({ code: 'BULWARK_KEYS_MISSING' })
  })

  test('a key that is gone is a mistake and no wrong password', async () => {
    const stored = await old.hash(PASSWORD)
    await expect(verifyPassword(stored, PASSWORD)).rejects.toMatchObject({ code: 'BULWARK_KEYS_MISSING' })
  })

  test('the hash alone says nothing about the password', async () => {
    const stored = await old.hash(PASSWORD)
    expect(await verifyPassword(stored.replace(/,keyid=[^$]+/, ''), PASSWORD)).toEqual({ ok: false })
  })

  test('what was hashed without it is hashed anew', async () => {
    expect(await old.verify(await hashPassword(PASSWORD), PASSWORD)).toMatchObject({
      ok: true,
      rehash: expect.any(String),
    })
  })

  test('there has to be a key', () => {
    expect(() => createPasswords({ pepper: true })).toThrow(/^BULWARK_KEYS_MISSING/)
  })
})

const wrongSettings: readonly [PasswordSettings, string][] = [
  [{ memory: 4096 }, 'BULWARK_POLICY_UNSAFE'],
  [{ passes: 1 }, 'BULWARK_POLICY_UNSAFE'],
  [{ memory: Number.NaN }, 'BULWARK_POLICY_UNSAFE'],
  [{ memory: 1_048_576 }, 'BULWARK_POLICY_INVALID'],
  [{ passes: 1000 }, 'BULWARK_POLICY_INVALID'],
  [{ workers: 0 }, 'BULWARK_POLICY_INVALID'],
  [{ waiting: -1 }, 'BULWARK_POLICY_INVALID'],
  [{ deadline: '5' }, 'BULWARK_DURATION_INVALID'],
  [{ deadline: '1h' }, 'BULWARK_DURATION_INVALID'],
  [{ minLength: 0 }, 'BULWARK_POLICY_INVALID'],
]
test.each(wrongSettings)('%j is refused with %s', (settings, code) => {
  expect(() => createPasswords(settings)).toThrow(
    expect.objectContaining({ code, at: expect.stringMatching(/^policy\.passwords\./) }),
  )
})

describe('the threads', () => {
  const job: Job = { kind: 'pbkdf2', digest: 'sha512', iterations: 50_000, salt: SALT, length: 32, password: PASSWORD }
  const expected = new Uint8Array(pbkdf2Sync(PASSWORD, SALT, 50_000, 32, 'sha512'))

  test('take as many as they may, and refuse the next one with 503', async () => {
    const pool = new Pool({ workers: 2, waiting: 1, deadline: 60_000 })
    const three = [pool.derive(job), pool.derive(job), pool.derive(job)]
    await expect(pool.derive(job)).rejects.toMatchObject({
      code: 'BULWARK_HASHING_BUSY',
      status: 503,
      headers: { 'Retry-After': expect.stringMatching(/^[1-4]$/) },
    })
    expect(await Promise.all(three)).toEqual([expected, expected, expected])
    expect(await pool.derive(job)).toEqual(expected)
  })

  test('let nobody wait longer than the deadline', async () => {
    const pool = new Pool({ workers: 1, waiting: 10, deadline: 1 })
    const first = pool.derive({ ...job, iterations: 1_000_000 })
    await expect(pool.derive(job)).rejects.toMatchObject({ code: 'BULWARK_HASHING_BUSY' })
    expect(await first).toHaveLength(32)
    expect(await pool.derive(job)).toEqual(expected)
  }, 60_000)

  test('go on after a derivation that failed', async () => {
    const pool = new Pool({ workers: 1, waiting: 10, deadline: 60_000 })
    const failing = pool.derive({ ...job, digest: 'sha0' as 'sha1' })
    const behind = pool.derive(job)
    await expect(failing).rejects.toMatchObject({
      code: 'BULWARK_HASHING_UNAVAILABLE',
      message: expect.stringContaining('sha0'),
    })
    expect(await behind).toEqual(expected)
  })

  test('are asked for accounts that do not exist as well, so that time tells nothing', async () => {
    const passwords = createPasswords({ workers: 1, waiting: 0 })
    const wrong = passwords.verify(undefined, PASSWORD)
    await expect(passwords.verify('no hash', PASSWORD)).rejects.toMatchObject({ code: 'BULWARK_HASHING_BUSY' })
    expect(await wrong).toEqual({ ok: false })
  })

  test('being busy keeps nobody out whose hash is only to be replaced', async () => {
    const stored = django(PASSWORD, 1)
    const threads = new Pool({ workers: 1, waiting: 0, deadline: 1000 })
    let calls = 0
    const hasher = hasherOf({
      strength: checkStrength({}),
      pool: { derive: (one) => (++calls === 1 ? threads.derive(one) : Promise.reject(busy(1))) },
      pepper: undefined,
      onNotice: () => {},
    })
    expect(await hasher.verify(stored, PASSWORD)).toEqual({ ok: true })
    expect(calls).toBe(2)
    await expect(hasher.verify(stored, PASSWORD)).rejects.toMatchObject({ status: 503 })
  })
})
