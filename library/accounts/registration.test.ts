import { describe, expect, test } from 'vitest'
import { memoryStore } from '../stores/memory.ts'
import { makeWorld, ORIGIN, OTHER_PASSWORD, PASSWORD, whoIs } from './test-world.ts'

const ann = { email: 'ann@example.org', password: PASSWORD, name: 'Ann' }

describe('registering', () => {
  test('makes an account when the link of the letter is used, once, and signs in', async () => {
    const { accounts, visitor, letter, token } = makeWorld({ roles: ['reader'] })
    const browser = visitor()
    expect(await browser.visit((s) => accounts.register(s, ann, { theme: 'dark' }))).toEqual({
      ok: true,
    })
    expect(await letter('verify-email')).toMatchObject({ to: 'ann@example.org', minutes: 1440 })
    expect((await letter('verify-email'))?.link).toMatch(/^https:\/\/journal\.example\/verify-email\?token=[\w-]{43}$/)
    expect(await accounts.findByEmail(ann.email)).toBeUndefined()
    const link = await token('verify-email')
    const answer = await browser.visit((s) => accounts.verifyEmail(s, { token: link }))
    expect(answer).toMatchObject({
      ok: true,
      profile: { email: ann.email, emailVerified: true, name: 'Ann', roles: ['reader'], attributes: { theme: 'dark' } },
    })
    const profile = await accounts.findByEmail(ann.email)
    expect(profile && (await whoIs(browser))).toBe(profile?.id)
    expect(await browser.visit((s) => accounts.verifyEmail(s, { token: link }))).toMatchObject({ reason: 'link' })
    const elsewhere = visitor()
    expect(await elsewhere.visit((s) => accounts.signIn(s, ann))).toMatchObject({ ok: true })
  })

  test('takes nothing from a form but what it is for', async () => {
    const { accounts, visitor, token } = makeWorld({ roles: ['reader'] })
    const browser = visitor()
    const form = { ...ann, roles: ['admin'], attributes: { plan: 'gold' }, id: '1', emailVerified: true, totp: {} }
    await browser.visit((s) => accounts.register(s, form))
    const link = await token('verify-email')
    const answer = await browser.visit((s) => accounts.verifyEmail(s, { token: link }))
    expect(answer).toMatchObject({ ok: true, profile: { roles: ['reader'], attributes: {}, hasTotp: false } })
    expect(answer.ok && answer.profile.id).not.toBe('1')
  })

  test('in another browser, the link wants the password that was chosen', async () => {
    const { accounts, visitor, token } = makeWorld()
    await visitor().visit((s) => accounts.register(s, ann))
    const phone = visitor()
    const link = await token('verify-email')
    const verify = (password?: string) => phone.visit((s) => accounts.verifyEmail(s, { token: link, password }))
    for (const none of [undefined, '']) {
      expect(await verify(none)).toMatchObject({ ok: false, reason: 'password-needed' })
    }
    expect(await verify(OTHER_PASSWORD)).toMatchObject({ ok: false, reason: 'wrong-password' })
    expect(await whoIs(phone)).toBeUndefined()
    expect(await verify(PASSWORD)).toMatchObject({ ok: true })
  })

  test('a stranger who registers with somebody else’s address does not get what its owner confirms', async () => {
    const { accounts, visitor, token } = makeWorld()
    await visitor().visit((s) => accounts.register(s, { email: ann.email, password: OTHER_PASSWORD }))
    const owner = visitor()
    const link = await token('verify-email')
    const answer = await owner.visit((s) => accounts.verifyEmail(s, { token: link, password: PASSWORD }))
    expect(answer).toMatchObject({ ok: false, reason: 'wrong-password' })
    expect(await accounts.findByEmail(ann.email)).toBeUndefined()
    await owner.visit((s) => accounts.register(s, ann))
    const own = await token('verify-email')
    expect(await owner.visit((s) => accounts.verifyEmail(s, { token: own }))).toMatchObject({ ok: true })
    const late = await visitor().visit((s) => accounts.verifyEmail(s, { token: link, password: OTHER_PASSWORD }))
    expect(late).toMatchObject({ ok: false, reason: 'taken' })
  })

  test('of two uses of one link at the same moment, one makes an account', async () => {
    const { accounts, visitor, token } = makeWorld()
    const browser = visitor()
    await browser.visit((s) => accounts.register(s, ann))
    const link = await token('verify-email')
    const use = () => visitor().visit((s) => accounts.verifyEmail(s, { token: link, password: PASSWORD }))
    const answers = await Promise.all([use(), use(), use()])
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await accounts.list()).toHaveLength(1)
  })

  test('of two links for one address, the second says that there is an account', async () => {
    const { accounts, visitor, letters } = makeWorld()
    const browser = visitor()
    await browser.visit((s) => accounts.register(s, ann))
    await browser.visit((s) => accounts.register(s, { ...ann, email: 'ANN@EXAMPLE.ORG' }))
    await accounts.settled()
    const [first, second] = letters.map(({ link }) => new URL(link ?? '').searchParams.get('token') ?? '')
    const use = (token = '') => browser.visit((s) => accounts.verifyEmail(s, { token, password: PASSWORD }))
    expect(await use(first)).toMatchObject({ ok: true })
    expect(await use(second)).toMatchObject({ ok: false, reason: 'taken', status: 409 })
  })

  test('a link is good for a day', async () => {
    const { accounts, visitor, token, pass } = makeWorld()
    const browser = visitor()
    await browser.visit((s) => accounts.register(s, ann))
    const link = await token('verify-email')
    pass(86_400_000)
    expect(await browser.visit((s) => accounts.verifyEmail(s, { token: link, password: PASSWORD }))).toMatchObject({
      reason: 'link',
    })
  })

  test.each([
    ['no address', { ...ann, email: 'ann' }, 'email'],
    ['an address with a line break', { ...ann, email: 'ann@example.org\r\nBcc: all@example.org' }, 'email'],
    ['an object for an address', { ...ann, email: { $ne: 1 } as unknown as string }, 'email'],
    ['a name of two lines', { ...ann, name: 'Ann\nAdmin' }, 'name'],
    ['an object for a name', { ...ann, name: {} as unknown as string }, 'name'],
    ['a short password', { ...ann, password: 'short' }, 'password'],
    ['a password made of the name', { ...ann, name: 'Bartholomew', password: 'Bartholomew12345' }, 'password'],
  ])('%s is refused, and no letter is written', async (_, given, reason) => {
    const { accounts, visitor, kinds } = makeWorld()
    const answer = await visitor().visit((s) => accounts.register(s, given))
    expect(answer).toMatchObject({ ok: false, reason, status: 422 })
    expect(await kinds()).toEqual([])
  })
})

