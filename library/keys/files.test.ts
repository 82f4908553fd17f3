import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import {
  createKeyFile,
  editSecrets,
  type FileKeyRing,
  idOf,
  type KeyFile,
  type KeyFileOptions,
  type KeyProvider,
  localProvider,
  makeKey,
  openKeyFile,
  openSecrets,
  parseSecrets,
  readKeyFile,
  revokeKey,
  rotateKeys,
} from './index.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-keys-'))
const open: FileKeyRing[] = []
afterAll(() => {
  for (const ring of open) ring.close()
  rmSync(home, { recursive: true, force: true })
})

const provider = localProvider(makeKey())
const HOUR = 3_600_000
let files = 0
const fresh = (): string => join(home, `${++files}.sealed`)
const states = ({ keys }: Pick<KeyFile, 'keys'>): string[] => keys.map(({ state }) => state)

async function follow(options: Omit<KeyFileOptions, 'provider'> & Partial<KeyFileOptions>): Promise<FileKeyRing> {
  // Looked at by hand: a clock of the machine would make this slow or flaky.
  const ring = await openKeyFile({ provider, reload: '1h', ...options })
  open.push(ring)
  return ring
}

/** A management service that keeps its key to itself, and fails when it is told to. */
function service(): KeyProvider & { isAway: boolean; asked: number } {
  const inner = localProvider(makeKey())
  return {
    name: 'test-kms',
    isAway: false,
    asked: 0,
    wrap: inner.wrap,
    async unwrap(wrapped, context) {
      this.asked++
      if (this.isAway) throw new Error('the service is away')
      return inner.unwrap(wrapped, context)
    },
  }
}

