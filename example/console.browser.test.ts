import { channel } from 'node:diagnostics_channel'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SecurityEvent } from 'bulwark'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hindrancesOf } from './accessible.ts'
import { hasChromium, openStage, type Stage, shoot, signIn, visitor } from './chromium.ts'
import { ada, mary } from './shared/seed.ts'

const HOSTILE = '<img src=x onerror="document.title=1">\u202e'

function tell(more: Partial<SecurityEvent> = {}): void {
  const event: SecurityEvent = {
    at: Date.now(),
    guard: 'csrf',
    risk: 'csrf',
    reason: 'a form of another site',
    outcome: 'denied',
    request: { id: 'in-1', method: 'POST', path: `/posts/${'a-long-path'.repeat(15)}${HOSTILE}`, ip: '203.0.113.9' },
    ...more,
  }
  channel('bulwark:event').publish(event)
}

describe.skipIf(!hasChromium)('the console of the blog in a real browser', () => {
  let stage: Stage
  let folder = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulwark-console-'))
    stage = await openStage(folder)
  }, 60_000)
  afterAll(async () => {
    await stage?.close()
    if (folder) await rm(folder, { recursive: true })
  })

  test('an author is refused, and an admin finds the way and sees events as they come', async () => {
    const author = await visitor(stage)
    await signIn(author.page, ada)
    await author.page.waitForSelector('nav >> text=Sign out')
    expect((await author.page.goto('/admin/bulwark'))?.status()).toBe(403)
    await author.context.close()

    const { context, page, said } = await visitor(stage)
    await signIn(page, mary, '/admin')
    await page.click('text=What Bulwark sees')
    await page.waitForSelector('h1')
    await page.click('nav >> text=Live')
    await page.waitForSelector('[role="status"]:has-text("Waiting for events")')
    // The script can make no markup of what it writes.
    tell({ reason: 'heard as it came', fix: HOSTILE, user: HOSTILE, error: new TypeError('x') })
    await page.waitForSelector('ol >> text=heard as it came')
    const row = await page.locator('ol > li').first().innerHTML()
    expect(row).not.toContain('<img')
    expect(row).toContain('\\u202e')
    await page.click('button >> text=Pause')
    tell({ reason: 'while it was paused' })
    await page.waitForSelector('[role="status"]:has-text("1 event waiting")')
    expect(await page.locator('ol >> text=while it was paused').count()).toBe(0)
    await page.click('button >> text=Go on')
    await page.waitForSelector('ol >> text=while it was paused')
    await page.locator('ol >> text=203.0.113.9').first().click()
    await page.waitForURL('**/live?client=203.0.113.9')
    await page.selectOption('#outcome', 'failed')
    await page.click('main button >> text=Show')
    await page.waitForSelector('text=Nothing that is kept fits.')
    expect(said).toEqual([])
    await context.close()
  })

  test('without JavaScript the list and its filters are there', async () => {
    const { context, page } = await visitor(stage, { javaScriptEnabled: false })
    await signIn(page, mary, '/admin/bulwark/live')
    tell({ reason: 'told before' })
    await page.reload()
    await page.waitForSelector('ol >> text=told before')
    expect(await page.locator('button >> text=Pause').isVisible()).toBe(false)
    await context.close()
  })

  test.each([
    { name: 'a phone of 360 px', width: 360, colorScheme: 'light' as const },
    { name: 'a phone at night', width: 390, colorScheme: 'dark' as const },
    { name: 'a wide screen', width: 1200, colorScheme: 'light' as const },
    { name: 'a wide screen at night', width: 1200, colorScheme: 'dark' as const },
  ])('every page is for everybody, on $name', async ({ width, colorScheme }) => {
    for (let i = 0; i < 12; i++) tell({ at: Date.now() - i * 5_400_000, risk: `risk-${i % 3}`, fix: 'name the origin' })
    tell({ outcome: 'observed', guard: 'cors', risk: 'cors', at: Date.now() - 3_600_000 })
    tell({ outcome: 'failed', guard: 'rate-limit', risk: 'rate-limit', reason: 'the store is away' })
    const { context, page, said } = await visitor(stage, { viewport: { width, height: 800 }, colorScheme })
    await signIn(page, mary, '/admin/bulwark')
    await page.waitForURL('**/admin/bulwark')
    for (const name of ['', '/live', '/clients', '/routes', '/policy', '/audit', '/findings']) {
      await page.goto(`/admin/bulwark${name}`)
      expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width)
      expect(await hindrancesOf(page), name).toEqual([])
      await shoot(page, `console-${width}-${colorScheme}${name.replace('/', '-')}`)
    }
    expect(said).toEqual([])
    await context.close()
  })
})
