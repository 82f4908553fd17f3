import { describe, expect, test } from 'vitest'
import type { Visitor } from '../testing/visitor.ts'
import type { PasskeyOptions } from './packages/simplewebauthn.ts'
import { memoryAccountStore } from './stores/memory.ts'
import { type Authenticator, type AuthenticatorOptions, makeAuthenticator } from './test-authenticator.ts'
import { makeWorld, ORIGIN, PASSWORD, type World, whoIs } from './test-world.ts'

const MINUTE = 60_000

/** Somebody who is signed in and has a passkey. */
async function withPasskey(
  world: World,
  options: Partial<AuthenticatorOptions> = {},
): Promise<{ id: string; browser: Visitor; authenticator: Authenticator }> {
  const id = await world.addPerson()
  const browser = await world.signedIn()
  const authenticator = makeAuthenticator({ origin: ORIGIN, ...options })
  const answer = await add(world, browser, authenticator)
  if (!answer.ok) throw new Error(`the passkey was not added: ${answer.reason}`)
  return { id, browser, authenticator }
}

async function add({ accounts }: World, browser: Visitor, authenticator: Authenticator, name = 'Phone') {
  const begun = await browser.visit((s) => accounts.startPasskey(s))
  if (!begun.ok) return begun
  return browser.visit((s) => accounts.finishPasskey(s, { response: authenticator.create(begun.options), name }))
}

async function ask({ accounts }: World, browser: Visitor): Promise<PasskeyOptions> {
  return (await browser.visit((s) => accounts.startPasskeySignIn(s))).options
}

function finish({ accounts }: World, browser: Visitor, response: unknown) {
  return browser.visit((s) => accounts.finishPasskeySignIn(s, { response }))
}

async function signInWith(world: World, browser: Visitor, authenticator: Authenticator) {
  return finish(world, browser, authenticator.get(await ask(world, browser)))
}

