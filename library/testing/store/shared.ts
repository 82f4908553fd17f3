import type { PutOptions, Store } from '../../core/store.ts'
import type { Expect } from './cases.ts'
import { codeOf } from './values.ts'

const forAnHour: PutOptions = { ttl: 3_600_000 }

/** One promise of stores that several processes open: two of them over the same data. */
export interface SharedCase {
  readonly title: string
  run(one: Store, two: Store, tools: { readonly expect: Expect; advance(ms: number): void }): Promise<void>
}

export const sharedCases: readonly SharedCase[] = [
  {
    title: 'what one has written, deleted or owns is so for the other as soon as it was answered',
    async run(one, two, { expect, advance }) {
      const version = await one.put('k', 'v', { ...forAnHour, owner: 'ann' })
      expect(await two.get('k')).toEqual({ value: 'v', version })
      expect(await two.keysOf('ann')).toEqual(['k'])
      expect(await two.delete('k')).toBe(true)
      expect(await one.get('k')).toBe(undefined)
      await two.put('k', 'v', { ttl: 1000, owner: 'ann' })
      expect((await one.get('k'))?.value).toBe('v')
      expect(await one.deleteAllOf('ann')).toBe(1)
      expect(await two.get('k')).toBe(undefined)
      await one.put('short', 'v', { ttl: 1000 })
      advance(1000)
      expect(await two.get('short')).toBe(undefined)
      expect(one.shared && two.shared).toBe(true)
    },
  },
  {
    title: 'of two who expect the same version one wins, whatever either has seen before',
    async run(one, two, { expect }) {
      for (let round = 0; round < 10; round++) {
        const version = await one.put('k', 'start', forAnHour)
        await two.get('k')
        const wins = await Promise.all(
          [one, two, one, two].map(async (store, i) =>
            store.put('k', `${i}`, { ...forAnHour, expected: version ?? -1 }),
          ),
        )
        expect(wins.filter((win) => win !== undefined).length).toBe(1)
        const winner = wins.findIndex((win) => win !== undefined)
        expect(await two.get('k')).toEqual({ value: `${winner}`, version: wins[winner] })
        expect(await one.get('k')).toEqual({ value: `${winner}`, version: wins[winner] })
      }
    },
  },
  {
    title: 'two who create one key at once do not both succeed',
    async run(one, two, { expect }) {
      const puts = Array.from({ length: 40 }, async (_, i) =>
        (i % 2 === 0 ? one : two).put('k', `${i}`, { ...forAnHour, expected: 0 }),
      )
      const versions = (await Promise.all(puts)).filter((version) => version !== undefined)
      expect(versions.length).toBe(1)
      expect((await two.get('k'))?.version).toBe(versions[0])
    },
  },
  {
    title: 'no increment is lost between them',
    async run(one, two, { expect }) {
      await one.put('k', '0', forAnHour)
      await Promise.all(Array.from({ length: 30 }, async (_, i) => increment(i % 2 === 0 ? one : two)))
      expect((await one.get('k'))?.value).toBe('30')
    },
  },
  {
    title: 'of takes over both exactly the burst is admitted',
    async run(one, two, { expect }) {
      const rate = { burst: 73, period: 60_000 }
      const takes = await Promise.all(
        Array.from({ length: 300 }, async (_, i) => (i % 2 === 0 ? one : two).take('k', rate)),
      )
      expect(takes.filter(({ allowed }) => allowed).length).toBe(73)
      expect((await two.take('k', rate)).allowed).toBe(false)
    },
  },
  {
    title: 'what one prolongs while the other deletes all of its owner does not survive',
    async run(one, two, { expect }) {
      for (let round = 0; round < 5; round++) {
        for (let i = 0; i < 6; i++) await one.put(`k${i}`, 'v', { ...forAnHour, owner: 'ann' })
        const prolonging = Array.from({ length: 6 }, async (_, i) => {
          for (let time = 0; time < 500; time++) {
            const entry = await one.get(`k${i}`)
            if (!entry) return
            await one.put(`k${i}`, 'v', { ...forAnHour, owner: 'ann', expected: entry.version })
            // Stores that answer at once must let the other one have its turn.
            await new Promise((resolve) => setTimeout(resolve, 1))
          }
        })
        await two.deleteAllOf('ann')
        await Promise.all(prolonging)
        expect(await one.keysOf('ann')).toEqual([])
      }
    },
  },
  {
    title: 'the end of one is not the end of the other',
    async run(one, two, { expect }) {
      await one.put('k', 'v', forAnHour)
      await one.close?.()
      if (one.close) expect(await codeOf(async () => one.get('k'))).toBe('BULWARK_STORE_UNAVAILABLE')
      expect((await two.get('k'))?.value).toBe('v')
      expect(await two.delete('k')).toBe(true)
    },
  },
]

async function increment(store: Store): Promise<void> {
  for (let losses = 0; ; losses++) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 * losses))
    const entry = await store.get('k')
    if (!entry) throw new Error('the counter is gone')
    const options = { ...forAnHour, expected: entry.version }
    if ((await store.put('k', `${Number(entry.value) + 1}`, options)) !== undefined) return
  }
}