describe('nobody learns who has an account', () => {
  test('registering with a known address answers the same, sets the same cookie, and writes to the owner', async () => {
    const { accounts, visitor, addPerson, letters } = makeWorld()
    await addPerson()
    const known = visitor()
    const unknown = visitor()
    const one = await known.visit((s) => accounts.register(s, { ...ann, email: 'Ann@EXAMPLE.org' }))
    const other = await unknown.visit((s) => accounts.register(s, { ...ann, email: 'bob@example.org' }))
    expect(one).toEqual(other)
    expect([...known.cookies.keys()]).toEqual([...unknown.cookies.keys()])
    expect(known.events).toEqual(unknown.events)
    await accounts.settled()
    expect(letters.map(({ kind, to }) => [kind, to])).toEqual([
      ['already-registered', 'ann@example.org'],
      ['verify-email', 'bob@example.org'],
    ])
    expect(letters[0]?.link).toBeUndefined()
  })

  test('no store is asked about the address before the answer', async () => {
    const asked: string[] = []
    const world = makeWorld()
    const { accounts, visitor } = makeWorld({
      accounts: {
        name: 'watched',
        create: () => undefined,
        get: () => undefined,
        getByEmail: (email) => void asked.push(email),
        change: () => 'conflict',
        remove: () => false,
        list: () => [],
      },
    })
    await visitor().visit(async (s) => {
      await accounts.register(s, ann)
      await accounts.requestReset(s, ann)
      expect(asked).toEqual([])
    })
    await accounts.settled()
    expect(asked).toEqual([ann.email, ann.email])
    expect(world.letters).toEqual([])
  })

  test('more letters to one address than its share are not sent, and the answer stays the same', async () => {
    const { accounts, visitor, addPerson, kinds, pass } = makeWorld({ limits: { letters: '2/h' } })
    await addPerson()
    const browser = visitor()
    const ask = () => browser.visit((s) => accounts.requestReset(s, ann))
    for (let i = 0; i < 4; i++) expect(await ask()).toEqual({ ok: true })
    expect(await kinds()).toEqual(['reset-password', 'reset-password'])
    expect(browser.events).toContainEqual(expect.objectContaining({ outcome: 'denied', guard: 'accounts' }))
    pass(3_600_000)
    await ask()
    expect(await kinds()).toHaveLength(3)
  })

  test('nor are more letters about registering than an address’s share', async () => {
    const { accounts, visitor, addPerson, kinds } = makeWorld({ limits: { letters: '1/h' } })
    await addPerson()
    for (const email of [ann.email, ann.email, 'bob@example.org', 'bob@example.org']) {
      expect(await visitor().visit((s) => accounts.register(s, { ...ann, email }))).toEqual({ ok: true })
    }
    expect(await kinds()).toEqual(['already-registered', 'verify-email'])
  })

  test('one client asks for so much and then waits', async () => {
    const { accounts, visitor } = makeWorld({ limits: { requests: '2/h' } })
    const [browser, other] = [visitor('203.0.113.200'), visitor('203.0.113.201')]
    const ask = (who = browser) => who.visit((s) => accounts.requestReset(s, { email: 'nobody@example.org' }))
    const busy = visitor('203.0.113.202')
    for (let i = 0; i < 3; i++) {
      const answer = await busy.visit((s) => accounts.register(s, { ...ann, email: `nobody${i}@example.org` }))
      expect(answer).toMatchObject(i < 2 ? { ok: true } : { reason: 'too-many', retryAfter: 1800 })
    }
    expect(await ask()).toEqual({ ok: true })
    expect(await ask()).toEqual({ ok: true })
    expect(await ask()).toMatchObject({ ok: false, reason: 'too-many', status: 429, retryAfter: 1800 })
    expect(await ask(other)).toEqual({ ok: true })
  })
})

