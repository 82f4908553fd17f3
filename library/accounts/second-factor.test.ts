import { TOTP } from 'otpauth'
import { describe, expect, test } from 'vitest'
import type { Visitor } from '../testing/visitor.ts'
import { memoryAccountStore } from './stores/memory.ts'
import { KEY, makeWorld, OTHER_PASSWORD, PASSWORD, slow, type World, whoIs } from './test-world.ts'

const right = { email: 'ann@example.org', password: PASSWORD }
const MINUTE = 60_000
const STEP = 30_000

interface Guarded {
  readonly id: string
  readonly browser: Visitor
  readonly recoveryCodes: readonly string[]
  /** What the authenticator app shows now, or some steps from now. */
  code(steps?: number): string
}

/** Somebody with an authenticator app, signed in, whose next code has not been used. */
async function withTotp(world: World): Promise<Guarded> {
  const { accounts } = world
  const id = await world.addPerson()
  const browser = await world.signedIn()
  const begun = await browser.visit((s) => accounts.startTotp(s))
  if (!begun.ok) throw new Error(begun.reason)
  const code = (steps = 0) => TOTP.generate({ secret: secretOf(begun.uri), timestamp: world.now() + steps * STEP })
  const done = await browser.visit((s) => accounts.confirmTotp(s, { code: code() }))
  if (!done.ok) throw new Error(done.reason)
  world.pass(2 * STEP)
  return { id, browser, recoveryCodes: done.recoveryCodes, code }
}

function secretOf(uri: string) {
  return new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' }).secret
}

/** A browser in which the password was right, and nothing else. */
async function halfIn({ accounts, visitor }: World, password = PASSWORD): Promise<Visitor> {
  const browser = visitor()
  const answer = await browser.visit((s) => accounts.signIn(s, { ...right, password }))
  expect(answer).toMatchObject({ ok: false, reason: 'second-factor', status: 401 })
  return browser
}

function enter({ accounts }: World, browser: Visitor, code: string) {
  return browser.visit((s) => accounts.enterCode(s, { code }))
}

