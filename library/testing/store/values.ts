import type { PutOptions, Store } from '../../core/store.ts'
import type { StoreCase } from './cases.ts'

const HOUR = 3_600_000
const forAnHour: PutOptions = { ttl: HOUR }

/** What every store promises about values, their versions, their time to live and their owners. */
export const valueCases: readonly StoreCase[] = [
  {
    title: 'a key that was never put has no entry',
    async run(store, { expect }) {
      expect(await store.get('k')).toBe(undefined)
      expect(await store.delete('k')).toBe(false)
      expect(await store.keysOf('nobody')).toEqual([])
      expect(await store.deleteAllOf('nobody')).toBe(0)
    },
  },
  {
    title: 'what was put is got, with the version that put answered',
    async run(store, { expect }) {
      const version = await store.put('k', 'one', forAnHour)
      expect(Number.isSafeInteger(version) && Number(version) > 0).toBe(true)
      expect(await store.get('k')).toEqual({ value: 'one', version })
    },
  },
  {
    title: 'each put makes a new version, also of the same value',
    async run(store, { expect }) {
      const versions = [await store.put('k', 'v', forAnHour), await store.put('k', 'v', forAnHour)]
      versions.push(await store.put('k', 'v', { ...forAnHour, expected: versions[1] ?? -1 }))
      expect(versions.includes(undefined)).toBe(false)
      expect(new Set(versions).size).toBe(3)
      expect((await store.get('k'))?.version).toBe(versions[2])
    },
  },
  {
    title: 'a put that expects another version changes nothing',
    async run(store, { expect }) {
      const first = await version(store.put('k', 'first', forAnHour))
      const second = await version(store.put('k', 'second', { ...forAnHour, expected: first, owner: 'ann' }))
      expect(await store.put('k', 'third', { ttl: 10 * HOUR, expected: first, owner: 'bob' })).toBe(undefined)
      expect(await store.get('k')).toEqual({ value: 'second', version: second })
      expect(await store.keysOf('bob')).toEqual([])
      expect(await store.put('missing', 'v', { ...forAnHour, expected: first })).toBe(undefined)
      expect(await store.get('missing')).toBe(undefined)
    },
  },
  {
    title: 'a put that expects no key succeeds only once',
    async run(store, { expect }) {
      const first = await version(store.put('k', 'first', { ...forAnHour, expected: 0 }))
      expect(await store.put('k', 'second', { ...forAnHour, expected: 0 })).toBe(undefined)
      expect(await store.get('k')).toEqual({ value: 'first', version: first })
    },
  },
  {
    title: 'a version does not fit again after the key was deleted and made anew',
    async run(store, { expect }) {
      const first = await version(store.put('k', 'first', forAnHour))
      await store.delete('k')
      expect(await store.put('k', 'lost', { ...forAnHour, expected: first })).toBe(undefined)
      await store.put('k', 'second', { ...forAnHour, expected: 0 })
      expect(await store.put('k', 'lost', { ...forAnHour, expected: first })).toBe(undefined)
      expect((await store.get('k'))?.value).toBe('second')
    },
  },
  {
    title: 'of many who create one key at once, one succeeds',
    async run(store, { expect }) {
      const puts = Array.from({ length: 50 }, async (_, index) =>
        store.put('k', `${index}`, { ...forAnHour, expected: 0 }),
      )
      const versions = (await Promise.all(puts)).filter((answer) => answer !== undefined)
      expect(versions.length).toBe(1)
      expect((await store.get('k'))?.version).toBe(versions[0])
    },
  },
  {
    title: 'no increment is lost when many read, add one and put with the version they read',
    async run(store, { expect }) {
      await store.put('k', '0', forAnHour)
      await Promise.all(Array.from({ length: 40 }, async () => increment(store)))
      expect((await store.get('k'))?.value).toBe('40')
    },
  },
  {
    title: 'deleting answers whether there was a value',
    async run(store, { expect }) {
      await store.put('k', 'v', forAnHour)
      expect(await store.delete('k')).toBe(true)
      expect(await store.get('k')).toBe(undefined)
      expect(await store.delete('k')).toBe(false)
    },
  },
  {
    title: 'an entry lives until its time is over, and not a millisecond longer',
    async run(store, { expect, advance }) {
      const old = await version(store.put('k', 'v', { ttl: 1000, owner: 'ann' }))
      advance(999)
      expect((await store.get('k'))?.value).toBe('v')
      expect(await store.keysOf('ann')).toEqual(['k'])
      advance(1)
      expect(await store.get('k')).toBe(undefined)
      expect(await store.keysOf('ann')).toEqual([])
      expect(await store.deleteAllOf('ann')).toBe(0)
      expect(await store.put('k', 'lost', { ...forAnHour, expected: old })).toBe(undefined)
      expect(await store.delete('k')).toBe(false)
    },
  },
  {
    title: 'an expired key counts as missing for a put that expects none',
    async run(store, { expect, advance }) {
      await store.put('k', 'old', { ttl: 1000, owner: 'ann' })
      advance(1000)
      await version(store.put('k', 'new', { ...forAnHour, expected: 0 }))
      expect((await store.get('k'))?.value).toBe('new')
      expect(await store.keysOf('ann')).toEqual([])
    },
  },
  {
    title: 'each put starts the time to live anew',
    async run(store, { expect, advance }) {
      await store.put('k', 'v', { ttl: 1000 })
      advance(900)
      await store.put('k', 'v', { ttl: 1000 })
      advance(900)
      expect((await store.get('k'))?.value).toBe('v')
      await store.put('k', 'v', { ttl: 50 })
      advance(50)
      expect(await store.get('k')).toBe(undefined)
    },
  },
  {
    title: 'a put whose time is already over leaves nothing behind',
    async run(store, { expect }) {
      await store.put('k', 'v', { ...forAnHour, owner: 'ann' })
      await store.put('k', 'v', { ttl: 0, owner: 'ann' })
      expect(await store.get('k')).toBe(undefined)
      await store.put('other', 'v', { ttl: -5 })
      expect(await store.get('other')).toBe(undefined)
      expect(await store.keysOf('ann')).toEqual([])
    },
  },
  {
    title: 'a value that would never expire is refused',
    async run(store, { expect }) {
      for (const ttl of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(await codeOf(async () => store.put('k', 'v', { ttl }))).toBe('BULWARK_DURATION_INVALID')
      }
      expect(await store.get('k')).toBe(undefined)
    },
  },
  {
    title: 'the keys of an owner are those that were put under it last',
    async run(store, { expect }) {
      await store.put('a', 'v', { ...forAnHour, owner: 'ann' })
      await store.put('b', 'v', { ...forAnHour, owner: 'ann' })
      await store.put('c', 'v', { ...forAnHour, owner: 'bob' })
      await store.put('d', 'v', forAnHour)
      expect(await sortedKeys(store, 'ann')).toEqual(['a', 'b'])
      await store.put('b', 'v', { ...forAnHour, owner: 'bob' })
      await store.put('a', 'v', { ...forAnHour, owner: 'ann' })
      expect(await sortedKeys(store, 'ann')).toEqual(['a'])
      expect(await sortedKeys(store, 'bob')).toEqual(['b', 'c'])
      await store.put('a', 'v', forAnHour)
      expect(await sortedKeys(store, 'ann')).toEqual([])
      await store.delete('b')
      expect(await sortedKeys(store, 'bob')).toEqual(['c'])
    },
  },
  {
    title: 'deleting all of an owner deletes nothing else, and counts',
    async run(store, { expect, advance }) {
      await store.put('short', 'v', { ttl: 1000, owner: 'ann' })
      for (let index = 0; index < 20; index++) await store.put(`a${index}`, 'v', { ...forAnHour, owner: 'ann' })
      await store.put('b', 'v', { ...forAnHour, owner: 'bob' })
      await store.put('c', 'v', forAnHour)
      advance(1000)
      expect(await store.deleteAllOf('ann')).toBe(20)
      expect(await store.keysOf('ann')).toEqual([])
      expect(await store.get('a7')).toBe(undefined)
      expect((await store.get('b'))?.value).toBe('v')
      expect((await store.get('c'))?.value).toBe('v')
      expect(await store.deleteAllOf('ann')).toBe(0)
      await store.put('a7', 'v', forAnHour)
      expect(await store.keysOf('ann')).toEqual([])
    },
  },
  {
    title: 'any string is a key of its own, and comes back as it was',
    async run(store, { expect, hostileTexts }) {
      for (const [index, key] of hostileTexts.entries())
        await store.put(key, `${index}`, { ...forAnHour, owner: 'ann' })
      for (const [index, key] of hostileTexts.entries()) {
        expect((await store.get(key))?.value, JSON.stringify(key).slice(0, 40)).toBe(`${index}`)
      }
      expect(await sortedKeys(store, 'ann')).toEqual([...hostileTexts].sort())
      for (const key of hostileTexts) expect(await store.delete(key)).toBe(true)
      expect(await store.keysOf('ann')).toEqual([])
    },
  },
  {
    title: 'any string is an owner of its own',
    async run(store, { expect, hostileTexts }) {
      for (const [index, owner] of hostileTexts.entries()) await store.put(`k${index}`, 'v', { ...forAnHour, owner })
      for (const [index, owner] of hostileTexts.entries()) {
        expect(await store.keysOf(owner), JSON.stringify(owner).slice(0, 40)).toEqual([`k${index}`])
        expect(await store.deleteAllOf(owner)).toBe(1)
      }
    },
  },
  {
    title: 'any string is a value, also one of two megabytes',
    async run(store, { expect, hostileTexts }) {
      for (const value of [...hostileTexts, 'v'.repeat(2 ** 21), '\u{1f600}\0'.repeat(2 ** 17)]) {
        await store.put('k', value, forAnHour)
        expect((await store.get('k'))?.value === value, JSON.stringify(value).slice(0, 40)).toBe(true)
      }
    },
  },
]

/** The version that a put must answer here. */
async function version(put: unknown): Promise<number> {
  const answer = await put
  if (typeof answer !== 'number') throw new Error(`the put was refused, and answered ${String(answer)}`)
  return answer
}

async function increment(store: Store): Promise<void> {
  for (;;) {
    const entry = await store.get('k')
    if (!entry) throw new Error('the counter is gone')
    // Lets the others read the same version before this one writes.
    await Promise.resolve()
    const options = { ...forAnHour, expected: entry.version }
    if ((await store.put('k', `${Number(entry.value) + 1}`, options)) !== undefined) return
  }
}

async function sortedKeys(store: Store, owner: string): Promise<string[]> {
  return [...(await store.keysOf(owner))].sort()
}

/** The `code` of the error that the call throws or rejects with. */
export async function codeOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
  return 'no error'
}
