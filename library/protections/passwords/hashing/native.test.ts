import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { hashSync, verifySync } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { otherNodes } from '../../../../scripts/nodes.ts'

const LIBRARY = fileURLToPath(new URL('../../../', import.meta.url))
const PASSWORD = 'zebra jam and tea, ä half'
const PROGRAM = `
import { hashPassword, verifyPassword } from './protections/passwords/index.ts'
const [password, stored, weaker] = process.argv.slice(2)
const own = await hashPassword(password)
const told = []
process.on('warning', ({ message }) => told.push(message))
const old = '$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY'
console.log(JSON.stringify({
  own,
  right: [await verifyPassword(own, password), await verifyPassword(stored, password)],
  wrong: [await verifyPassword(own, password + '.'), await verifyPassword(stored, password + '.')],
  weaker: await verifyPassword(weaker, password),
  old: await verifyPassword(old, 'password').catch(({ code }) => code),
  told,
}))
process.exit(0)
`

/** A Node.js whose own crypto has argon2: 24.7 and later. */
async function newNode(): Promise<string | undefined> {
  const { nodes } = await otherNodes()
  const all = [{ path: process.execPath, version: process.versions.node }, ...nodes]
  return all.find(({ version }) => {
    const [major = 0, minor = 0] = version.split('.').map(Number)
    return major > 24 || (major === 24 && minor >= 7)
  })?.path
}

const node = await newNode()

describe.skipIf(node === undefined)("Node's own argon2, where no package is installed", () => {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-passwords-'))
  let told: Record<string, unknown>

  beforeAll(async () => {
    cpSync(LIBRARY, folder, { recursive: true, filter: (path) => !/[\\/](?:dist|node_modules)$/.test(path) })
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'program.mjs'), PROGRAM)
    const weaker = hashSync(PASSWORD, { memoryCost: 9216, timeCost: 2 })
    const args = [join(folder, 'program.mjs'), PASSWORD, hashSync(PASSWORD), weaker]
    // Outside of the repository, so that the package is nowhere to be found.
    const { stdout } = await promisify(execFile)(node ?? '', args, { cwd: folder, timeout: 30_000 })
    told = JSON.parse(stdout)
  }, 40_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  test('makes hashes of the same strength, which the package verifies', () => {
    expect(told['own']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(verifySync(String(told['own']), PASSWORD)).toBe(true)
    expect(told['told']).toEqual([])
  })

  test('verifies its own hashes and those of the package, and hashes weaker ones anew', () => {
    expect(told['right']).toEqual([{ ok: true }, { ok: true }])
    expect(told['wrong']).toEqual([{ ok: false }, { ok: false }])
    expect(told['weaker']).toEqual({ ok: true, rehash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/) })
  })

  test('cannot read version 16 of the algorithm, and says so', () => {
    expect(told['old']).toBe('BULWARK_HASHING_UNAVAILABLE')
  })
})
