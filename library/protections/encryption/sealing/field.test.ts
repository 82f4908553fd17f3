import { describe, expect, test } from 'vitest'
import { ringOf } from '../../../keys/ring.ts'
import { makeKey } from '../../../keys/text.ts'
import { memoryStore } from '../../../stores/memory.ts'
import { checkpointIn, createEncryption, isSealed, type ReencryptionProgress, reencrypt } from '../index.ts'

const [OLD, NEW] = [makeKey(), makeKey()]

interface Row {
  readonly id: string
  email: string
  index: string
}

/** A table as a database keeps it, with an index on `index`. */
function table(count: number, seal: (email: string, id: string) => Pick<Row, 'email' | 'index'>): Row[] {
  return Array.from({ length: count }, (_, i) => {
    const id = String(i).padStart(4, '0')
    return { id, ...seal(`person${i}@example.org`, id) }
  })
}

function setup(count: number) {
  const ring = ringOf([{ secret: OLD, state: 'active' }])
  const email = createEncryption({ keys: ring }).field('person.email', {
    normalise: (text) => text.trim().toLowerCase(),
  })
  const rows = table(count, (value, id) => ({ email: email.seal(value, { context: id }), index: email.index(value) }))
  const find = (value: string): readonly string[] => {
    const wanted = email.indexes(value)
    return rows.filter(({ index }) => wanted.includes(index)).map(({ id }) => id)
  }
  const work = {
    key: 'new',
    batch: 10,
    pause: 0,
    read: (after: string | undefined, limit: number) =>
      rows
        .filter(({ id }) => after === undefined || id > after)
        .slice(0, limit)
        .map((row) => ({ ...row })),
    keyOf: ({ id }: Row) => id,
    renew: (row: Row) =>
      email.isCurrent(row.email) ? ('current' as const) : email.renew(row.email, { context: row.id }),
    write: (row: Row, renewed: { readonly sealed: string; readonly index: string }) => {
      const stored = rows.find(({ id }) => id === row.id)
      if (stored?.email !== row.email) return false
      Object.assign(stored, { email: renewed.sealed, index: renewed.index })
      return true
    },
  }
  const rotate = (): void =>
    ring.replace([
      { secret: NEW, state: 'active' },
      { secret: OLD, state: 'retired' },
    ])
  return { ring, email, rows, find, work, rotate }
}

describe('an encrypted field', () => {
  test('is found by its value in any spelling, and by no other', () => {
    const { find } = setup(20)
    expect(find('person7@example.org')).toEqual(['0007'])
    expect(find(' Person7@Example.ORG ')).toEqual(['0007'])
    expect(find('person77@example.org')).toEqual([])
  })

  test('is found while some rows are under the old key and some under the new one', () => {
    const { email, rows, find, rotate } = setup(4)
    rotate()
    rows.push({
      id: '9',
      email: email.seal('new@example.org', { context: '9' }),
      index: email.index('new@example.org'),
    })
    expect([find('person1@example.org'), find('new@example.org')]).toEqual([['0001'], ['9']])
    expect(email.indexes('x')).toHaveLength(2)
  })

  test('does not open in another row', () => {
    const { email, rows } = setup(2)
    expect(email.open(rows[0]?.email, { context: '0000' })).toBe('person0@example.org')
    expect(email.open(rows[0]?.email, { context: '0001' })).toBeUndefined()
  })

  test('has an index that differs by field and by key, and tells nothing else', () => {
    const [a, b] = [createEncryption({ keys: OLD }), createEncryption({ keys: NEW })]
    const all = [a.field('x').index('v'), a.field('y').index('v'), b.field('x').index('v'), a.field('x').index('w')]
    expect(new Set(all).size).toBe(4)
    expect(a.field('x').index('v')).toBe(all[0])
    for (const index of all) expect(index).toMatch(/^[\w-]{30}$/)
    // UTF-8 would turn each of these into the same bytes.
    expect(a.field('x').index('\ud800')).not.toBe(a.field('x').index('\udfff'))
    expect(() => a.field('x').index(7 as never)).toThrow(/^BULWARK_SEAL_INVALID/)
  })
})