describe('when mail or a store fails', () => {
  test('a mail function that throws or rejects is an event, and the person can ask again', async () => {
    let broken = true
    const sent: string[] = []
    const { accounts, visitor, addPerson } = makeWorld({
      mail(letter) {
        if (broken) throw new Error('no route to the mail server')
        sent.push(letter.kind)
      },
    })
    await addPerson()
    const browser = visitor()
    expect(await browser.visit((s) => accounts.requestReset(s, ann))).toEqual({ ok: true })
    await accounts.settled()
    const failure = expect.objectContaining({
      outcome: 'failed',
      error: expect.objectContaining({ message: 'no route to the mail server' }),
    })
    expect(browser.events).toContainEqual(failure)
    broken = false
    await browser.visit((s) => accounts.requestReset(s, ann))
    await accounts.settled()
    expect(sent).toEqual(['reset-password'])
  })

  test('a mail server that never answers does not fill the memory', async () => {
    const { accounts, visitor, addPerson } = makeWorld({
      mail: () => new Promise<void>(() => {}),
      limits: { requests: '5000/h', letters: '5000/h' },
    })
    await addPerson()
    const browser = visitor()
    await browser.visit(async (s) => {
      for (let i = 0; i < 1001; i++) await accounts.requestReset(s, ann)
    })
    expect(browser.events).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('dropped') }))
  })

  test('a store that is away gives no account and no answer that looks like one', async () => {
    const away = () => Promise.reject(new Error('connection refused'))
    const store = {
      ...memoryStore(),
      name: 'away',
      shared: true,
      get: away,
      put: away,
      take: away,
      delete: away,
      keysOf: away,
      deleteAllOf: away,
    }
    const { accounts, visitor, kinds } = makeWorld({ store })
    await expect(visitor().visit((s) => accounts.register(s, ann))).rejects.toThrow()
    expect(await kinds()).toEqual([])
  })
})

test.each([
  ['no origins', { origins: [] }, 'BULWARK_ORIGIN_INVALID'],
  ['an origin with a path', { origins: [`${ORIGIN}/blog`] }, 'BULWARK_ORIGIN_INVALID'],
  ['a page elsewhere', { pages: { reset: '//evil.example/' } }, 'BULWARK_POLICY_INVALID'],
  ['a page with a question', { pages: { reset: '/reset?a=' } }, 'BULWARK_POLICY_INVALID'],
  ['no time', { times: { reset: 'soon' } }, 'BULWARK_DURATION_INVALID'],
  ['no rate', { limits: { letters: 'some' } }, 'BULWARK_LIMIT_INVALID'],
  ['no mail', { mail: undefined as never }, 'BULWARK_POLICY_INVALID'],
])('with %s it does not start', (_, options, code) => {
  expect(() => makeWorld(options)).toThrow(
    expect.objectContaining({ code, at: expect.stringContaining('createAccounts(') }),
  )
})

test('with a weak key it does not start', () => {
  expect(() => makeWorld({ keys: 'short' })).toThrow('BULWARK_KEYS_WEAK')
})
