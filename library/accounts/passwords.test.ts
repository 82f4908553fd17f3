import { describe, expect, test } from 'vitest'
import { makeWorld, OTHER_PASSWORD, PASSWORD, whoIs } from './test-world.ts'

const email = 'ann@example.org'
const MINUTE = 60_000

describe('changing the password', () => {
  test('ends all other sessions, keeps this one under a new id with what it held, and tells the owner', async () => {
    const { accounts, addPerson, signedIn, kinds, visitor } = makeWorld()
    const id = await addPerson()
    const [browser, phone] = [await signedIn(), await signedIn()]
    const thief = visitor()
    for (const [name, value] of browser.cookies) thief.cookies.set(name, value)
    await browser.visit((s) => s.session.set('cart' as never, ['tea'] as never))
    const change = { current: PASSWORD, password: OTHER_PASSWORD }
    expect(await browser.visit((s) => accounts.changePassword(s, change))).toEqual({ ok: true })
    expect(await whoIs(browser)).toBe(id)
    expect(await browser.visit((s) => s.session.get())).toMatchObject({ cart: ['tea'] })
    expect(await whoIs(phone)).toBeUndefined()
    expect(await whoIs(thief)).toBeUndefined()
    expect(await browser.visit((s) => s.session.list())).toHaveLength(1)
    expect(await kinds()).toEqual(['password-changed'])
    expect(browser.events).toContainEqual(
      expect.objectContaining({ guard: 'accounts', reason: 'a password was changed' }),
    )
    expect(await phone.visit((s) => accounts.signIn(s, { email, password: PASSWORD }))).toMatchObject({
      reason: 'wrong',
    })
    expect(await phone.visit((s) => accounts.signIn(s, { email, password: OTHER_PASSWORD }))).toMatchObject({
      ok: true,
    })
  })

  test('wants the current password, even from somebody who has just signed in', async () => {
    const { accounts, addPerson, signedIn, visitor, kinds } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    const change = (current?: string) =>
      browser.visit((s) => accounts.changePassword(s, { current, password: OTHER_PASSWORD }))
    expect(await change()).toMatchObject({ reason: 'wrong-password' })
    expect(await change(OTHER_PASSWORD)).toMatchObject({ reason: 'wrong-password' })
    const guest = { current: PASSWORD, password: OTHER_PASSWORD }
    expect(await visitor().visit((s) => accounts.changePassword(s, guest))).toMatchObject({ reason: 'signed-out' })
    expect(await kinds()).toEqual([])
  })

  test('to a weak one is refused', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    for (const password of ['short', 'ann@example.org', 'aaaaaaaaaaaaaaaaaaaa']) {
      const answer = await browser.visit((s) => accounts.changePassword(s, { current: PASSWORD, password }))
      expect(answer).toMatchObject({ ok: false, reason: 'password', status: 422 })
      expect(answer).not.toMatchObject({ message: 'Choose another password.' })
    }
  })

  test('of two changes at the same moment one wins, and the other is told', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    await addPerson()
    const [one, other] = [await signedIn(), await signedIn()]
    const to = (password: string) => ({ current: PASSWORD, password })
    const settled = await Promise.allSettled([
      one.visit((s) => accounts.changePassword(s, to(`${OTHER_PASSWORD} 1`))),
      other.visit((s) => accounts.changePassword(s, to(`${OTHER_PASSWORD} 2`))),
    ])
    const answers = settled.map((each) => (each.status === 'fulfilled' ? each.value : { ok: false }))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('sets the first password of somebody who just came in by another way', async () => {
    const { accounts, visitor, now, pass } = makeWorld()
    const added = await accounts.add({ email })
    const id = added.ok ? added.profile.id : ''
    const browser = visitor()
    await browser.visit((s) => s.session.signIn({ id, authenticated: { at: now(), by: ['passkey'] } }))
    pass(11 * MINUTE)
    const set = () => browser.visit((s) => accounts.changePassword(s, { password: PASSWORD }))
    expect(await set()).toMatchObject({ reason: 'not-fresh' })
    await browser.visit((s) => s.session.signIn({ id, authenticated: { at: now(), by: ['passkey'] } }))
    expect(await set()).toEqual({ ok: true })
    expect((await accounts.find(id))?.hasPassword).toBe(true)
  })
})

