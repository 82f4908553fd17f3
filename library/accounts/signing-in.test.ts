import { hash as argon2 } from '@node-rs/argon2'
import { describe, expect, test } from 'vitest'
import { memoryAccountStore } from './stores/memory.ts'
import { makeWorld, OTHER_PASSWORD, PASSWORD, whoIs } from './test-world.ts'

const right = { email: 'ann@example.org', password: PASSWORD }
const MINUTE = 60_000

describe('signing in', () => {
  test('gives a session under a new id, and says when and how', async () => {
    const { accounts, visitor, addPerson, now } = makeWorld()
    const id = await addPerson(undefined, ['admin'])
    const browser = visitor()
    await browser.visit((s) => s.session.set('bulwarkAccounts', { registration: 'x' }))
    const before = browser.cookies.get('__Host-journal-session')
    const answer = await browser.visit((s) => accounts.signIn(s, { ...right, email: ' ANN@example.ORG ' }))
    expect(answer).toMatchObject({ ok: true, profile: { id, email: right.email, roles: ['admin'] } })
    expect(before).toBeDefined()
    expect(browser.cookies.get('__Host-journal-session')).not.toBe(before)
    const user = await browser.visit((s) => s.user())
    expect(user).toEqual({ id, authenticated: { at: now(), by: ['password'] } })
    expect(await browser.visit((s) => s.session.get('bulwarkAccounts'))).toBeUndefined()
  })

  test('hands out nothing that is secret', async () => {
    const { accounts, visitor, addPerson } = makeWorld()
    const id = await addPerson()
    const answer = await visitor().visit((s) => accounts.signIn(s, right))
    for (const shown of [answer, await accounts.find(id), await accounts.list()]) {
      expect(JSON.stringify(shown)).not.toMatch(/argon2|passwordHash|secret/)
    }
  })

  test('answers the same to a wrong password, an address without an account, and what is no address', async () => {
    const { accounts, visitor, addPerson } = makeWorld()
    await addPerson()
    await accounts.add({ email: 'invited@example.org' })
    const tries = [
      { ...right, password: OTHER_PASSWORD },
      { ...right, password: '' },
      { ...right, email: 'nobody@example.org' },
      { ...right, email: 'invited@example.org' },
      { ...right, email: 'ann' },
      { ...right, email: '' },
      { email: { $gt: '' }, password: { $gt: '' } } as unknown as typeof right,
      {} as typeof right,
    ]
    const answers = []
    for (const given of tries) {
      const browser = visitor()
      answers.push(await browser.visit((s) => accounts.signIn(s, given)))
      expect(await whoIs(browser)).toBeUndefined()
      expect([...browser.cookies.keys()]).toEqual([])
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ ok: false, reason: 'wrong', status: 401 })
  })

  test('is refused when too many were wrong, with the right password as well, in whatever letters, and also without an account', async () => {
    for (const email of ['ann@bücher.example', 'nobody@bücher.example']) {
      const { accounts, visitor, addPerson, pass } = makeWorld()
      await addPerson('ann@bücher.example')
      const attacker = visitor()
      const spellings = [
        email,
        email.toUpperCase(),
        ` ${email}`,
        email.replace('bücher', 'xn--bcher-kva'),
        email.replace('e', 'ｅ'),
      ]
      for (const each of spellings) {
        const wrong = { email: each, password: OTHER_PASSWORD }
        expect(await attacker.visit((s) => accounts.signIn(s, wrong))).toMatchObject({ reason: 'wrong' })
      }
      const answer = await attacker.visit((s) => accounts.signIn(s, { email, password: PASSWORD }))
      expect(answer).toMatchObject({ ok: false, reason: 'too-many', status: 429, retryAfter: 60 })
      pass(MINUTE)
      const later = await attacker.visit((s) => accounts.signIn(s, { email, password: PASSWORD }))
      expect(later.ok).toBe(email.startsWith('ann'))
    }
  })

  test('stores a weak hash of another program anew, with the same password', async () => {
    const store = memoryAccountStore()
    const { accounts, visitor } = makeWorld({ accounts: store })
    const weak = await argon2(PASSWORD, { memoryCost: 1024, timeCost: 1 })
    await accounts.add({ email: right.email, passwordHash: weak })
    const browser = visitor()
    expect(await browser.visit((s) => accounts.signIn(s, right))).toMatchObject({ ok: true })
    const stored = (await store.getByEmail(right.email))?.passwordHash
    expect(stored).not.toBe(weak)
    expect(stored).toMatch(/m=19456,t=2/)
    expect(await visitor().visit((s) => accounts.signIn(s, right))).toMatchObject({ ok: true })
  })

  test('does not put an old password back that was changed while its hash was made anew', async () => {
    const store = memoryAccountStore()
    const weak = await argon2(PASSWORD, { memoryCost: 1024, timeCost: 1 })
    let isRaced = false
    const { accounts, visitor } = makeWorld({
      accounts: {
        ...methodsOf(store),
        async change(account) {
          if (!isRaced) {
            isRaced = true
            const now = await store.get(account.id)
            await store.change({ ...now!, passwordHash: 'new' })
          }
          return store.change(account)
        },
      },
    })
    await accounts.add({ email: right.email, passwordHash: weak })
    const browser = visitor()
    expect(await browser.visit((s) => accounts.signIn(s, right))).toMatchObject({ ok: false })
    expect((await store.getByEmail(right.email))?.passwordHash).toBe('new')
    expect(await whoIs(browser)).toBeUndefined()
  })

  test.each([
    [
      'got another password',
      (store: ReturnType<typeof memoryAccountStore>, id: string) => async () => {
        const now = await store.get(id)
        await store.change({ ...now!, passwordHash: 'new' })
      },
    ],
    [
      'was closed',
      (store: ReturnType<typeof memoryAccountStore>, id: string) => async () => {
        await store.remove(id)
      },
    ],
  ])('leaves no session when the account %s after the password was verified', async (_, raceOf) => {
    const store = memoryAccountStore()
    let race: (() => Promise<void>) | undefined
    const { accounts, visitor, addPerson } = makeWorld({
      accounts: {
        ...methodsOf(store),
        async getByEmail(email) {
          const found = await store.getByEmail(email)
          await race?.()
          return found
        },
      },
    })
    const id = await addPerson()
    race = raceOf(store, id)
    const browser = visitor()
    expect(await browser.visit((s) => accounts.signIn(s, right))).toMatchObject({ ok: false, reason: 'wrong' })
    expect(await whoIs(browser)).toBeUndefined()
  })
})