describe('a passkey', () => {
  test('is added, told about, and signs in without a name or a password', async () => {
    const world = makeWorld()
    const { id, browser, authenticator } = await withPasskey(world)
    expect(await world.kinds()).toEqual(['passkey-added'])
    expect(browser.events).toContainEqual(expect.objectContaining({ reason: 'a passkey was added to an account' }))
    const fresh = world.visitor()
    const options = await ask(world, fresh)
    expect(options).toMatchObject({ rpId: 'journal.example', userVerification: 'required' })
    expect(options).not.toHaveProperty('allowCredentials')
    world.pass(MINUTE)
    expect(await finish(world, fresh, authenticator.get(options))).toMatchObject({
      ok: true,
      profile: { id, passkeys: [{ name: 'Phone', lastUsed: world.now(), backedUp: false }] },
    })
    expect(await whoIs(fresh)).toBe(id)
    expect(await fresh.visit((s) => s.user())).toMatchObject({ authenticated: { by: ['passkey'] } })
  })

  test('asks for what makes it one: kept in the authenticator, with the person verified, and not twice in one authenticator', async () => {
    const world = makeWorld()
    const { browser } = await withPasskey(world)
    const begun = await browser.visit((s) => world.accounts.startPasskey(s))
    expect(begun).toMatchObject({
      options: {
        rp: { id: 'journal.example', name: 'Journal' },
        user: { name: 'ann@example.org' },
        attestation: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: [{ type: 'public-key', transports: ['internal'] }],
      },
    })
  })

  test('gets a new session id when it is added, as the account can do more now', async () => {
    const world = makeWorld()
    await world.addPerson()
    const browser = await world.signedIn()
    const before = new Map(browser.cookies)
    await add(world, browser, makeAuthenticator({ origin: ORIGIN }))
    expect(browser.cookies.get('__Host-journal-session')).not.toBe(before.get('__Host-journal-session'))
  })

  test('signs in without a code where one is set up for the password', async () => {
    const accounts = memoryAccountStore()
    const world = makeWorld({ accounts })
    const { id, authenticator } = await withPasskey(world)
    const account = await accounts.get(id)
    await accounts.change({ ...account!, totp: { secret: 'v1.x.y', lastStep: 0, created: 0 } })
    expect(await signInWith(world, world.visitor(), authenticator)).toMatchObject({ ok: true })
  })

  test('opens sensitive steps again for somebody without a password', async () => {
    const world = makeWorld()
    const { browser, authenticator } = await withPasskey(world)
    world.pass(11 * MINUTE)
    expect(await add(world, browser, makeAuthenticator({ origin: ORIGIN }))).toMatchObject({ reason: 'not-fresh' })
    expect(await signInWith(world, browser, authenticator)).toMatchObject({ ok: true })
    expect(await add(world, browser, makeAuthenticator({ origin: ORIGIN }))).toMatchObject({ ok: true })
  })

  test('is renamed and removed by its owner, who is told; removed, it signs nobody in', async () => {
    const world = makeWorld()
    const { accounts } = world
    const { browser, authenticator } = await withPasskey(world)
    const passkey = (await browser.visit((s) => accounts.current(s)))?.passkeys[0]?.id ?? ''
    expect(await browser.visit((s) => accounts.renamePasskey(s, { id: passkey, name: ' Key ring ' }))).toEqual({
      ok: true,
    })
    expect(await browser.visit((s) => accounts.renamePasskey(s, { id: passkey, name: ' ' }))).toMatchObject({
      reason: 'name',
    })
    expect(await browser.visit((s) => accounts.renamePasskey(s, { id: 'x', name: 'a' }))).toMatchObject({
      reason: 'missing',
    })
    expect((await browser.visit((s) => accounts.current(s)))?.passkeys[0]?.name).toBe('Key ring')
    world.pass(11 * MINUTE)
    expect(await browser.visit((s) => accounts.removePasskey(s, { id: passkey }))).toMatchObject({
      reason: 'not-fresh',
    })
    const remove = () => browser.visit((s) => accounts.removePasskey(s, { id: passkey, password: PASSWORD }))
    expect(await remove()).toEqual({ ok: true })
    expect(await remove()).toMatchObject({ reason: 'missing' })
    expect(await world.kinds()).toContain('passkey-removed')
    expect(await signInWith(world, world.visitor(), authenticator)).toMatchObject({ reason: 'passkey' })
  })

  test('may be one of twenty', async () => {
    const world = makeWorld()
    await world.addPerson()
    const browser = await world.signedIn()
    for (let i = 0; i < 20; i++) {
      expect(await add(world, browser, makeAuthenticator({ origin: ORIGIN }))).toMatchObject({ ok: true })
    }
    expect(await add(world, browser, makeAuthenticator({ origin: ORIGIN }))).toMatchObject({
      reason: 'full',
      status: 409,
    })
  })

  test('is nothing for guests', async () => {
    const { accounts, visitor } = makeWorld()
    const guest = visitor()
    const steps = [
      guest.visit((s) => accounts.startPasskey(s)),
      guest.visit((s) => accounts.finishPasskey(s, { response: {} })),
      guest.visit((s) => accounts.removePasskey(s, { id: 'x' })),
      guest.visit((s) => accounts.renamePasskey(s, { id: 'x', name: 'x' })),
    ]
    for (const step of steps) expect(await step).toMatchObject({ ok: false, reason: 'signed-out', status: 401 })
  })
})

