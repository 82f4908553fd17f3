import { expect, test } from 'vitest'
import { memoryAccountStore } from './stores/memory.ts'
import { makeWorld, OTHER_PASSWORD, PASSWORD, slow, whoIs } from './test-world.ts'

const MINUTE = 60_000

test('an address is changed by a link that goes to the new one, and the old one is told twice', async () => {
  const { accounts, addPerson, signedIn, letters, token } = makeWorld()
  const id = await addPerson()
  const browser = await signedIn()
  const before = browser.cookies.get('__Host-journal-session')
  expect(await browser.visit((s) => accounts.requestEmailChange(s, { email: 'new@example.org' }))).toEqual({ ok: true })
  const link = await token('change-email')
  expect((await accounts.find(id))?.email).toBe('ann@example.org')
  const answer = await browser.visit((s) => accounts.confirmEmailChange(s, { token: link }))
  expect(answer).toMatchObject({ ok: true, profile: { id, email: 'new@example.org', emailVerified: true } })
  await accounts.settled()
  expect(letters.map(({ kind, to }) => [kind, to])).toEqual([
    ['email-change-requested', 'ann@example.org'],
    ['change-email', 'new@example.org'],
    ['email-changed', 'ann@example.org'],
  ])
  expect(browser.cookies.get('__Host-journal-session')).not.toBe(before)
  expect(await whoIs(browser)).toBe(id)
  expect(await browser.visit((s) => accounts.confirmEmailChange(s, { token: link }))).toMatchObject({ reason: 'link' })
  expect(browser.events).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('e-mail address') }))
})

test('it needs a fresh session or the password', async () => {
  const { accounts, addPerson, signedIn, visitor, pass } = makeWorld()
  await addPerson()
  const browser = await signedIn()
  pass(11 * MINUTE)
  const ask = (password?: string) =>
    browser.visit((s) => accounts.requestEmailChange(s, { email: 'new@example.org', password }))
  expect(await ask()).toMatchObject({ reason: 'not-fresh', status: 401 })
  expect(await ask(OTHER_PASSWORD)).toMatchObject({ reason: 'wrong-password' })
  expect(await ask(PASSWORD)).toEqual({ ok: true })
  expect(await ask()).toEqual({ ok: true })
  const guest = await visitor().visit((s) => accounts.requestEmailChange(s, { email: 'new@example.org' }))
  expect(guest).toMatchObject({ reason: 'signed-out' })
  expect(await browser.visit((s) => accounts.requestEmailChange(s, { email: 'new' }))).toMatchObject({
    reason: 'email',
  })
})

test('the owner of a mailbox to which a mistyped address belongs gets nothing by the link', async () => {
  const { accounts, addPerson, signedIn, visitor, token } = makeWorld()
  const id = await addPerson()
  await addPerson('bob@example.org')
  const browser = await signedIn()
  await browser.visit((s) => accounts.requestEmailChange(s, { email: 'stranger@example.org' }))
  const link = await token('change-email')
  const bob = await signedIn('bob@example.org')
  for (const stranger of [visitor(), bob]) {
    const answer = await stranger.visit((s) => accounts.confirmEmailChange(s, { token: link }))
    expect(answer).toMatchObject({ ok: false, reason: 'signed-out' })
  }
  expect((await accounts.find(id))?.email).toBe('ann@example.org')
  expect(await browser.visit((s) => accounts.confirmEmailChange(s, { token: link }))).toMatchObject({ ok: true })
})

test('an address that is somebody else’s answers the same, tells its owner, and is not taken', async () => {
  const { accounts, addPerson, signedIn, letters } = makeWorld()
  await addPerson()
  await addPerson('bob@example.org')
  const browser = await signedIn()
  const ask = (email: string) => browser.visit((s) => accounts.requestEmailChange(s, { email }))
  expect(await ask('BOB@example.org')).toEqual(await ask('free@example.org'))
  await accounts.settled()
  expect(letters.filter(({ to }) => to === 'bob@example.org').map(({ kind }) => kind)).toEqual(['already-registered'])
  expect(letters.filter(({ kind }) => kind === 'change-email')).toHaveLength(1)
})

test('an address that somebody else took meanwhile is not taken from him', async () => {
  const { accounts, addPerson, signedIn, token } = makeWorld()
  const id = await addPerson()
  const browser = await signedIn()
  await browser.visit((s) => accounts.requestEmailChange(s, { email: 'new@example.org' }))
  const link = await token('change-email')
  await addPerson('new@example.org')
  expect(await browser.visit((s) => accounts.confirmEmailChange(s, { token: link }))).toMatchObject({
    reason: 'taken',
    status: 409,
  })
  expect((await accounts.find(id))?.email).toBe('ann@example.org')
})

test('one’s own address may be written in other letters', async () => {
  const { accounts, addPerson, signedIn, token } = makeWorld()
  await addPerson()
  const browser = await signedIn()
  await browser.visit((s) => accounts.requestEmailChange(s, { email: 'Ann@Example.org' }))
  const link = await token('change-email')
  expect(await browser.visit((s) => accounts.confirmEmailChange(s, { token: link }))).toMatchObject({
    ok: true,
    profile: { email: 'Ann@Example.org' },
  })
})

test('of two links one works, also at the same moment: the first change ends what was begun before it', async () => {
  const { accounts, addPerson, signedIn, letters } = makeWorld({ accounts: slow(memoryAccountStore()) })
  const id = await addPerson()
  const [browser, phone] = [await signedIn(), await signedIn()]
  for (const email of ['one@example.org', 'two@example.org']) {
    await browser.visit((s) => accounts.requestEmailChange(s, { email }))
    await accounts.settled()
  }
  const links = letters.flatMap(({ link }) =>
    link === undefined ? [] : [new URL(link).searchParams.get('token') ?? ''],
  )
  const use = (who = browser, token = '') => who.visit((s) => accounts.confirmEmailChange(s, { token }))
  const answers = await Promise.all([use(browser, links[0]), use(phone, links[1])])
  expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
  expect(answers.find(({ ok }) => !ok)).toMatchObject({ reason: 'link' })
  const done = answers.find(({ ok }) => ok)
  expect((await accounts.find(id))?.email).toBe(done?.ok && done.profile.email)
})

test('a link is worth nothing after an hour, or after a change of the password', async () => {
  const { accounts, addPerson, signedIn, token, pass } = makeWorld()
  await addPerson()
  const browser = await signedIn()
  const ask = async () => {
    await browser.visit((s) => accounts.requestEmailChange(s, { email: 'new@example.org', password: PASSWORD }))
    return token('change-email')
  }
  const use = (link: string) => browser.visit((s) => accounts.confirmEmailChange(s, { token: link }))
  const old = await ask()
  // The session is used meanwhile, so that it is not what ends.
  for (let i = 0; i < 3; i++) {
    pass(20 * MINUTE)
    await whoIs(browser)
  }
  expect(await use(old)).toMatchObject({ reason: 'link' })
  const before = await ask()
  await browser.visit((s) => accounts.changePassword(s, { current: PASSWORD, password: OTHER_PASSWORD }))
  expect(await use(before)).toMatchObject({ reason: 'link' })
})