describe('being signed in', () => {
  test('ends with signing out', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    const stolen = new Map(browser.cookies)
    await browser.visit((s) => accounts.signOut(s))
    for (const [name, value] of stolen) browser.cookies.set(name, value)
    expect(await whoIs(browser)).toBeUndefined()
  })

  test('tells who it is, with the roles as they are now', async () => {
    const { accounts, addPerson, signedIn, visitor } = makeWorld()
    const id = await addPerson()
    const browser = await signedIn()
    expect(await browser.visit((s) => accounts.current(s))).toMatchObject({ id, roles: [] })
    expect(await browser.visit((_, x) => accounts.identify(x))).toEqual({ id, roles: [] })
    expect(await visitor().visit((_, x) => accounts.identify(x))).toBeUndefined()
    expect(await visitor().visit((s) => accounts.current(s))).toBeUndefined()
  })

  test('is fresh again after the password was confirmed, under a new id', async () => {
    const { accounts, addPerson, signedIn, visitor, pass, now } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    pass(20 * MINUTE)
    const open = () => browser.visit((s) => accounts.startPasskey(s))
    const confirm = (password: string) => browser.visit((s) => accounts.reauthenticate(s, { password }))
    expect(await open()).toMatchObject({ reason: 'not-fresh' })
    expect(await confirm(OTHER_PASSWORD)).toMatchObject({ reason: 'wrong-password', status: 401 })
    expect(await open()).toMatchObject({ reason: 'not-fresh' })
    const before = browser.cookies.get('__Host-journal-session')
    expect(await confirm(PASSWORD)).toEqual({ ok: true })
    expect(browser.cookies.get('__Host-journal-session')).not.toBe(before)
    expect(await browser.visit((s) => s.user())).toMatchObject({ authenticated: { at: now(), by: ['password'] } })
    expect(await open()).toMatchObject({ ok: true })
    expect(await visitor().visit((s) => accounts.reauthenticate(s, { password: PASSWORD }))).toMatchObject({
      reason: 'signed-out',
    })
  })

  test('is not fresh before its time, when a clock was set back', async () => {
    const { accounts, addPerson, signedIn, pass } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    pass(-MINUTE)
    expect(await browser.visit((s) => accounts.startPasskey(s))).toMatchObject({ reason: 'not-fresh' })
  })

  test('limits guesses at the password of a borrowed browser', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    await addPerson()
    const browser = await signedIn()
    const answers = []
    for (let i = 0; i < 30; i++) {
      answers.push(await browser.visit((s) => accounts.reauthenticate(s, { password: `${OTHER_PASSWORD}${i}` })))
    }
    expect(answers.at(-1)).toMatchObject({ reason: 'too-many', status: 429 })
  })
})

test('a policy without sessions, passwords or limits of sign-ins is a mistake that says so', async () => {
  const { accounts } = makeWorld()
  const bare = { ip: '203.0.113.1', event() {}, user: async () => undefined } as never
  await expect(accounts.signIn(bare, right)).rejects.toThrow('leave sessions, passwords and signInThrottle on')
  await expect(accounts.current(bare)).rejects.toThrow('req.security.session')
})

/** The store's methods as properties, so that one of them can be replaced. */
function methodsOf(store: ReturnType<typeof memoryAccountStore>): ReturnType<typeof memoryAccountStore> {
  return {
    name: store.name,
    create: (account) => store.create(account),
    get: (id) => store.get(id),
    getByEmail: (email) => store.getByEmail(email),
    change: (account) => store.change(account),
    remove: (id) => store.remove(id),
    list: (page) => store.list(page),
  }
}
