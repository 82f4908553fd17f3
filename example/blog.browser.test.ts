import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningBlog, startBlog } from './blog/app.ts'
import { ada } from './shared/seed.ts'

const executablePath = process.env['BULWARK_CHROMIUM'] ?? '/usr/bin/chromium'

describe.skipIf(!existsSync(executablePath))('the protected blog in a real browser', () => {
  let blog: RunningBlog
  let browser: Browser
  const denied: string[] = []

  beforeAll(async () => {
    blog = await startBlog({
      onEvent: ({ outcome, guard, reason }) => {
        if (outcome === 'denied') denied.push(`${guard}: ${reason}`)
      },
    })
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await blog?.close()
  })

  test('a person reads, searches, registers, writes, comments and signs out, and nothing is refused', async () => {
    const { context, page, said } = await visitor(browser, 1100)
    await page.goto(blog.origin)
    expect(await page.title()).toContain('Newest posts')
    await page.click('article.summary h2 a')
    expect(await page.locator('article.post h1').textContent()).toContain('A letter to whoever')
    await page.fill('#find', 'loom')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/search?q=loom')
    expect(await page.locator('main').textContent()).toContain('found for “loom”')

    await page.click('nav >> text=Register')
    await page.fill('#name', 'heron')
    await page.fill('#email', 'heron@example.org')
    await page.fill('#password', 'seven slow herons wade')
    await page.click('main button')
    await page.waitForSelector('nav >> text=Sign out')
    await expectSealedCookie(context)

    await page.click('nav >> text=Write')
    await page.fill('#title', 'On <b>standing</b> still')
    await page.fill('#body', 'One leg.\n\nThen the other: https://heron.example/legs.')
    await page.click('main button')
    await page.waitForURL('**/posts/*')
    expect(await page.locator('article.post h1').textContent()).toBe('On <b>standing</b> still')
    await page.click('text=Edit')
    await page.fill('#title', 'On standing very still')
    await page.click('text=Save')
    await page.waitForSelector('text=On standing very still')
    await page.fill('#body', 'I agree with myself.')
    await page.click('text=Comment >> nth=-1')
    await page.waitForSelector('article.comment >> text=I agree with myself.')
    await page.click('article.post a[href^="/go"]')
    await page.waitForSelector('text=You are leaving the blog')

    await page.click('nav a[href="/profile"]')
    await page.fill('#displayName', 'The Heron')
    await page.selectOption('#theme', 'dark')
    await page.click('main button >> text=Save')
    await page.waitForSelector('text=Saved.')
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark')
    await page.click('text=Sign out')
    await page.waitForSelector('nav >> text=Sign in')
    expect(said).toEqual([])
    expect(denied).toEqual([])
    await context.close()
  })

  test('whoever is sent to the sign-in comes back, and the own script runs and hears of new posts', async () => {
    const { context, page, said } = await visitor(browser, 1100)
    await signIn(page, '/write')
    await page.waitForURL('**/write')
    const reader = await context.newPage()
    const greeted = new Promise((resolve) => {
      reader.on('websocket', (socket) => socket.on('framereceived', resolve))
    })
    await reader.goto(blog.origin)
    await greeted
    await page.fill('#title', 'Heard at once')
    await page.fill('#body', 'By a WebSocket.')
    await page.click('main button')
    await reader.waitForSelector('.live >> text=Heard at once')
    // Deleting asks first; the script that asks is the blog's own.
    page.on('dialog', (dialog) => dialog.accept())
    await page.click('text=Edit')
    await page.click('text=Delete this post')
    await page.waitForURL(`${blog.origin}/`)
    expect(said).toEqual([])
    await context.close()
  })

  test('every page fits a phone of 360 px', async () => {
    const { context, page, said } = await visitor(browser, 360)
    const paths = ['/', '/?page=2', '/posts/1', '/search?q=the', '/register', '/forgot', '/outbox']
    const own = ['/write', '/profile', '/posts/1/edit', '/go?to=https://ada.example/']
    for (const path of paths) await expectToFit(page, path)
    await signIn(page, '/')
    for (const path of own) await expectToFit(page, path)
    expect(said).toEqual([])
    await context.close()
  })

  test('a script that gets into a page after all does not run', async () => {
    const { context, page, said } = await visitor(browser, 1100)
    await page.route('**/search?q=inject', async (route) => {
      const answer = await route.fetch()
      const body = (await answer.text()).replace('</main>', '<script>window.owned = true</script></main>')
      await route.fulfill({ response: answer, body })
    })
    await page.goto(`${blog.origin}/search?q=inject`)
    expect(await page.evaluate('window.owned')).toBeUndefined()
    expect(said.join()).toContain('violation: script-src')
    await context.close()
  })

  async function signIn(page: Page, path: string): Promise<void> {
    await page.goto(`${blog.origin}/sign-in?next=${encodeURIComponent(path)}`)
    await page.fill('#email', ada.email)
    await page.fill('#password', ada.password)
    await page.click('main button')
    await page.waitForSelector('nav >> text=Sign out', { state: 'attached' })
  }

  async function expectToFit(page: Page, path: string): Promise<void> {
    const answer = await page.goto(blog.origin + path)
    expect(answer?.status(), path).toBe(200)
    expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(360)
  }
})

/** Somebody with a new browser, and everything that the browser complained about. */
async function visitor(
  browser: Browser,
  width: number,
): Promise<{ context: BrowserContext; page: Page; said: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 800 } })
  const said: string[] = []
  await context.exposeFunction('tellViolation', (text: string) => void said.push(`violation: ${text}`))
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    tellViolation(event.effectiveDirective + ' ' + event.blockedURI))`)
  context.on('console', (message) => said.push(`${message.type()}: ${message.text()}`))
  context.on('weberror', (error) => said.push(`error: ${error.error().message}`))
  return { context, page: await context.newPage(), said }
}

/** A cookie that no script reads, no other host sets, and nobody can change. */
async function expectSealedCookie(context: BrowserContext): Promise<void> {
  const cookies = await context.cookies()
  expect(cookies).toHaveLength(1)
  expect(cookies[0]).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' })
  expect(cookies[0]?.name).toMatch(/^__Host-/)
}