describe('a sealed file of keys', () => {
  test('shows nothing of what it holds, and is for its owner only', async () => {
    const file = fresh()
    const { keys } = await createKeyFile(file, provider)
    const text = readFileSync(file, 'utf8')
    expect(text).not.toContain(keys[0]?.secret.slice(10, 40))
    expect(JSON.parse(text)).toMatchObject({ bulwark: 'sealed 1', holds: 'keys', provider: 'local' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect((await readKeyFile(file, provider)).keys).toEqual(keys)
    await expect(createKeyFile(file, provider)).rejects.toThrow(/a file already/)
    expect(readdirSync(home).filter((name) => !name.endsWith('.sealed'))).toEqual([])
  })

  test('opens with its own key only, and not when anything in it was changed', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    const text = readFileSync(file, 'utf8')
    const refused = async (changed: string, by = provider): Promise<void> => {
      writeFileSync(file, changed)
      await expect(readKeyFile(file, by)).rejects.toMatchObject({ code: 'BULWARK_SEALED_FILE_INVALID' })
    }
    await refused(text, localProvider(makeKey()))
    await refused(text, { ...provider, name: 'other' })
    const document = JSON.parse(text) as Record<string, string>
    for (const name of ['key', 'content']) {
      const value = document[name] ?? ''
      for (const at of [0, 5, 20, value.length - 3]) {
        const other = value[at] === 'A' ? 'B' : 'A'
        await refused(JSON.stringify({ ...document, [name]: value.slice(0, at) + other + value.slice(at + 1) }))
      }
      await refused(JSON.stringify({ ...document, [name]: value.slice(0, -8) }))
      await refused(JSON.stringify({ ...document, [name]: '' }))
    }
    await refused(JSON.stringify({ ...document, holds: 'secrets' }))
    await refused('')
    await refused('[]')
    await refused('null')
    writeFileSync(file, text)
    expect(states(await readKeyFile(file, provider))).toEqual(['active'])
  })

  test('of secrets does not pass for one of keys, even under the same key', async () => {
    const file = fresh()
    await editSecrets(file, provider, () => 'A=1')
    await expect(readKeyFile(file, provider)).rejects.toThrow(/holds secrets, and not keys/)
    const forged = readFileSync(file, 'utf8').replace('"secrets"', '"keys"')
    writeFileSync(file, forged)
    await expect(readKeyFile(file, provider)).rejects.toMatchObject({ code: 'BULWARK_SEALED_FILE_INVALID' })
    // Also when the management service takes no notice of the context.
    const careless: KeyProvider = { name: 'local', wrap: async (key) => key, unwrap: async (key) => key }
    await editSecrets(`${file}2`, careless, () => 'A=1')
    writeFileSync(file, readFileSync(`${file}2`, 'utf8').replace('"secrets"', '"keys"'))
    await expect(readKeyFile(file, careless)).rejects.toThrow(/has been changed/)
    writeFileSync(file, forged)
    await expect(readKeyFile(file, provider)).rejects.toMatchObject({ code: 'BULWARK_SEALED_FILE_INVALID' })
  })

  test('is not made with a key that can be guessed, or with none', () => {
    expect(() => localProvider('change-me-change-me-change-me-change-me')).toThrow(/^BULWARK_KEYS_WEAK/)
    expect(() => localProvider(undefined)).toThrow(/^BULWARK_KEYS_MISSING/)
  })
})

describe('rotation', () => {
  test('publishes a key before it is used, and retires the one before at the same moment', async () => {
    const file = fresh()
    let now = 1_000_000
    const clock = (): number => now
    await createKeyFile(file, provider, clock)
    const [here, there] = [await follow({ file, now: clock }), await follow({ file, now: clock })]
    const old = here.active('x')?.id
    const rotated = await rotateKeys(file, provider, { publishFor: HOUR, now: clock })
    expect(states(rotated)).toEqual(['next', 'active'])
    await here.reload()
    expect([here.active('x')?.id, here.usable('x').length, there.usable('x').length]).toEqual([old, 2, 1])
    await there.reload()
    now += HOUR
    expect(here.active('x')?.id).toBe(idOf(rotated.keys[0]?.secret ?? ''))
    expect(there.active('x')?.id).toBe(here.active('x')?.id)
    expect(here.usable('x').map(({ state }) => state)).toEqual(['active', 'retired'])
    expect(states(await rotateKeys(file, provider, { publishFor: HOUR, now: clock }))).toEqual([
      'next',
      'active',
      'retired',
    ])
  })

  test('does not begin again while a new key is on its way', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    await rotateKeys(file, provider, { publishFor: HOUR })
    await expect(rotateKeys(file, provider, { publishFor: HOUR })).rejects.toThrow(/on its way already/)
    const own = await rotateKeys(file, provider, { publishFor: HOUR, purposes: ['seal'] })
    expect(own.keys.map(({ purposes }) => purposes?.join())).toEqual(['seal', undefined, undefined])
  })

  test('at once is for a key that nobody has seen yet', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    expect(states(await rotateKeys(file, provider, { publishFor: 0 }))).toEqual(['active', 'retired'])
  })

  test('of several at the same time are done one after the other, and none is lost', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    await Promise.all([0, 0, 0].map((publishFor) => rotateKeys(file, provider, { publishFor })))
    expect(states(await readKeyFile(file, provider))).toEqual(['active', 'retired', 'retired', 'retired'])
    expect(existsSync(`${file}.lock`)).toBe(false)
  })

  test('waits for whoever has the file open for minutes only until it is refused, and takes nothing from them', async () => {
    const file = fresh()
    const provider = localProvider(makeKey())
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] })
    try {
      await editSecrets(file, provider, async (before) => {
        // The editor stays open for a minute: the lock does not look like that of a program that died.
        vi.advanceTimersByTime(60_000)
        await expect(editSecrets(file, provider, () => 'A=other')).rejects.toThrow(/somebody else/)
        return `${before}A=mine`
      })
    } finally {
      vi.useRealTimers()
    }
    expect(await openSecrets(file, provider)).toEqual({ A: 'mine' })
  })

  test('keep the mode of the file, and leave one that is read-only as it is', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    chmodSync(file, 0o640)
    await rotateKeys(file, provider, { publishFor: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o640)
    chmodSync(file, 0o440)
    const before = readFileSync(file, 'utf8')
    await expect(rotateKeys(file, provider, { publishFor: 0 })).rejects.toThrow(/read-only[\s\S]*chmod/)
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.`))).toEqual([])
  })

  test('goes on after a program that died while it changed the file', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    writeFileSync(`${file}.lock`, '')
    await expect(rotateKeys(file, provider, { publishFor: 0 })).rejects.toThrow(/somebody else/)
    utimesSync(`${file}.lock`, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000))
    expect(states(await rotateKeys(file, provider, { publishFor: 0 }))).toEqual(['active', 'retired'])
  })
})

describe('revocation', () => {
  test('of the active key brings in the one that waits, or a new one', async () => {
    const file = fresh()
    const [first] = (await createKeyFile(file, provider)).keys
    const waiting = await rotateKeys(file, provider, { publishFor: HOUR })
    const after = await revokeKey(file, provider, idOf(first?.secret ?? ''))
    expect(after.keys.map(({ secret, state }) => [secret, state])).toEqual([
      [waiting.keys[0]?.secret, 'active'],
      [first?.secret, 'revoked'],
    ])
    const last = await revokeKey(file, provider, idOf(after.keys[0]?.secret ?? '').slice(0, 6))
    expect(states(last)).toEqual(['active', 'revoked', 'revoked'])
    expect(new Set(last.keys.map(({ secret }) => secret)).size).toBe(3)
  })

  test('of a key for one purpose leaves that purpose to the others', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    const own = await rotateKeys(file, provider, { publishFor: 0, purposes: ['seal'] })
    expect(states(await revokeKey(file, provider, idOf(own.keys[0]?.secret ?? '')))).toEqual(['revoked', 'active'])
    const general = await revokeKey(file, provider, idOf(own.keys[1]?.secret ?? ''))
    expect(states(general)).toEqual(['active', 'revoked', 'revoked'])
    expect(general.keys[0]?.purposes).toBeUndefined()
  })

  test('needs an id that means one key', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    for (const id of ['', 'ab', 'ffffffffffff', 'nothing'])
      await expect(revokeKey(file, provider, id)).rejects.toThrow(/has the id|first four letters/)
    expect(states(await readKeyFile(file, provider))).toEqual(['active'])
  })

  test('reaches a running app, which never goes back', async () => {
    const file = fresh()
    const problems: unknown[] = []
    const [first] = (await createKeyFile(file, provider)).keys
    const stolen = readFileSync(file, 'utf8')
    const ring = await follow({ file, onProblem: (error) => void problems.push(error) })
    await revokeKey(file, provider, idOf(first?.secret ?? ''))
    await ring.reload()
    expect(ring.usable('x').map(({ id }) => id)).not.toContain(idOf(first?.secret ?? ''))
    const version = ring.version
    writeFileSync(file, stolen)
    await expect(ring.reload()).rejects.toThrow(/older than the one before/)
    expect([ring.version, ring.usable('x').length]).toEqual([version, 1])
  })
})

describe('a ring that follows its file', () => {
  test('sees changes by itself', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    const ring = await follow({ file, reload: '100ms' })
    await rotateKeys(file, provider, { publishFor: 0 })
    await expect.poll(() => ring.usable('x').length, { timeout: 10_000 }).toBe(2)
  })

  test('keeps its keys while the file is gone or broken, and says so once', async () => {
    const file = fresh()
    await createKeyFile(file, provider)
    const good = readFileSync(file, 'utf8')
    const problems: string[] = []
    const ring = await follow({ file, reload: '100ms', onProblem: (error) => void problems.push(String(error)) })
    const id = ring.active('x')?.id
    rmSync(file)
    await expect.poll(() => problems.length, { timeout: 10_000 }).toBe(1)
    writeFileSync(file, good.slice(0, 100))
    await expect.poll(() => problems.length, { timeout: 10_000 }).toBe(2)
    expect(problems.join()).toMatch(/no such file.*no sealed file/s)
    expect(ring.active('x')?.id).toBe(id)
    writeFileSync(file, good)
    await rotateKeys(file, provider, { publishFor: 0 })
    await expect.poll(() => ring.usable('x').length, { timeout: 10_000 }).toBe(2)
    expect(problems).toHaveLength(2)
  })

  test('asks a management service when the file changes, not when keys are used, and outlives its absence', async () => {
    const file = fresh()
    const kms = service()
    await createKeyFile(file, kms)
    const ring = await follow({ file, provider: kms })
    for (let i = 0; i < 100; i++) ring.active('x')
    expect(kms.asked).toBe(1)
    await rotateKeys(file, kms, { publishFor: 0 })
    kms.isAway = true
    await expect(ring.reload()).rejects.toThrow(/away/)
    expect(ring.usable('x')).toHaveLength(1)
    kms.isAway = false
    await ring.reload()
    expect(ring.usable('x')).toHaveLength(2)
  })

  test('is not opened from nothing', async () => {
    await expect(openKeyFile({ file: fresh(), provider })).rejects.toThrow(/no such file/)
    const file = fresh()
    await createKeyFile(file, provider)
    for (const reload of ['0s', 'often', 5])
      await expect(openKeyFile({ file, provider, reload })).rejects.toThrow(/^BULWARK_DURATION_INVALID/)
  })
})

describe('a sealed file of secrets', () => {
  test('holds lines that only its key opens', async () => {
    const file = fresh()
    await editSecrets(
      file,
      provider,
      (before) => `${before}# database\nDATABASE_URL=postgres://a:b=c@host/x\n\nPEM="a\\nb"\n EMPTY =\n`,
    )
    expect(readFileSync(file, 'utf8')).not.toContain('postgres')
    expect({ ...(await openSecrets(file, provider)) }).toEqual({
      DATABASE_URL: 'postgres://a:b=c@host/x',
      PEM: 'a\nb',
      EMPTY: '',
    })
    await expect(openSecrets(file, localProvider(makeKey()))).rejects.toMatchObject({
      code: 'BULWARK_SEALED_FILE_INVALID',
    })
  })

  test('is not written again when nothing changed', async () => {
    const file = fresh()
    await editSecrets(file, provider, () => 'A=1')
    const before = readFileSync(file, 'utf8')
    await editSecrets(file, provider, (lines) => lines)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })

  test.each([
    ['no equals sign', 'password hunter2'],
    ['no name', '=hunter2'],
    ['a name with a space', 'MY NAME=hunter2'],
    ['a name twice', 'A=hunter2\nA=hunter3'],
    ['an open quote', 'A="hunter2'],
  ])('stays as it was after %s, and no secret is in the message', async (_, lines) => {
    const file = fresh()
    await editSecrets(file, provider, () => 'A=1')
    const edit = editSecrets(file, provider, () => lines)
    await expect(edit).rejects.toMatchObject({ code: 'BULWARK_SEALED_FILE_INVALID' })
    await expect(edit).rejects.not.toThrow(/hunter/)
    expect({ ...(await openSecrets(file, provider)) }).toEqual({ A: '1' })
  })

  test('knows no secret that nobody named', () => {
    const secrets = parseSecrets('A=1\n__proto__x=2', 'x')
    expect(secrets['constructor']).toBeUndefined()
    expect(secrets['__proto__x']).toBe('2')
  })
})
