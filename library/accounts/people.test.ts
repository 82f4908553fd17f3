import { describe, expect, test } from 'vitest'
import { memoryAccountStore } from './stores/memory.ts'
import { makeWorld, OTHER_PASSWORD, PASSWORD, whoIs } from './test-world.ts'

const right = { email: 'ann@example.org', password: PASSWORD }
const MINUTE = 60_000

describe('closing one’s account', () => {
  test('deletes the record, its sessions and its links, and tells its owner', async () => {
    const { accounts, addPerson, signedIn, visitor, token, letter } = makeWorld()
    const id = await addPerson()
    const [browser, phone] = [await signedIn(), await signedIn()]
    await browser.visit((s) => accounts.requestReset(s, right))
    const link = await token('reset-password')
    expect(await browser.visit((s) => accounts.close(s))).toEqual({ ok: true, id })
    expect(await accounts.find(id)).toBeUndefined()
    expect(await whoIs(browser)).toBeUndefined()
    expect(await whoIs(phone)).toBeUndefined()
    expect(await letter('account-closed')).toMatchObject({ to: right.email })
    const reset = { token: link, password: OTHER_PASSWORD }
    expect(await visitor().visit((s) => accounts.reset(s, reset))).toMatchObject({ reason: 'link' })
    expect(await visitor().visit((s) => accounts.signIn(s, right))).toMatchObject({ reason: 'wrong' })
    expect(browser.events).toContainEqual(expect.objectContaining({ reason: 'an account was closed' }))
  })

  test('needs a fresh session or the password', async () => {
    const { accounts, addPerson, signedIn, visitor, pass } = makeWorld()
    const id = await addPerson()
    const browser = await signedIn()
    pass(11 * MINUTE)
    const close = (password?: string) => browser.visit((s) => accounts.close(s, { password }))
    for (const none of [undefined, '']) expect(await close(none)).toMatchObject({ reason: 'not-fresh' })
    expect(await close(OTHER_PASSWORD)).toMatchObject({ reason: 'wrong-password' })
    expect(await visitor().visit((s) => accounts.close(s))).toMatchObject({ reason: 'signed-out' })
    expect(await accounts.find(id)).toBeDefined()
    expect(await close(PASSWORD)).toEqual({ ok: true, id })
  })

  test('takes away first what the app keeps elsewhere, and stays open while that fails', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    const id = await addPerson()
    const browser = await signedIn()
    const asked: string[] = []
    const fails = async (): Promise<never> => {
      throw new Error('The disk is full.')
    }
    await expect(browser.visit((s) => accounts.close(s, { before: fails }))).rejects.toThrow('The disk is full.')
    expect(await whoIs(browser)).toBe(id)
    const before = async (whom: string) => asked.push(`${whom} is ${(await accounts.find(whom)) ? 'there' : 'gone'}`)
    expect(await browser.visit((s) => accounts.close(s, { before }))).toEqual({ ok: true, id })
    expect(asked).toEqual([`${id} is there`])
  })

  test('asks nothing of the app before it is clear who asks, nor for what a form calls so', async () => {
    const { accounts, addPerson, signedIn, visitor, pass } = makeWorld()
    const id = await addPerson()
    const browser = await signedIn()
    pass(11 * MINUTE)
    const asked: string[] = []
    const before = (whom: string) => asked.push(whom)
    await browser.visit((s) => accounts.close(s, { before, password: OTHER_PASSWORD }))
    await visitor().visit((s) => accounts.close(s, { before }))
    expect(asked).toEqual([])
    const body = { password: PASSWORD, before: 'words' } as unknown as { password: string }
    expect(await browser.visit((s) => accounts.close(s, body))).toEqual({ ok: true, id })
  })

  test('twice at the same moment happens once; the address is free then, for another id', async () => {
    const { accounts, addPerson, signedIn, kinds } = makeWorld()
    const id = await addPerson()
    const [one, other] = [await signedIn(), await signedIn()]
    const answers = await Promise.allSettled([
      one.visit((s) => accounts.close(s)),
      other.visit((s) => accounts.close(s)),
    ])
    expect(answers.filter((each) => each.status === 'fulfilled' && each.value.ok)).toHaveLength(1)
    expect((await kinds()).filter((kind) => kind === 'account-closed')).toHaveLength(1)
    expect(await addPerson()).not.toBe(id)
    expect(await whoIs(one)).toBeUndefined()
  })

  test.each([
    [
      'a change of the profile',
      (w: ReturnType<typeof makeWorld>, id: string) => w.accounts.update(id, () => ({ name: 'Late' })),
    ],
    ['a sign-in', (w: ReturnType<typeof makeWorld>) => w.visitor().visit((s) => w.accounts.signIn(s, right))],
    [
      'a change of roles',
      (w: ReturnType<typeof makeWorld>, id: string) => w.visitor().visit((s) => w.accounts.setRoles(s, id, ['admin'])),
    ],
  ])('while %s is under way leaves no account and no session', async (_, meanwhile) => {
    const store = memoryAccountStore()
    const world = makeWorld({ accounts: store })
    const id = await world.addPerson()
    const browser = await world.signedIn()
    await Promise.allSettled([browser.visit((s) => world.accounts.close(s)), meanwhile(world, id)])
    await world.accounts.settled()
    expect(await store.get(id)).toBeUndefined()
    const count = await world.visitor().visit((s) => s.session.endAll(id))
    expect(count).toBe(0)
  })
})