describe('a forgotten password', () => {
  test('is set anew by the link, which ends all sessions, signs nobody in, and works once', async () => {
    const { accounts, addPerson, signedIn, visitor, letter, token, kinds } = makeWorld()
    const id = await addPerson()
    const [thief, owner] = [await signedIn(), visitor()]
    expect(await owner.visit((s) => accounts.requestReset(s, { email: 'ANN@example.org' }))).toEqual({ ok: true })
    expect(await letter('reset-password')).toMatchObject({ to: email, minutes: 30 })
    const link = await token('reset-password')
    const reset = (password: string) => owner.visit((s) => accounts.reset(s, { token: link, password }))
    expect(await reset('short')).toMatchObject({ reason: 'password' })
    expect(await whoIs(thief)).toBe(id)
    expect(await reset(OTHER_PASSWORD)).toEqual({ ok: true })
    expect(await whoIs(thief)).toBeUndefined()
    expect(await whoIs(owner)).toBeUndefined()
    expect(await kinds()).toEqual(['reset-password', 'password-changed'])
    expect(await reset(PASSWORD)).toMatchObject({ ok: false, reason: 'link', status: 400 })
    expect(await owner.visit((s) => accounts.signIn(s, { email, password: OTHER_PASSWORD }))).toMatchObject({
      ok: true,
    })
  })

  test('gives nobody a letter where no account is, and answers the same', async () => {
    const { accounts, addPerson, visitor, kinds } = makeWorld()
    await addPerson()
    const answers = []
    for (const to of [email, 'nobody@example.org']) {
      answers.push(await visitor().visit((s) => accounts.requestReset(s, { email: to })))
    }
    expect(answers[0]).toEqual(answers[1])
    expect(await kinds()).toEqual(['reset-password'])
    expect(await visitor().visit((s) => accounts.requestReset(s, { email: 'ann' }))).toMatchObject({ reason: 'email' })
  })

  test('writes to the address that is stored, not to one that only looks the same to a database', async () => {
    const { accounts, addPerson, visitor, letters } = makeWorld()
    await addPerson('ann@example.org')
    await visitor().visit((s) => accounts.requestReset(s, { email: 'ａnn@example.org' }))
    await accounts.settled()
    expect(letters.map(({ to }) => to)).toEqual(['ann@example.org'])
  })

  test('of several links, and of many uses of one at the same moment, one works', async () => {
    const { accounts, addPerson, visitor, letters } = makeWorld()
    await addPerson()
    const browser = visitor()
    for (let i = 0; i < 2; i++) await browser.visit((s) => accounts.requestReset(s, { email }))
    await accounts.settled()
    const tokens = letters.map(({ link }) => new URL(link ?? '').searchParams.get('token') ?? '')
    expect(new Set(tokens).size).toBe(2)
    const uses = [...tokens, ...tokens].map((token, i) =>
      visitor().visit((s) => accounts.reset(s, { token, password: `${OTHER_PASSWORD} ${i}` })),
    )
    const answers = await Promise.all(uses)
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    const signIns = answers.map((_, i) =>
      visitor('203.0.113.222').visit((s) => accounts.signIn(s, { email, password: `${OTHER_PASSWORD} ${i}` })),
    )
    expect((await Promise.all(signIns)).map(({ ok }) => ok)).toEqual(answers.map(({ ok }) => ok))
  })

  test('a link is worth nothing after half an hour, after a change of the password, or when the account is closed', async () => {
    const world = makeWorld()
    const { accounts, addPerson, signedIn, visitor, token, pass } = world
    const id = await addPerson()
    const ask = async () => {
      await visitor().visit((s) => accounts.requestReset(s, { email }))
      return token('reset-password')
    }
    const use = (link: string) => visitor().visit((s) => accounts.reset(s, { token: link, password: OTHER_PASSWORD }))
    const old = await ask()
    pass(30 * MINUTE)
    expect(await use(old)).toMatchObject({ reason: 'link' })
    const before = await ask()
    const browser = await signedIn()
    await browser.visit((s) => accounts.changePassword(s, { current: PASSWORD, password: `${PASSWORD}!` }))
    expect(await use(before)).toMatchObject({ reason: 'link' })
    const last = await ask()
    await browser.visit((s) => accounts.remove(s, id))
    expect(await use(last)).toMatchObject({ reason: 'link' })
  })

  test.each([
    ['no token', undefined],
    ['an empty one', ''],
    ['a made-up one', 'A'.repeat(43)],
    ['a very long one', 'A'.repeat(100_000)],
    ['an object', { toString: () => 'A'.repeat(43) }],
  ])('%s opens nothing', async (_, token) => {
    const { accounts, visitor } = makeWorld()
    const answer = await visitor().visit((s) => accounts.reset(s, { token: token as string, password: OTHER_PASSWORD }))
    expect(answer).toMatchObject({ reason: 'link' })
  })

  test('a token of one purpose opens no other', async () => {
    const { accounts, addPerson, signedIn, visitor, token } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    await browser.visit((s) => accounts.requestReset(s, { email }))
    await browser.visit((s) => accounts.requestEmailChange(s, { email: 'new@example.org' }))
    const guest = visitor()
    await guest.visit((s) => accounts.register(s, { email: 'bob@example.org', password: PASSWORD }))
    const tokens = [await token('reset-password'), await token('change-email'), await token('verify-email')]
    const open = (step: number, given: string) =>
      [
        () => guest.visit((s) => accounts.reset(s, { token: given, password: OTHER_PASSWORD })),
        () => browser.visit((s) => accounts.confirmEmailChange(s, { token: given })),
        () => guest.visit((s) => accounts.verifyEmail(s, { token: given, password: PASSWORD })),
      ][step]?.()
    for (let step = 0; step < 3; step++) {
      for (const [i, given] of tokens.entries()) {
        if (i !== step) expect(await open(step, given)).toMatchObject({ ok: false, reason: 'link' })
      }
    }
    for (const step of [1, 0, 2]) {
      // A change of the address ends the open links of the account; those of others live on.
      const answer = await open(step, tokens[step] ?? '')
      expect(answer).toMatchObject(step === 0 ? { reason: 'link' } : { ok: true })
    }
  })
})
