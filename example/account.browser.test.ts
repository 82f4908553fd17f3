import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TOTP } from 'otpauth'
import type { CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hindrancesOf } from './accessible.ts'
import { hasChromium, openLetter, openStage, type Stage, shoot, signIn, visitor } from './chromium.ts'
import { ada, grace, mary } from './shared/seed.ts'

describe.skipIf(!hasChromium)('an account in a real browser, over HTTPS', () => {
  let stage: Stage
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulwark-blog-'))
    stage = await openStage(folder)
  }, 60_000)
  afterAll(async () => {
    await stage?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  const isIn = (page: Page) => page.waitForSelector('nav >> text=Sign out', { state: 'attached' })
  const isOut = (page: Page) => page.waitForSelector('nav >> text=Sign in', { state: 'attached' })

  test('begins with a letter, gets codes and another address, and is closed', async () => {
    const { context, page, said } = await visitor(stage)
    page.on('dialog', (dialog) => dialog.accept())
    const heron = { email: 'heron@example.org', password: 'seven slow herons wade' }

    await page.goto('/register')
    await page.fill('#name', 'The Heron')
    await page.fill('#email', heron.email)
    await page.fill('#password', heron.password)
    await page.click('main button')
    await page.waitForSelector('text=Look into your mail')
    await openLetter(page, heron.email, 'Confirm your e-mail address')
    await shoot(page, 'verify')
    await page.click('text=Yes, this is my address')
    await isIn(page)
    await page.goto('/write')
    await page.fill('#title', 'On standing still')
    await page.fill('#body', 'One leg, then the other.')
    await page.click('main button')
    await page.waitForURL('**/posts/*')
    const post = page.url()

    await page.goto('/security')
    await page.click('a:has-text("Change: Password")')
    await page.fill('#current', heron.password)
    await page.fill('#password', 'eight slow herons wade')
    await page.click('main form button')
    await page.waitForURL('**/security')

    await page.goto('/security/codes')
    await page.click('text=Set up an app')
    expect(await hindrancesOf(page)).toEqual([])
    await shoot(page, 'scan')
    const secret = ((await page.locator('.secret').textContent()) ?? '').replace(/\s/g, '')
    const codes = new TOTP({ secret })
    await page.fill('#code', codes.generate())
    await page.click('text=Turn codes on')
    await page.waitForSelector('text=Your recovery codes')
    expect(await page.locator('.codes li').count()).toBe(10)
    const recovery = (await page.locator('.codes li').first().textContent()) ?? ''
    expect(await hindrancesOf(page)).toEqual([])
    await shoot(page, 'recovery-codes')

    await page.goto('/security/email')
    await page.fill('#email', 'bittern@example.org')
    await page.click('text=Send a letter there')
    await openLetter(page, 'bittern@example.org', 'Confirm your new e-mail address')
    await page.click('text=Yes, send mail here')
    await page.waitForURL('**/security')
    expect(await page.locator('main').textContent()).toContain('bittern@example.org')
    await page.click('nav >> text=Sign out')
    await isOut(page)

    const bittern = { email: 'bittern@example.org', password: 'eight slow herons wade' }
    await signIn(page, heron)
    await page.waitForSelector('[role=alert] >> text=wrong')
    await signIn(page, bittern, '/profile')
    await page.waitForURL('**/sign-in/code?*')
    await shoot(page, 'code')
    await page.fill('#code', '000000')
    await page.click('main button')
    await page.waitForSelector('[role=alert]')
    // The code of the next half minute: the one before was used to set it up.
    await page.fill('#code', codes.generate({ timestamp: Date.now() + 30_000 }))
    await page.click('main button')
    await page.waitForURL('**/profile')
    await page.click('nav >> text=Sign out')
    await signIn(page, bittern)
    await page.fill('#code', recovery)
    await page.click('main button')
    await isIn(page)
    await page.goto('/security')
    expect(await page.locator('main').textContent()).toContain('9 recovery codes left')
    await shoot(page, 'security')

    await page.goto('/security/close')
    await page.click('text=Close my account for good')
    await page.waitForSelector('text=Your account is closed')
    await signIn(page, bittern)
    await page.waitForSelector('[role=alert] >> text=wrong')
    await page.goto(post)
    expect(await page.locator('article.post').textContent()).toContain('Somebody who left')
    expect(said.filter((text) => !text.includes('401'))).toEqual([])
    await context.close()
  }, 60_000)

  test('is opened by a passkey, and by none that did not ask its owner', async () => {
    const { context, page, said } = await visitor(stage)
    const authenticator = await addAuthenticator(await context.newCDPSession(page))
    await signIn(page, grace)
    await isIn(page)
    await page.goto('/security/passkeys')
    expect(await hindrancesOf(page)).toEqual([])
    await page.fill('#name', 'The blue phone')
    await page.click('text=Add a passkey')
    await page.waitForSelector('.row >> text=The blue phone')
    await shoot(page, 'passkeys')
    await page.click('nav >> text=Sign out')
    await isOut(page)

    await page.goto('/sign-in?next=/sessions')
    await shoot(page, 'sign-in')
    await page.click('text=Sign in with a passkey')
    await page.waitForURL('**/sessions')
    await isIn(page)
    await page.click('nav >> text=Sign out')

    await authenticator.verify(false)
    await page.goto('/sign-in')
    await page.click('text=Sign in with a passkey')
    await page.waitForSelector('.passkey .problem >> text=The passkey was not used.')
    await authenticator.verify(true)
    await page.click('text=Sign in with a passkey')
    await isIn(page)
    await page.goto('/security/passkeys')
    page.on('dialog', (dialog) => dialog.accept())
    await page.click('main >> text=Remove')
    await page.waitForSelector('text=You have none yet.')
    await page.click('nav >> text=Sign out')
    await page.goto('/sign-in')
    await page.click('text=Sign in with a passkey')
    await page.waitForSelector('.passkey .problem >> text=not accepted')
    expect(said.filter((text) => !text.includes('401'))).toEqual([])
    await context.close()
  }, 60_000)

  test('signed out everywhere is signed out at once in the other browser', async () => {
    const [here, there] = [await visitor(stage), await visitor(stage)]
    for (const { page } of [here, there]) {
      await signIn(page, ada, '/sessions')
      await page.waitForURL('**/sessions')
    }
    await here.page.reload()
    expect(await here.page.locator('.row').count()).toBe(2)
    await shoot(here.page, 'sessions')
    await here.page.click('text=Sign out everywhere')
    await isOut(here.page)
    await there.page.reload()
    expect(there.page.url()).toContain('/sign-in')
    await there.page.goto('/')
    await isOut(there.page)
    await here.context.close()
    await there.context.close()
  })

  test('whose role is changed has it at the next sign-in, and whose account is closed is gone at once', async () => {
    const [admin, other] = [await visitor(stage), await visitor(stage)]
    admin.page.on('dialog', (dialog) => dialog.accept())
    const stork = { email: 'stork@example.org', password: 'nine slow storks wade' }
    await other.page.goto('/register')
    await other.page.fill('#name', 'The Stork')
    await other.page.fill('#email', stork.email)
    await other.page.fill('#password', stork.password)
    await other.page.click('main button')
    await openLetter(other.page, stork.email, 'Confirm your e-mail address')
    await other.page.click('text=Yes, this is my address')
    await isIn(other.page)

    await signIn(admin.page, mary, '/admin')
    await admin.page.waitForURL('**/admin')
    const row = admin.page.locator('.row', { hasText: stork.email })
    await row.locator('select').selectOption('admin')
    await row.locator('text=Change').click()
    await admin.page.waitForSelector('h1 >> text=People')
    await shoot(admin.page, 'admin')
    await signIn(other.page, stork)
    await other.page.waitForSelector('nav >> text=Admin')
    await admin.page.locator('.row', { hasText: stork.email }).locator('text=Close').click()
    await admin.page.waitForSelector('h1 >> text=People')
    await other.page.goto('/write')
    expect(other.page.url()).toContain('/sign-in')
    await admin.context.close()
    await other.context.close()
  }, 60_000)
})

/** A phone that somebody unlocks whenever it asks. */
async function addAuthenticator(devtools: CDPSession): Promise<{ verify(isOwner: boolean): Promise<void> }> {
  await devtools.send('WebAuthn.enable', { enableUI: false })
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      ctap2Version: 'ctap2_1',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    verify: async (isUserVerified) => {
      await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
  }
}