describe('a passkey is refused', () => {
  test.each<[string, Partial<AuthenticatorOptions>]>([
    ['made on another site', { origin: 'https://journal.example.evil.example', rpId: 'journal.example' }],
    ['made on another subdomain', { origin: 'https://blog.journal.example', rpId: 'journal.example' }],
    ['made on the same host without TLS', { origin: 'http://journal.example' }],
    ['bound to another domain', { origin: ORIGIN, rpId: 'evil.example' }],
    ['without its person being verified', { origin: ORIGIN, verifies: false }],
    ['made in a frame of another site', { origin: ORIGIN, crossOrigin: true }],
  ])('%s, when it is added and when it signs in', async (_, options) => {
    const world = makeWorld()
    const { browser, authenticator } = await withPasskey(world)
    expect(await add(world, browser, makeAuthenticator(options as AuthenticatorOptions))).toMatchObject({
      reason: 'passkey',
    })
    expect((await browser.visit((s) => world.accounts.current(s)))?.passkeys).toHaveLength(1)
    // The same key, behind a browser or a page that is not the right one.
    const guest = world.visitor()
    const answer = await finish(world, guest, authenticator.get(await ask(world, guest), options))
    expect(answer).toMatchObject({ reason: 'passkey', status: 401 })
    expect(await whoIs(guest)).toBeUndefined()
    expect(guest.events).toContainEqual(expect.objectContaining({ outcome: 'denied', reason: 'a passkey was refused' }))
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['an empty object', {}],
    ['an object without a response', { id: 'x', response: null }],
    ['numbers', { id: 1, rawId: 1, type: 2, response: { userHandle: 3, clientDataJSON: 4 } }],
    ['client data that is no JSON', { id: 'x', rawId: 'x', response: { userHandle: 'eA', clientDataJSON: 'eHg' } }],
    ['client data that is null', { id: 'x', rawId: 'x', response: { userHandle: 'eA', clientDataJSON: 'bnVsbA' } }],
    ['a very long handle', { id: 'x', response: { userHandle: 'A'.repeat(100_000) } }],
  ])('that is %s', async (_, response) => {
    const world = makeWorld()
    const { accounts } = world
    const { browser } = await withPasskey(world)
    const guest = world.visitor()
    await ask(world, guest)
    expect(await finish(world, guest, response)).toMatchObject({ reason: 'passkey' })
    await browser.visit((s) => accounts.startPasskey(s))
    expect(await browser.visit((s) => accounts.finishPasskey(s, { response }))).toMatchObject({ reason: 'passkey' })
  })

  test('with another signature, another person’s handle, another credential, or no handle', async () => {
    const world = makeWorld()
    const { authenticator } = await withPasskey(world)
    const bob = await world.addPerson('bob@example.org')
    const lies = [
      { signature: Buffer.alloc(70).toString('base64url') },
      { userHandle: Buffer.from(bob).toString('base64url') },
      { credentialId: 'AAAA' },
      { userHandle: undefined },
      { userHandle: Buffer.from('nobody').toString('base64url') },
    ]
    for (const lie of lies) {
      const guest = world.visitor()
      const answer = await finish(world, guest, authenticator.get(await ask(world, guest), lie))
      expect(answer, JSON.stringify(lie)).toMatchObject({ ok: false, reason: 'passkey' })
      expect(await whoIs(guest)).toBeUndefined()
    }
  })

  test('whose id was copied into another account: it opens neither', async () => {
    const store = memoryAccountStore()
    const world = makeWorld({ accounts: store })
    const { id, authenticator } = await withPasskey(world)
    const mallory = await store.get(await world.addPerson('mallory@example.org'))
    const stolen = (await store.get(id))?.passkeys[0]
    const other = makeAuthenticator({ origin: ORIGIN })
    const thief = await world.signedIn('mallory@example.org')
    await add(world, thief, other)
    const own = (await store.get(mallory!.id))?.passkeys[0]
    await store.change({ ...(await store.get(mallory!.id))!, passkeys: [{ ...own!, id: stolen!.id }] })
    const guest = world.visitor()
    const answer = await finish(
      world,
      guest,
      other.get(await ask(world, guest), {
        credentialId: stolen!.id,
        userHandle: Buffer.from(id).toString('base64url'),
      }),
    )
    expect(answer).toMatchObject({ reason: 'passkey' })
    expect(await signInWith(world, world.visitor(), authenticator)).toMatchObject({ profile: { id } })
  })
})

