import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readDemoConfig } from './demo/config.ts'
import { duel } from './demo/duel.ts'
import { tryHonestly } from './demo/honest.ts'
import { countLines } from './demo/lines.ts'
import { toHtml } from './demo/page.ts'
import { startTwin } from './demo/twins.ts'

const executablePath = process.env['BULWARK_CHROMIUM'] ?? '/usr/bin/chromium'

describe.skipIf(!existsSync(executablePath))('the report of the demo', () => {
  let browser: Browser
  let folder: string
  let address: string

  beforeAll(async () => {
    const [unsafe, blog] = await Promise.all([startTwin('unsafe'), startTwin('protected')])
    const config = await readDemoConfig()
    // Enough to have every part of the page: evidence, events, markup of attackers.
    const fought = await duel({ unsafe, protected: blog, config, only: ['xss', 'csrf', 'headers'] })
    const origins = { unsafe: unsafe.origin, protected: blog.origin }
    const honest = await tryHonestly(fought.attacks, origins, fought.protected.routes, config.account)
    await Promise.all([unsafe.close(), blog.close()])
    const attacks = fought.attacks.map((attack) => ({
      ...attack,
      ...(honest.get(attack.id) ?? { honest: 'untried' as const, requests: [] }),
    }))
    folder = await mkdtemp(join(tmpdir(), 'bulwark-demo-'))
    const file = join(folder, 'report.html')
    await writeFile(file, toHtml({ ...fought, attacks, lines: await countLines(), ms: 1 }))
    address = pathToFileURL(file).href
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  test.each([
    { width: 1100, colorScheme: 'light' as const },
    { width: 380, colorScheme: 'dark' as const },
  ])('opens without a word in the console at $width px, $colorScheme', async ({ width, colorScheme }) => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme })
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    page.on('pageerror', (error) => said.push(error.message))
    await page.goto(address)
    // One after the other, as a reader would: everything hidden in them comes to light.
    const summaries = page.locator('summary')
    expect(await summaries.count()).toBeGreaterThan(10)
    for (const summary of await summaries.all()) await summary.click()
    expect(await page.locator('details[open] pre').first().isVisible()).toBe(true)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    expect(await page.evaluate('getComputedStyle(document.querySelector("details")).borderTopWidth')).toBe('1px')
    expect(said).toEqual([])
    await context.close()
  })

  test('with its style changed by one letter the policy refuses it', async () => {
    const file = join(folder, 'changed.html')
    await writeFile(file, (await readFile(new URL(address), 'utf8')).replace('<style>', '<style> '))
    const page = await browser.newPage()
    const said: string[] = []
    page.on('console', (message) => said.push(message.text()))
    await page.goto(pathToFileURL(file).href)
    expect(said.join()).toContain('Content Security Policy')
    await page.close()
  })
})