describe('for admins', () => {
  test('a change of roles counts from the next request, and ends the sessions of the person', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    const id = await addPerson(undefined, ['reader'])
    await addPerson('admin@example.org', ['admin'])
    const [browser, admin] = [await signedIn(), await signedIn('admin@example.org')]
    expect(await admin.visit((s) => accounts.setRoles(s, id, ['editor']))).toEqual({ ok: true })
    expect(await whoIs(browser)).toBeUndefined()
    const again = await signedIn()
    expect(await again.visit((_, x) => accounts.identify(x))).toEqual({ id, roles: ['editor'] })
    expect(await admin.visit((s) => accounts.setRoles(s, 'nobody', []))).toMatchObject({
      reason: 'missing',
      status: 404,
    })
  })

  test('roles count at once even where a session lived on', async () => {
    const store = memoryAccountStore()
    const { accounts, addPerson, signedIn } = makeWorld({ accounts: store })
    const id = await addPerson(undefined, ['admin'])
    const browser = await signedIn()
    await store.change({ ...(await store.get(id))!, roles: [] })
    expect(await browser.visit((_, x) => accounts.identify(x))).toEqual({ id, roles: [] })
    await store.remove(id)
    expect(await browser.visit((_, x) => accounts.identify(x))).toBeUndefined()
  })

  test('whoever changes the own roles stays, under a new id', async () => {
    const { accounts, addPerson, signedIn } = makeWorld()
    const id = await addPerson(undefined, ['admin'])
    const browser = await signedIn()
    const before = browser.cookies.get('__Host-journal-session')
    await browser.visit((s) => accounts.setRoles(s, id, ['reader']))
    expect(await browser.visit((_, x) => accounts.identify(x))).toEqual({ id, roles: ['reader'] })
    expect(browser.cookies.get('__Host-journal-session')).not.toBe(before)
  })

  test('somebody is signed out everywhere, and what he had begun is over', async () => {
    const { accounts, addPerson, signedIn, visitor, token } = makeWorld()
    const id = await addPerson()
    await addPerson('admin@example.org', ['admin'])
    const browsers = [await signedIn(), await signedIn()]
    await visitor().visit((s) => accounts.requestReset(s, right))
    const link = await token('reset-password')
    const admin = await signedIn('admin@example.org')
    expect(await admin.visit((s) => accounts.endSessions(s, id))).toBe(2)
    for (const browser of browsers) expect(await whoIs(browser)).toBeUndefined()
    expect(await admin.visit((s) => accounts.reset(s, { token: link, password: OTHER_PASSWORD }))).toMatchObject({
      reason: 'link',
    })
    expect(await whoIs(admin)).toBeDefined()
  })

  test('an account is removed with its sessions', async () => {
    const { accounts, addPerson, signedIn, letter } = makeWorld()
    const id = await addPerson()
    await addPerson('admin@example.org', ['admin'])
    const [browser, admin] = [await signedIn(), await signedIn('admin@example.org')]
    expect(await admin.visit((s) => accounts.remove(s, id))).toEqual({ ok: true })
    expect(await admin.visit((s) => accounts.remove(s, id))).toMatchObject({ reason: 'missing' })
    expect(await whoIs(browser)).toBeUndefined()
    expect(await letter('account-closed')).toMatchObject({ to: right.email })
  })

  test('accounts are listed newest first, and found by parts of their address', async () => {
    const { accounts, addPerson, pass } = makeWorld()
    for (const name of ['ann', 'bob', 'cat']) {
      await addPerson(`${name}@example.org`)
      pass(1)
    }
    expect((await accounts.list()).map(({ email }) => email)).toEqual([
      'cat@example.org',
      'bob@example.org',
      'ann@example.org',
    ])
    const [first] = await accounts.list({ limit: 1 })
    expect((await accounts.list({ limit: 5, after: first?.id })).map(({ email }) => email)).toEqual([
      'bob@example.org',
      'ann@example.org',
    ])
    expect(await accounts.list({ search: 'BOB' })).toHaveLength(1)
    expect(await accounts.findByEmail('BOB@example.org')).toMatchObject({ email: 'bob@example.org' })
    expect(await accounts.findByEmail('bob')).toBeUndefined()
  })
})

