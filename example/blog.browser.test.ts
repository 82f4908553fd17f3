import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hindrancesOf } from './accessible.ts'
import { hasChromium, openStage, type Stage, shoot, signIn, visitor } from './chromium.ts'
import { ada, mary } from './shared/seed.ts'

const OPEN = [
  '/',
  '/?page=2',
  '/posts/1',
  '/search?q=the',
  '/register',
  '/sign-in',
  '/forgot',
  '/outbox',
  '/statistics',
  '/nowhere',
]
const OWN = ['/write', '/import', '/profile', '/posts/1', '/security', '/sessions', '/go?to=https://ada.example/']
const SECURITY = ['password', 'email', 'codes', 'passkeys', 'close'].map((page) => `/security/${page}`)

describe.skipIf(!hasChromium)('the protected blog in a real browser, over HTTPS', () => {
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

  test('a person reads, searches, writes, comments and signs out, and nothing is refused', async () => {
    const { context, page, said } = await visitor(stage)
    await page.goto('/')
    expect(await page.title()).toContain('Newest posts')
    await page.click('article.summary h2 a')
    expect(await page.locator('article.post h1').textContent()).toContain('A letter to whoever')
    await page.fill('#find', 'loom')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/search?q=loom')
    expect(await page.locator('main').textContent()).toContain('found for “loom”')

    await signIn(page, ada)
    await page.waitForSelector('nav >> text=Sign out')
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
    page.on('dialog', (dialog) => dialog.accept())
    await page.click('text=Delete this comment')
    await page.waitForSelector('text=0 comments')
    await page.click('article.post a[href^="/go"]')
    await page.waitForSelector('text=You are leaving the blog')

    await page.click('nav a[href="/profile"]')
    await page.selectOption('#theme', 'dark')
    await page.click('main button >> text=Save')
    await page.waitForSelector('text=Saved.')
    expect(await page.getAttribute('html', 'data-theme')).toBe('dark')
    await page.selectOption('#theme', 'device')
    await page.click('main button >> text=Save')
    await page.click('text=Sign out')
    await page.waitForSelector('nav >> text=Sign in')
    expect(said).toEqual([])
    expect(stage.denied).toEqual([])
    await context.close()
  })

  test('the cookie of a session is out of reach of scripts, plain HTTP and other hosts', async () => {
    const { context, page } = await visitor(stage)
    await signIn(page, ada)
    await page.waitForSelector('nav >> text=Sign out')
    const session = (await context.cookies()).find(({ name }) => name.startsWith('__Host-blog-session'))
    expect(session).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/' })
    expect(await page.evaluate('document.cookie')).toBe('')
    await context.close()
  })

  test('whoever is sent to the sign-in comes back, and the own script runs and hears of new posts', async () => {
    const { context, page, said } = await visitor(stage)
    await page.goto('/write')
    await page.waitForURL('**/sign-in?next=%2Fwrite')
    await signIn(page, ada, '/write')
    await page.waitForURL('**/write')
    const reader = await context.newPage()
    const greeted = new Promise((resolve) => {
      reader.on('websocket', (socket) => socket.on('framereceived', resolve))
    })
    await reader.goto('/')
    await greeted
    await page.fill('#title', 'Heard at once')
    await page.fill('#body', 'By a WebSocket.')
    await page.click('main button')
    await reader.waitForSelector('.live >> text=Heard at once')
    // Deleting asks first; the script that asks is the blog's own.
    page.on('dialog', (dialog) => dialog.accept())
    await page.click('text=Edit')
    await page.click('text=Delete this post')
    await page.waitForURL(`${stage.origin}/`)
    expect(said).toEqual([])
    await context.close()
  })

  test('what is not for somebody is refused with a page, and leads back', async () => {
    const { context, page } = await visitor(stage)
    await signIn(page, ada)
    await page.waitForSelector('nav >> text=Sign out')
    const answer = await page.goto('/admin')
    expect(answer?.status()).toBe(403)
    expect(await page.locator('main').textContent()).toContain('This is not for you')
    await shoot(page, 'refused')
    await page.click('text=To the newest posts')
    await page.waitForSelector('article.summary')
    await context.close()
  })

  test.each([
    { name: 'a phone of 360 px', width: 360, colorScheme: 'light' as const },
    { name: 'a wide screen at night', width: 1100, colorScheme: 'dark' as const },
  ])('every page is for everybody, on $name', async ({ width, colorScheme }) => {
    const { context, page, said } = await visitor(stage, { viewport: { width, height: 800 }, colorScheme })
    const visit = async (path: string): Promise<void> => {
      await page.goto(path)
      expect(await page.evaluate('document.documentElement.scrollWidth'), path).toBeLessThanOrEqual(width)
      expect(await hindrancesOf(page), path).toEqual([])
      await shoot(page, `${width}${path.replace(/\W+/g, '-')}`)
    }
    for (const path of OPEN) await visit(path)
    await signIn(page, mary)
    await page.waitForSelector('nav >> text=Sign out', { state: 'attached' })
    for (const path of [...OWN, ...SECURITY, '/admin']) await visit(path)
    // The address with nothing behind it is a message of the browser's own.
    expect(said.filter((text) => !text.includes('404'))).toEqual([])
    await context.close()
  })

  test('without JavaScript everything works but passkeys', async () => {
    const { context, page } = await visitor(stage, { javaScriptEnabled: false })
    await signIn(page, ada, '/write')
    await page.fill('#title', 'Without a script')
    await page.fill('#body', 'Plain.')
    await page.click('main button')
    await page.fill('#body', 'Indeed.')
    await page.click('text=Comment >> nth=-1')
    expect(await page.locator('article.comment').count()).toBe(1)
    await page.click('text=Delete this comment')
    expect(await page.locator('article.comment').count()).toBe(0)
    await page.click('text=Edit')
    await page.click('text=Delete this post')
    await page.goto('/posts/1')
    await page.click('text=answer with a post of your own')
    expect(await page.inputValue('#body')).toBe('In answer to Ada: ')
    await page.click('text=Bring it along')
    await page.fill('#entry', '<entry><title>On a heron</title><content>It waits.</content></entry>')
    await page.click('main button')
    expect(await page.inputValue('#title')).toBe('On a heron')
    expect(await page.inputValue('#body')).toContain('It waits.')
    await page.goto('/security/passkeys')
    expect(await page.locator('.passkey-new').isVisible()).toBe(false)
    expect(await page.locator('noscript').textContent()).toContain('needs JavaScript')
    await page.goto('/sessions')
    await page.click('text=Sign out everywhere')
    expect(await page.locator('nav[aria-label=Account]').textContent()).toContain('Sign in')
    await context.close()
  })

  test('a script that gets into a page after all does not run', async () => {
    const { context, page, said } = await visitor(stage, { ignoreHTTPSErrors: true })
    await page.route('**/search?q=inject', async (route) => {
      const headers = { ...(await route.request().allHeaders()), host: new URL(stage.origin).host }
      const url = route.request().url().replace('app.bulwark.test', '127.0.0.1')
      const answer = await route.fetch({ url, headers })
      const body = (await answer.text()).replace('</main>', '<script>window.owned = true</script></main>')
      await route.fulfill({ response: answer, body })
    })
    await page.goto('/search?q=inject')
    expect(await page.evaluate('window.owned')).toBeUndefined()
    expect(said.join()).toContain('violation: script-src')
    await context.close()
  })
})
