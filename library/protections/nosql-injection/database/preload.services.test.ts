import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { bundlePreloads, writeBundle } from '../../../../scripts/bundle.ts'

const url = process.env['BULWARK_TEST_MONGO_URL'] ?? ''
const APP = fileURLToPath(new URL('../fixtures/old-app.mjs', import.meta.url))

test.runIf(url !== '').each(['mongodb', 'mongoose'])(
  'an app that nobody touched is protected over %s',
  async (driver) => {
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-preload-'))
    const preload = join(folder, 'preload.js')
    const name = `nosql_${randomBytes(6).toString('hex')}`
    writeBundle(await bundlePreloads(), folder)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const child = spawn(process.execPath, ['--no-warnings', '--import', preload, APP], {
      env: { ...process.env, DRIVER: driver, DATABASE_URL: url, COLLECTION: name },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let log = ''
    child.stderr.on('data', (chunk) => {
      log += String(chunk)
    })
    try {
      const port = await new Promise<string>((resolve, reject) => {
        child.stdout.once('data', (chunk) => resolve(String(chunk).trim()))
        child.once('exit', () => reject(new Error(log)))
      })
      const ask = async (filter: object): Promise<string> => {
        const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(filter) })
        return `${response.status} ${await response.text()}`
      }
      expect(await ask({ name: 'ann' })).toBe('200 ann')
      expect(await ask({ name: { $ne: '' } })).toBe('403 BlockedError')
      // Its line may take longer than its answer.
      await expect
        .poll(() => log, { timeout: 5_000 })
        .toMatch(/denied nosql-injection POST \/ from 127\.0\.0\.1 \(incident [0-9a-f]{16}\)/)
    } finally {
      child.stdin.end()
      rmSync(folder, { recursive: true, force: true })
      const client = await MongoClient.connect(url)
      await client.db().collection(name).drop()
      await client.close()
    }
  },
)