describe('adding and updating', () => {
  test('an invited person chooses a password by mail', async () => {
    const { accounts, visitor, token } = makeWorld({ roles: ['reader'] })
    const added = await accounts.add({ email: 'New@example.org', name: 'New', attributes: { team: 3 } })
    expect(added).toMatchObject({
      ok: true,
      profile: { roles: ['reader'], hasPassword: false, attributes: { team: 3 } },
    })
    await visitor().visit((s) => accounts.requestReset(s, { email: 'new@example.org' }))
    const link = await token('reset-password')
    await visitor().visit((s) => accounts.reset(s, { token: link, password: PASSWORD }))
    const answer = await visitor().visit((s) => accounts.signIn(s, { email: 'new@example.org', password: PASSWORD }))
    expect(answer).toMatchObject({ ok: true })
  })

  test('what is no address, no name, or taken is refused', async () => {
    const { accounts, addPerson } = makeWorld()
    await addPerson()
    expect(await accounts.add({ email: 'ann' })).toMatchObject({ reason: 'email' })
    expect(await accounts.add({ email: 'b@example.org', name: 'a\nb' })).toMatchObject({ reason: 'name' })
    expect(await accounts.add({ email: 'ANN@example.org' })).toMatchObject({ reason: 'taken' })
  })

  test('no update of many at once is lost, and nothing but name and attributes can be changed by one', async () => {
    const { accounts, addPerson } = makeWorld()
    const id = await addPerson()
    const add = (n: number) =>
      accounts.update(
        id,
        ({ attributes }) => ({ attributes: { ...attributes, [`n${n}`]: n }, roles: ['admin'] }) as never,
      )
    await Promise.all(Array.from({ length: 20 }, (_, n) => add(n)))
    const profile = await accounts.find(id)
    expect(Object.keys(profile?.attributes ?? {})).toHaveLength(20)
    expect(profile?.roles).toEqual([])
    expect(await accounts.update(id, () => ({ name: 'Ann' }))).toMatchObject({ profile: { name: 'Ann' } })
    expect(await accounts.update(id, () => ({ name: undefined }))).toMatchObject({ profile: { name: undefined } })
    expect(await accounts.update(id, () => ({ name: '\0' }))).toMatchObject({ reason: 'name' })
    expect(await accounts.update('nobody', () => ({}))).toMatchObject({ reason: 'missing' })
  })

  test('an account that everybody writes to all the time is an error, not an endless loop', async () => {
    const store = memoryAccountStore()
    const { accounts, addPerson } = makeWorld({
      accounts: {
        name: 'busy',
        create: (account) => store.create(account),
        get: (id) => store.get(id),
        getByEmail: (email) => store.getByEmail(email),
        change: () => 'conflict',
        remove: (id) => store.remove(id),
        list: (page) => store.list(page),
      },
    })
    const id = await addPerson()
    await expect(accounts.update(id, () => ({ name: 'Ann' }))).rejects.toMatchObject({
      code: 'BULWARK_STORE_UNAVAILABLE',
      status: 503,
    })
  })
})
