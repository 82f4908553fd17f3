import { TOTP } from 'otpauth'
import { describe, expect, test } from 'vitest'
import type { Visitor } from '../testing/visitor.ts'
import { memoryAccountStore } from './stores/memory.ts'
import { enter, halfIn, MINUTE, right, STEP, secretOf, withTotp } from './test-totp.ts'
import { KEY, makeWorld, OTHER_PASSWORD, PASSWORD, slow, whoIs } from './test-world.ts'

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