describe('re-encryption', () => {
  test('brings every row under the new key, and tells how far it is', async () => {
    const { email, rows, find, work, rotate, ring } = setup(35)
    rotate()
    const told: ReencryptionProgress[] = []
    const end = await reencrypt({ ...work, onProgress: (progress) => void told.push(progress) })
    expect(end).toEqual({ seen: 35, renewed: 35, overtaken: 0, unreadable: 0, after: '0034', done: true })
    expect(told.map(({ seen }) => seen)).toEqual([10, 20, 30, 35])
    ring.replace([{ secret: NEW, state: 'active' }])
    expect(
      rows.every((row) => email.open(row.email, { context: row.id }) === `person${Number(row.id)}@example.org`),
    ).toBe(true)
    expect(find('person30@example.org')).toEqual(['0030'])
  })

  test('goes on where it was killed, without looking at a row twice', async () => {
    const { work, rotate } = setup(35)
    rotate()
    const checkpoint = checkpointIn(memoryStore(), 'emails')
    let written = 0
    const dying = {
      ...work,
      checkpoint,
      write: (row: Row, renewed: { sealed: string; index: string }) => {
        if (++written === 25) throw new Error('killed')
        return work.write(row, renewed)
      },
    }
    await expect(reencrypt(dying)).rejects.toThrow('killed')
    const seen: (string | undefined)[] = []
    const end = await reencrypt({
      ...work,
      checkpoint,
      read: (after, limit) => {
        seen.push(after)
        return work.read(after, limit)
      },
    })
    expect(seen).toEqual(['0019', '0029'])
    // The four rows of the unfinished batch were written, and only looked at again.
    expect(end).toMatchObject({ seen: 35, renewed: 31, done: true })
    expect(await reencrypt({ ...work, checkpoint, read: () => expect.unreachable() })).toEqual(end)
  })

  test('begins again with another key', async () => {
    const { work, rotate } = setup(5)
    rotate()
    const checkpoint = checkpointIn(memoryStore(), 'emails')
    await reencrypt({ ...work, checkpoint })
    expect(await reencrypt({ ...work, checkpoint, key: 'newer' })).toMatchObject({ seen: 5, renewed: 0, done: true })
  })

  test('does not write over what somebody changed meanwhile', async () => {
    const { email, rows, work, rotate } = setup(5)
    rotate()
    const end = await reencrypt({
      ...work,
      renew: (row) => {
        const renewed = work.renew(row)
        const stored = rows.find(({ id }) => id === '0003')
        if (row.id === '0003' && stored) stored.email = email.seal('changed@example.org', { context: '0003' })
        return renewed
      },
    })
    expect(end).toMatchObject({ renewed: 4, overtaken: 1 })
    expect(email.open(rows[3]?.email, { context: '0003' })).toBe('changed@example.org')
  })

  test('counts what does not open, leaves it as it is, and goes on', async () => {
    const { rows, work, rotate } = setup(3)
    rotate()
    if (rows[1]) rows[1].email = 'bw1.broken'
    expect(await reencrypt(work)).toMatchObject({ seen: 3, renewed: 2, unreadable: 1, done: true })
    expect(rows[1]?.email).toBe('bw1.broken')
  })

  test('seals a column that was plain', async () => {
    const { email, rows, work } = setup(0)
    rows.push(
      { id: '1', email: 'ann@example.org', index: '' },
      { id: '2', email: email.seal('bob@example.org', { context: '2' }), index: '' },
    )
    const end = await reencrypt({
      ...work,
      renew: (row) =>
        isSealed(row.email)
          ? work.renew(row)
          : { sealed: email.seal(row.email, { context: row.id }), index: email.index(row.email) },
    })
    expect(end).toMatchObject({ seen: 2, renewed: 1 })
    expect(email.open(rows[0]?.email, { context: '1' })).toBe('ann@example.org')
  })

  test('stops between two batches when it is asked to', async () => {
    const { work, rotate } = setup(35)
    rotate()
    const stop = new AbortController()
    const end = await reencrypt({ ...work, signal: stop.signal, onProgress: () => stop.abort() })
    expect(end).toMatchObject({ seen: 10, done: false })
  })

  test('notices a table that is read without an order', async () => {
    const { work, rows } = setup(30)
    await expect(reencrypt({ ...work, read: (_, limit) => rows.slice(0, limit) })).rejects.toThrow(
      /in the order of their keys/,
    )
  })
})
