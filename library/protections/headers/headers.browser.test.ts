import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { secure, securityOf } from '../../adapters/node.ts'
import { cspReports } from './index.ts'

/** A page as people write it: styles and a script in files, a form, one inline script with its nonce; and one that was injected. */
const page = (nonce: string): string => `<!doctype html><title>Shop</title><link rel="stylesheet" href="/style.css">
<img src="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"><p id="p">Hello</p>
<form method="post" action="/order"><input name="what" value="tea"><button>Order</button></form>
<script nonce="${nonce}">window.nonced = true</script><script src="/app.js"></script>
<script>window.injected = true</script><img src="x:" onerror="window.injected = true"><b id="sink"></b>`
const script = `document.querySelector('#p').textContent = 'Ready'
fetch('/data').then((answer) => answer.json()).then((data) => { document.title = data.title })
try { document.querySelector('#sink').innerHTML = '<i>markup</i>' } catch (error) { window.sink = error.name }`

let server: Server
let browser: Browser
let origin: string
beforeAll(async () => {
  server = createServer((req, res) => {
    const send = (type: string, text: string): void => void res.setHeader('Content-Type', type).end(text)
    if (req.url === '/style.css') return send('text/css', 'p { color: rgb(1, 2, 3) }')
    if (req.url === '/app.js') return send('text/javascript', script)
    if (req.url === '/data') return send('application/json', '{"title":"Fetched"}')
    if (req.url === '/order') return send('text/html', '<!doctype html><title>Ordered</title>')
    return send('text/html', page(securityOf(req).nonce))
  })
  secure(server, { onEvent: () => {} })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
})
afterAll(async () => {
  await browser?.close()
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
})

test('a plain page works in Chromium as it does without headers, and an injected script does not run', async () => {
  const tab = await browser.newPage()
  await tab.goto(origin)
  await tab.waitForFunction('document.title === "Fetched"')
  expect(await tab.textContent('#p')).toBe('Ready')
  expect(await tab.evaluate('getComputedStyle(document.querySelector("#p")).color')).toBe('rgb(1, 2, 3)')
  expect(await tab.evaluate('window.nonced')).toBe(true)
  expect(await tab.evaluate('window.injected')).toBeUndefined()
  await tab.click('button')
  expect(await tab.title()).toBe('Ordered')
  await tab.close()
})

test('Trusted Types stop a string that becomes markup, and nothing else', async () => {
  const tab = await browser.newPage()
  await tab.goto(origin)
  await tab.waitForFunction('document.title === "Fetched"')
  expect(await tab.evaluate('window.sink')).toBe('TypeError')
  expect(await tab.innerHTML('#sink')).toBe('')
  await tab.close()
})

test("Chromium's reports pass all guards, and the proposal names what the page lacks", async () => {
  const reports = cspReports()
  const app = createServer((req, res) => {
    if (req.url === '/csp-reports') return reports.receive(req, res)
    res.setHeader('Content-Type', 'text/html')
    res.end(
      '<!doctype html><title>Shop</title><img src="https://cdn.invalid/a.png"><script>document.title = "Ran"</script>',
    )
  })
  secure(app, { onEvent: () => {}, headers: { contentSecurityPolicy: { reportOnly: true, reportTo: '/csp-reports' } } })
  await new Promise<void>((done) => app.listen(0, '127.0.0.1', done))
  const tab = await browser.newPage()
  await tab.goto(`http://127.0.0.1:${(app.address() as AddressInfo).port}/`)
  await expect.poll(() => reports.violations().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(2)
  expect(await tab.title()).toBe('Ran')
  expect(reports.proposal()).toEqual({ 'img-src': ["'self'", 'data:', 'https://cdn.invalid'] })
  await tab.close()
  app.closeAllConnections()
  await new Promise((done) => app.close(done))
})