describe('the question to an authenticator', () => {
  test('is good for one answer, also when two come at the same moment', async () => {
    const world = makeWorld()
    // One that does not count: nothing but the question itself can be in the way.
    const { authenticator } = await withPasskey(world, { countsBy: 0 })
    const guest = world.visitor()
    const response = authenticator.get(await ask(world, guest))
    const cookies = new Map(guest.cookies)
    const thief = world.visitor()
    for (const [name, value] of cookies) thief.cookies.set(name, value)
    const answers = await Promise.all([finish(world, guest, response), finish(world, thief, response)])
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await finish(world, guest, response)).toMatchObject({ ok: false })
  })

  test('is good only in the browser that asked it', async () => {
    const world = makeWorld()
    const { authenticator } = await withPasskey(world)
    const [victim, attacker] = [world.visitor(), world.visitor()]
    const response = authenticator.get(await ask(world, attacker))
    expect(await finish(world, victim, response)).toMatchObject({ reason: 'expired' })
    await ask(world, victim)
    expect(await finish(world, victim, response)).toMatchObject({ reason: 'passkey' })
  })

  test('is good only for what it was asked for, and for whom', async () => {
    const world = makeWorld()
    const { accounts } = world
    const { browser, authenticator } = await withPasskey(world)
    const begun = await browser.visit((s) => accounts.startPasskey(s))
    const options = begun.ok ? begun.options : {}
    expect(await finish(world, browser, authenticator.get(options))).toMatchObject({ reason: 'expired' })
    const asked = await ask(world, browser)
    const made = makeAuthenticator({ origin: ORIGIN }).create({ ...asked, user: { id: '' } })
    expect(await browser.visit((s) => accounts.finishPasskey(s, { response: made }))).toMatchObject({
      reason: 'expired',
    })
  })

  test('is good for ten minutes', async () => {
    const world = makeWorld()
    const { authenticator } = await withPasskey(world)
    const guest = world.visitor()
    const options = await ask(world, guest)
    world.pass(10 * MINUTE)
    expect(await finish(world, guest, authenticator.get(options))).toMatchObject({ reason: 'expired' })
  })
})

describe('the signature counter', () => {
  test('that went back is refused, reported and mailed; the real one goes on', async () => {
    const world = makeWorld()
    const { authenticator } = await withPasskey(world)
    await signInWith(world, world.visitor(), authenticator)
    const real = authenticator.counter
    authenticator.counter = 0
    const thief = world.visitor()
    expect(await signInWith(world, thief, authenticator)).toMatchObject({ reason: 'passkey' })
    expect(await whoIs(thief)).toBeUndefined()
    expect(thief.events).toContainEqual(expect.objectContaining({ reason: expect.stringContaining('copy') }))
    expect(await world.letter('passkey-copied')).toMatchObject({ to: 'ann@example.org' })
    authenticator.counter = real
    expect(await signInWith(world, world.visitor(), authenticator)).toMatchObject({ ok: true })
  })

  test('that somebody made up without the key raises no alarm', async () => {
    const world = makeWorld()
    const { authenticator } = await withPasskey(world)
    await signInWith(world, world.visitor(), authenticator)
    authenticator.counter = 0
    const guest = world.visitor()
    const signature = Buffer.alloc(70).toString('base64url')
    await finish(world, guest, authenticator.get(await ask(world, guest), { signature }))
    expect(await world.kinds()).not.toContain('passkey-copied')
  })

  test('that stays at nothing is what many authenticators have', async () => {
    const world = makeWorld()
    const { authenticator } = await withPasskey(world, { countsBy: 0 })
    for (let i = 0; i < 2; i++)
      expect(await signInWith(world, world.visitor(), authenticator)).toMatchObject({ ok: true })
  })
})

test('a domain above all origins can be what passkeys are bound to', async () => {
  const origins = ['https://blog.journal.example', 'https://shop.journal.example', 'https://elsewhere.example']
  const world = makeWorld({ origins, rpId: 'journal.example' })
  const { authenticator } = await withPasskey(world, {
    origin: 'https://blog.journal.example',
    rpId: 'journal.example',
  })
  const guest = world.visitor()
  const get = async (origin: string) => authenticator.get(await ask(world, guest), { origin })
  expect(await finish(world, guest, await get('https://shop.journal.example'))).toMatchObject({ ok: true })
  expect(await finish(world, guest, await get('https://elsewhere.example'))).toMatchObject({ reason: 'passkey' })
})

test('a domain that no origin is in is a mistake that says so', async () => {
  const { accounts, visitor } = makeWorld({ rpId: 'example.net' })
  await expect(visitor().visit((s) => accounts.startPasskeySignIn(s))).rejects.toThrow('createAccounts({ rpId })')
})