describe('setting up an authenticator app', () => {
  test('shows a secret, wants a code of it, and answers ten recovery codes once', async () => {
    const world = makeWorld()
    const { accounts } = world
    const id = await world.addPerson()
    const browser = await world.signedIn()
    const session = browser.cookies.get('__Host-journal-session')
    const begun = await browser.visit((s) => accounts.startTotp(s))
    if (!begun.ok) throw new Error(begun.reason)
    expect(begun.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(begun.uri).toBe(
      `otpauth://totp/Journal:ann%40example.org?issuer=Journal&secret=${begun.secret}&algorithm=SHA1&digits=6&period=30`,
    )
    expect(await browser.visit((s) => accounts.confirmTotp(s, { code: '000000' }))).toMatchObject({ reason: 'code' })
    expect((await accounts.find(id))?.hasTotp).toBe(false)
    const code = TOTP.generate({ secret: secretOf(begun.uri), timestamp: world.now() })
    const done = await browser.visit((s) => accounts.confirmTotp(s, { code: `${code.slice(0, 3)} ${code.slice(3)}` }))
    const codes = done.ok ? done.recoveryCodes : []
    expect(new Set(codes).size).toBe(10)
    for (const each of codes) expect(each).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(await accounts.find(id)).toMatchObject({ hasTotp: true, recoveryCodesLeft: 10 })
    expect(await world.kinds()).toEqual(['totp-added'])
    expect(browser.cookies.get('__Host-journal-session')).not.toBe(session)
    expect(await browser.visit((s) => accounts.confirmTotp(s, { code }))).toMatchObject({ reason: 'expired' })
  })

  test('keeps the secret sealed and the recovery codes hashed, in the store of accounts and while it is set up', async () => {
    const store = memoryAccountStore()
    const world = makeWorld({ accounts: store })
    const { id, recoveryCodes } = await withTotp(world)
    const stored = JSON.stringify(await store.get(id))
    expect(stored).toMatch(/"secret":"bw1\.[\w-]{80,}"/)
    for (const code of recoveryCodes) expect(stored).not.toContain(code)
  })

  test('needs a fresh session or the password, and somebody who is signed in', async () => {
    const world = makeWorld()
    const { accounts } = world
    await world.addPerson()
    const browser = await world.signedIn()
    world.pass(11 * MINUTE)
    expect(await browser.visit((s) => accounts.startTotp(s))).toMatchObject({ reason: 'not-fresh' })
    expect(await browser.visit((s) => accounts.startTotp(s, { password: OTHER_PASSWORD }))).toMatchObject({
      reason: 'wrong-password',
    })
    expect(await browser.visit((s) => accounts.startTotp(s, { password: PASSWORD }))).toMatchObject({ ok: true })
    const guest = world.visitor()
    expect(await guest.visit((s) => accounts.startTotp(s))).toMatchObject({ reason: 'signed-out' })
    expect(await guest.visit((s) => accounts.confirmTotp(s, { code: '000000' }))).toMatchObject({
      reason: 'signed-out',
    })
    expect(await guest.visit((s) => accounts.removeTotp(s))).toMatchObject({ reason: 'signed-out' })
    expect(await guest.visit((s) => accounts.makeRecoveryCodes(s))).toMatchObject({ reason: 'signed-out' })
  })

  test('is over after ten minutes', async () => {
    const world = makeWorld()
    await world.addPerson()
    const browser = await world.signedIn()
    const begun = await browser.visit((s) => world.accounts.startTotp(s))
    world.pass(10 * MINUTE)
    const code = TOTP.generate({ secret: secretOf(begun.ok ? begun.uri : ''), timestamp: world.now() })
    expect(await browser.visit((s) => world.accounts.confirmTotp(s, { code }))).toMatchObject({ reason: 'expired' })
  })

  test('of two confirmations at the same moment, one gets recovery codes, and those are the ones that work', async () => {
    const world = makeWorld()
    const { accounts } = world
    await world.addPerson()
    const [browser, twin] = [await world.signedIn(), await world.signedIn()]
    const begun = await browser.visit((s) => accounts.startTotp(s))
    const code = TOTP.generate({ secret: secretOf(begun.ok ? begun.uri : ''), timestamp: world.now() })
    const confirm = (who: Visitor) => who.visit((s) => accounts.confirmTotp(s, { code }))
    const answers = await Promise.all([confirm(browser), confirm(twin)])
    const done = answers.flatMap((answer) => (answer.ok ? [answer.recoveryCodes] : []))
    expect(done).toHaveLength(1)
    expect(await enter(world, await halfIn(world), done[0]?.[0] ?? '')).toMatchObject({ ok: true })
  })

  test('without keys is refused, as the secret could only be stored open', async () => {
    const world = makeWorld({ keys: undefined })
    await world.addPerson()
    const browser = await world.signedIn()
    await expect(browser.visit((s) => world.accounts.startTotp(s))).rejects.toThrow('BULWARK_KEYS_MISSING')
  })
})

describe('signing in with a code', () => {
  test('nobody is signed in before the code is there, and the same browser is under a new id then', async () => {
    const world = makeWorld()
    const { id, code } = await withTotp(world)
    const browser = await halfIn(world)
    expect(await whoIs(browser)).toBeUndefined()
    expect(await browser.visit((_, x) => world.accounts.identify(x))).toBeUndefined()
    const before = browser.cookies.get('__Host-journal-session')
    expect(await enter(world, browser, code())).toMatchObject({ ok: true, by: 'totp', profile: { id, hasTotp: true } })
    expect(await whoIs(browser)).toBe(id)
    expect(browser.cookies.get('__Host-journal-session')).not.toBe(before)
    expect(await browser.visit((s) => s.user())).toMatchObject({ authenticated: { by: ['password', 'totp'] } })
  })

  test('takes a code of the step before or after, for clocks that differ, and none of further away', async () => {
    const world = makeWorld()
    const { code } = await withTotp(world)
    for (const [steps, ok] of [
      [-2, false],
      [2, false],
      [-1, true],
      [1, true],
    ] as const) {
      expect((await enter(world, await halfIn(world), code(steps))).ok).toBe(ok)
    }
  })

  test('takes no code twice, and none from before one that was used', async () => {
    const world = makeWorld()
    const { code } = await withTotp(world)
    const now = code()
    expect(await enter(world, await halfIn(world), now)).toMatchObject({ ok: true })
    const thief = await halfIn(world)
    expect(await enter(world, thief, now)).toMatchObject({ ok: false, reason: 'code' })
    expect(await enter(world, thief, code(-1))).toMatchObject({ reason: 'code' })
    expect(await whoIs(thief)).toBeUndefined()
    world.pass(STEP)
    expect(await enter(world, thief, code())).toMatchObject({ ok: true })
  })

  test('takes one code once, also in two browsers at the same moment', async () => {
    const world = makeWorld({ accounts: slow(memoryAccountStore()) })
    const { code } = await withTotp(world)
    const browsers = [await halfIn(world), await halfIn(world), await halfIn(world)]
    const now = code()
    const answers = await Promise.all(browsers.map((browser) => enter(world, browser, now)))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('the code by which it was set up is used already', async () => {
    const world = makeWorld()
    await world.addPerson()
    const browser = await world.signedIn()
    const begun = await browser.visit((s) => world.accounts.startTotp(s))
    const code = TOTP.generate({ secret: secretOf(begun.ok ? begun.uri : ''), timestamp: world.now() })
    await browser.visit((s) => world.accounts.confirmTotp(s, { code }))
    expect(await enter(world, await halfIn(world), code)).toMatchObject({ reason: 'code' })
  })

  test.each(['', '12345', '1234567', 'abcdef', '１２３４５６', '12 34 56', '-12345', '1e5000'])(
    '%j is no code',
    async (given) => {
      const world = makeWorld()
      await withTotp(world)
      expect(await enter(world, await halfIn(world), given)).toMatchObject({ ok: false, reason: 'code' })
    },
  )

  test('an object for a code is none', async () => {
    const world = makeWorld()
    await withTotp(world)
    const browser = await halfIn(world)
    expect(await enter(world, browser, { length: 6 } as unknown as string)).toMatchObject({ reason: 'code' })
  })
})

describe('what a right password leaves behind', () => {
  test('is worth nothing in another browser, and is no session', async () => {
    const world = makeWorld()
    const { code } = await withTotp(world)
    await halfIn(world)
    expect(await enter(world, world.visitor(), code())).toMatchObject({ ok: false, reason: 'expired' })
  })

  test('stolen with its cookie, still wants a code, opens no account page, and ends with the sign-in of its owner', async () => {
    const world = makeWorld()
    const { accounts } = world
    const { code } = await withTotp(world)
    const owner = await halfIn(world)
    const thief = world.visitor()
    for (const [name, value] of owner.cookies) thief.cookies.set(name, value)
    expect(await thief.visit((s) => accounts.current(s))).toBeUndefined()
    expect(await thief.visit((s) => accounts.removeTotp(s, { password: PASSWORD }))).toMatchObject({
      reason: 'signed-out',
    })
    expect(await enter(world, owner, code())).toMatchObject({ ok: true })
    world.pass(STEP)
    expect(await enter(world, thief, code())).toMatchObject({ reason: 'expired' })
  })

  test('is good for one sign-in, also with two right codes at the same moment', async () => {
    const world = makeWorld({ accounts: slow(memoryAccountStore()) })
    const { code, recoveryCodes } = await withTotp(world)
    const owner = await halfIn(world)
    const thief = world.visitor()
    for (const [name, value] of owner.cookies) thief.cookies.set(name, value)
    const codes = [code(), recoveryCodes[0] ?? '']
    const answers = await Promise.allSettled([owner, thief].map((who, i) => enter(world, who, codes[i] ?? '')))
    expect(answers.filter((each) => each.status === 'fulfilled' && each.value.ok)).toHaveLength(1)
  })

  test('is over after five minutes, and after five wrong codes', async () => {
    const world = makeWorld()
    const { code } = await withTotp(world)
    const late = await halfIn(world)
    world.pass(5 * MINUTE)
    expect(await enter(world, late, code())).toMatchObject({ reason: 'expired' })
    const guessing = await halfIn(world)
    for (let i = 0; i < 5; i++) expect(await enter(world, guessing, '000000')).toMatchObject({ reason: 'code' })
    expect(await enter(world, guessing, code())).toMatchObject({ reason: 'expired' })
    expect(await enter(world, guessing, code())).toMatchObject({ reason: 'expired' })
  })

  test('is over when the password changes, or the account is closed', async () => {
    const world = makeWorld()
    const { accounts } = world
    const { id, browser, code } = await withTotp(world)
    const one = await halfIn(world)
    await browser.visit((s) => accounts.changePassword(s, { current: PASSWORD, password: OTHER_PASSWORD }))
    expect(await enter(world, one, code())).toMatchObject({ reason: 'expired' })
    const other = await halfIn(world, OTHER_PASSWORD)
    await browser.visit((s) => accounts.remove(s, id))
    expect(await enter(world, other, code())).toMatchObject({ reason: 'expired' })
    expect(await whoIs(other)).toBeUndefined()
  })

  test('guesses at codes are limited over many sign-ins and many addresses, whatever the password gives back', async () => {
    const world = makeWorld()
    const { id, code, recoveryCodes } = await withTotp(world)
    const answers: string[] = []
    for (let i = 0; i < 12; i++) {
      const thief = await halfIn(world)
      const answer = await enter(world, thief, '000000')
      answers.push(answer.ok ? 'in' : answer.reason)
    }
    expect(answers).toEqual([...Array(10).fill('code'), 'too-many', 'too-many'])
    expect((await world.kinds()).filter((kind) => kind === 'codes-guessed')).toHaveLength(1)
    const owner = await halfIn(world)
    expect(await enter(world, owner, code())).toMatchObject({ reason: 'too-many', status: 429, retryAfter: 90 })
    expect(owner.events).toContainEqual(expect.objectContaining({ outcome: 'denied', risk: 'password-guessing' }))
    // Nobody is locked out: a recovery code is taken at once, and a code a little later.
    expect(await enter(world, owner, recoveryCodes[0] ?? '')).toMatchObject({ ok: true, profile: { id } })
    world.pass(90_000)
    expect(await enter(world, await halfIn(world), code())).toMatchObject({ ok: true })
  })

  test('guesses at codes are limited over days as well', async () => {
    const world = makeWorld()
    const { id, code } = await withTotp(world)
    const guess = (given: string) => world.visitor().visit((s) => world.accounts.checkCode(s, { id, code: given }))
    let taken = 0
    for (let i = 0; i < 96; i++) {
      world.pass(15 * MINUTE)
      for (let n = 0; n < 4; n++) if (!isTooMany(await guess('000000'))) taken++
    }
    expect(taken).toBeLessThanOrEqual(100)
    world.pass(30 * MINUTE)
    expect(await guess(code())).toMatchObject({ ok: true })
  })

  test('codes that are right use no guesses up, and leave the browser known for the password', async () => {
    const world = makeWorld()
    const { id, code } = await withTotp(world)
    const browser = await halfIn(world)
    const device = browser.cookies.get('__Host-journal-device')
    expect(await enter(world, browser, code())).toMatchObject({ ok: true })
    expect(device).toBeDefined()
    expect(browser.cookies.get('__Host-journal-device')).toBe(device)
    for (let i = 0; i < 60; i++) {
      world.pass(STEP)
      expect(await browser.visit((s) => world.accounts.checkCode(s, { id, code: code() }))).toMatchObject({ ok: true })
    }
  })
})

describe('a recovery code', () => {
  test('stands in for the app, in whatever letters, once, and the owner is told', async () => {
    const world = makeWorld()
    const { id, recoveryCodes } = await withTotp(world)
    const given = ` ${(recoveryCodes[0] ?? '').toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l')}`
    const browser = await halfIn(world)
    expect(await enter(world, browser, given)).toMatchObject({
      ok: true,
      by: 'recovery-code',
      profile: { recoveryCodesLeft: 9 },
    })
    expect(await whoIs(browser)).toBe(id)
    expect(await world.letter('recovery-code-used')).toMatchObject({ to: right.email })
    expect(browser.events).toContainEqual(
      expect.objectContaining({ reason: 'somebody signed in with a recovery code' }),
    )
    expect(await enter(world, await halfIn(world), given)).toMatchObject({ reason: 'code' })
    expect(await enter(world, await halfIn(world), recoveryCodes[1] ?? '')).toMatchObject({ ok: true })
  })

  test('is used once, also in two browsers at the same moment; two different ones are both used', async () => {
    const world = makeWorld({ accounts: slow(memoryAccountStore()) })
    const { id, recoveryCodes } = await withTotp(world)
    const browsers = [await halfIn(world), await halfIn(world), await halfIn(world)]
    const [same = '', other = ''] = recoveryCodes
    const answers = await Promise.all(browsers.map((browser, i) => enter(world, browser, i < 2 ? same : other)))
    expect(answers.slice(0, 2).filter(({ ok }) => ok)).toHaveLength(1)
    expect(answers[2]).toMatchObject({ ok: true })
    expect((await world.accounts.find(id))?.recoveryCodesLeft).toBe(8)
  })

  test('of somebody else opens nothing', async () => {
    const store = memoryAccountStore()
    const world = makeWorld({ accounts: store })
    const { id, recoveryCodes } = await withTotp(world)
    const bob = await store.get(await world.addPerson('bob@example.org'))
    const ann = await store.get(id)
    await store.change({ ...bob!, totp: ann?.totp, recoveryCodes: ann?.recoveryCodes ?? [] })
    const browser = world.visitor()
    await browser.visit((s) => world.accounts.signIn(s, { email: 'bob@example.org', password: PASSWORD }))
    expect(await enter(world, browser, recoveryCodes[0] ?? '')).toMatchObject({ reason: 'code' })
  })

  test('new ones end all old ones', async () => {
    const world = makeWorld()
    const { browser, recoveryCodes } = await withTotp(world)
    const made = await browser.visit((s) => world.accounts.makeRecoveryCodes(s))
    expect(made).toMatchObject({ ok: true })
    expect(await world.kinds()).toContain('recovery-codes-made')
    expect(await enter(world, await halfIn(world), recoveryCodes[0] ?? '')).toMatchObject({ reason: 'code' })
    expect(await enter(world, await halfIn(world), made.ok ? (made.recoveryCodes[9] ?? '') : '')).toMatchObject({
      ok: true,
    })
    world.pass(11 * MINUTE)
    expect(await browser.visit((s) => world.accounts.makeRecoveryCodes(s))).toMatchObject({ reason: 'not-fresh' })
  })
})

describe('without the second factor', () => {
  test('the password alone signs in again; the owner is told; recovery codes are gone', async () => {
    const world = makeWorld()
    const { accounts } = world
    const { id, browser } = await withTotp(world)
    world.pass(11 * MINUTE)
    expect(await browser.visit((s) => accounts.removeTotp(s))).toMatchObject({ reason: 'not-fresh' })
    const remove = () => browser.visit((s) => accounts.removeTotp(s, { password: PASSWORD }))
    expect(await remove()).toEqual({ ok: true })
    expect(await remove()).toMatchObject({ reason: 'missing' })
    expect(await browser.visit((s) => accounts.makeRecoveryCodes(s))).toMatchObject({ reason: 'missing' })
    expect(await accounts.find(id)).toMatchObject({ hasTotp: false, recoveryCodesLeft: 0 })
    expect(await world.kinds()).toContain('totp-removed')
    expect(await world.visitor().visit((s) => accounts.signIn(s, right))).toMatchObject({ ok: true })
  })

  test('a new password by mail does not turn it off', async () => {
    const world = makeWorld()
    const { accounts } = world
    const { code } = await withTotp(world)
    await world.visitor().visit((s) => accounts.requestReset(s, right))
    const token = await world.token('reset-password')
    const browser = world.visitor()
    expect(await browser.visit((s) => accounts.reset(s, { token, password: OTHER_PASSWORD }))).toEqual({ ok: true })
    expect(await whoIs(browser)).toBeUndefined()
    expect(await enter(world, await halfIn(world, OTHER_PASSWORD), code())).toMatchObject({ ok: true })
  })
})

describe('when keys change', () => {
  test('an old key still opens secrets, and each sign-in seals with the new one', async () => {
    const accounts = memoryAccountStore()
    const { code } = await withTotp(makeWorld({ accounts }))
    const NEW = 'mB4kW8sQ1zX6vN9cR2tY5uJ7hG3fL0pAeDoI'
    const rotated = makeWorld({ accounts, keys: [NEW, KEY] })
    rotated.pass(2 * STEP)
    expect(await enter(rotated, await halfIn(rotated), code())).toMatchObject({ ok: true })
    const retired = makeWorld({ accounts, keys: NEW })
    retired.pass(3 * STEP)
    expect(await enter(retired, await halfIn(retired), code(1))).toMatchObject({ ok: true })
  })

  test('a secret whose key is gone lets nobody in', async () => {
    const accounts = memoryAccountStore()
    const { code } = await withTotp(makeWorld({ accounts }))
    const other = makeWorld({ accounts, keys: 'mB4kW8sQ1zX6vN9cR2tY5uJ7hG3fL0pAeDoI' })
    const browser = await halfIn(other)
    await expect(enter(other, browser, code())).rejects.toThrow('BULWARK_KEYS_MISSING')
    expect(await whoIs(browser)).toBeUndefined()
  })
})

function isTooMany(answer: { readonly ok: boolean; readonly reason?: string }): boolean {
  return !answer.ok && answer.reason === 'too-many'
}
