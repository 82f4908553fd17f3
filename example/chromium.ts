import { existsSync } from 'node:fs'
import { type DevCertificate, devCertificate } from 'bulwark/transport'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type RunningBlog, startBlog } from './blog/app.ts'
import { freePort } from './free-port.ts'
import type { Credentials } from './shared/seed.ts'

export const executablePath: string = process.env['BULWARK_CHROMIUM'] ?? '/usr/bin/chromium'
export const hasChromium: boolean = existsSync(executablePath)

/** The blog over HTTPS under a name of its own, and a browser that believes its certificate. */
export interface Stage {
  /** Such as `https://app.bulwark.test:4430`. */
  readonly origin: string
  readonly browser: Browser
  /** Whatever was refused so far, with the reason. */
  readonly denied: string[]
  close(): Promise<void>
}

export async function openStage(folder: string): Promise<Stage> {
  const certificate: DevCertificate = await devCertificate({ folder, names: ['app.bulwark.test'] })
  const port = await freePort()
  const origin = `https://app.bulwark.test:${port}`
  const denied: string[] = []
  const blog: RunningBlog = await startBlog({
    port,
    origin,
    tls: certificate,
    onEvent: ({ outcome, guard, reason }) => {
      if (outcome === 'denied' || outcome === 'failed') denied.push(`${guard}: ${reason}`)
    },
  })
  const browser = await chromium.launch({
    executablePath,
    chromiumSandbox: false,
    args: [
      '--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND',
      `--ignore-certificate-errors-spki-list=${certificate.spki}`,
    ],
  })
  return {
    origin,
    browser,
    denied,
    close: async () => {
      await browser.close()
      await blog.close()
    },
  }
}

export interface Visitor {
  readonly context: BrowserContext
  readonly page: Page
  /** Everything that the browser complained about. */
  readonly said: string[]
}

/** Somebody with a new browser. */
export async function visitor({ browser, origin }: Stage, more: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await browser.newContext({ baseURL: origin, viewport: { width: 1100, height: 800 }, ...more })
  const said: string[] = []
  await context.exposeFunction('tellViolation', (text: string) => void said.push(`violation: ${text}`))
  await context.addInitScript(`addEventListener('securitypolicyviolation', (event) =>
    tellViolation(event.effectiveDirective + ' ' + event.blockedURI))`)
  context.on('console', (message) => {
    // Chromium tells what signing out has cleared; that is no complaint.
    if (!message.text().startsWith('Clear-Site-Data')) said.push(`${message.type()}: ${message.text()}`)
  })
  context.on('weberror', (error) => said.push(`error: ${error.error().message}`))
  return { context, page: await context.newPage(), said }
}

export async function signIn(page: Page, who: Credentials, next = '/'): Promise<void> {
  await page.goto(`/sign-in?next=${encodeURIComponent(next)}`)
  await page.fill('#email', who.email)
  await page.fill('#password', who.password)
  await page.click('main form[action="/sign-in"] button')
}

/** The page behind the link in the newest letter to somebody. */
export async function openLetter(page: Page, to: string, subject: string): Promise<void> {
  for (let look = 0; look < 50; look++) {
    await page.goto('/outbox')
    const letter = page
      .locator('article.mail', { hasText: `To ${to},` })
      .filter({ hasText: subject })
      .first()
    if ((await letter.count()) > 0) {
      const link = /https:\/\/\S+/.exec((await letter.locator('pre').textContent()) ?? '')?.[0] ?? ''
      await page.goto(link)
      return
    }
    await page.waitForTimeout(50)
  }
  throw new Error(`No letter to ${to} has come.`)
}

/** For people who look at what they have changed: set `BLOG_SHOTS` to a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['BLOG_SHOTS']
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}
