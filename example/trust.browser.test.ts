import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Listening, listen, makeAuthority } from 'bulwark/transport'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { certutil, find } from '../scripts/services.ts'
import { executablePath, hasChromium } from './chromium.ts'

const tool = find(certutil)

describe.skipIf(!hasChromium || process.platform !== 'linux' || tool === undefined)('a browser', () => {
  const home = mkdtempSync(join(tmpdir(), 'bulwark-trust-'))
  const listening: Listening[] = []
  let browser: Browser | undefined
  let [ours, strangers] = ['', '']

  beforeAll(async () => {
    const [authority, another] = await Promise.all([makeAuthority(), makeAuthority()])
    const serve = async (leaf: { key: string; cert: string }): Promise<string> => {
      const one = await listen((_, res) => res.end('<!doctype html><title>at home</title>'), {
        tls: leaf,
        port: 0,
        host: '127.0.0.1',
        onNotice: () => undefined,
      })
      listening.push(one)
      return `https://app.bulwark.test:${one.port}/`
    }
    ours = await serve(await authority.issue(['app.bulwark.test']))
    strangers = await serve(await another.issue(['app.bulwark.test']))

    // What `bulwark tls dev` says to do, for a browser with a home of its own.
    const store = join(home, '.pki', 'nssdb')
    mkdirSync(store, { recursive: true })
    const file = join(home, 'authority.pem')
    writeFileSync(file, authority.cert)
    execFileSync(tool ?? '', ['-d', `sql:${store}`, '-N', '--empty-password'])
    execFileSync(tool ?? '', ['-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', 'bulwark', '-i', file])
    browser = await chromium.launch({
      executablePath,
      chromiumSandbox: false,
      env: { ...process.env, HOME: home },
      args: ['--host-resolver-rules=MAP *.test 127.0.0.1, MAP * ~NOTFOUND'],
    })
  })
  afterAll(async () => {
    await browser?.close()
    for (const one of listening) await one.close()
    rmSync(home, { recursive: true, force: true })
  })

  test('that was told of the local authority believes what it signed, and nothing that another one signed', async () => {
    const page = await browser?.newPage()
    await page?.goto(ours)
    expect(await page?.title()).toBe('at home')
    await expect(page?.goto(strangers)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID')
  })
})
