import { TOTP } from 'otpauth'
import { describe, expect, test } from 'vitest'
import { memoryAccountStore } from './stores/memory.ts'
import { enter, halfIn, MINUTE, STEP, secretOf, withTotp } from './test-totp.ts'
import { makeWorld, OTHER_PASSWORD, PASSWORD, slow, whoIs } from './test-world.ts'

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

function isTooMany(answer: { readonly ok: boolean; readonly reason?: string }): boolean {
  return !answer.ok && answer.reason === 'too-many'
}
