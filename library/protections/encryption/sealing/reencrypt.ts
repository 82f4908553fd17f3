import type { Awaitable } from '../../../core/exchange.ts'
import type { Store } from '../../../core/store.ts'

/** How far a re-encryption has come. */
export interface ReencryptionProgress {
  /** Rows looked at, those before an interruption included. */
  readonly seen: number
  /** Rows written with the key of today. */
  readonly renewed: number
  /** Rows that somebody else changed in the meantime; they were written with the key of today then. */
  readonly overtaken: number
  /** Rows that could not be opened: lost keys, or changed data. They are left as they are. */
  readonly unreadable: number
  /** The key of the last row looked at. */
  readonly after: string | undefined
  readonly done: boolean
}

/** Where progress is kept, so that the next process goes on where the last one stopped. */
export interface Checkpoint {
  load(): Awaitable<string | undefined>
  save(text: string): Awaitable<void>
}

export interface Reencryption<Row, Renewed> {
  /** Names the key that seals now, such as `ring.active('seal')?.id`: with another one, everything is looked at again. */
  readonly key: string
  /** The next rows behind a key, in its order: `SELECT ... WHERE id > $after ORDER BY id LIMIT $limit`. */
  read(after: string | undefined, limit: number): Awaitable<readonly Row[]>
  keyOf(row: Row): string
  /** The row's new values; `'current'` when there is nothing to do, `undefined` when it does not open. */
  renew(row: Row): Awaitable<Renewed | 'current' | undefined>
  /** Writes them if the row still has the old values, and answers whether it had: `UPDATE ... WHERE id = $id AND email = $old`. */
  write(row: Row, renewed: Renewed): Awaitable<boolean>
  /** @default none: it begins at the first row */
  readonly checkpoint?: Checkpoint
  /** @default 100 */
  readonly batch?: number
  /** Milliseconds between two batches, so that the app keeps its database. @default 20 */
  readonly pause?: number
  readonly signal?: AbortSignal
  /** After each batch. */
  onProgress?(progress: ReencryptionProgress): void
}

/**
 * Seals a whole table with the key of today, in the background and while the app uses it. It may be stopped or killed at any time: the
 * next run goes on behind the last batch that was written.
 *
 * What `read` or `write` throw ends the run, and what was done until then is kept.
 */
export async function reencrypt<Row, Renewed>(work: Reencryption<Row, Renewed>): Promise<ReencryptionProgress> {
  const { batch = 100, pause = 20, checkpoint, signal } = work
  let progress = parse(await checkpoint?.load(), work.key) ?? NOTHING
  let firstBefore: string | undefined
  while (!progress.done && signal?.aborted !== true) {
    const rows = await work.read(progress.after, batch)
    let { seen, renewed, overtaken, unreadable, after } = progress
    const first = rows[0] === undefined ? undefined : work.keyOf(rows[0])
    // Rows that do not move on would be gone through for ever.
    if (first !== undefined && (first === firstBefore || first === after)) {
      throw new TypeError('read() must answer the rows behind the key that it is given, in the order of their keys')
    }
    firstBefore = first
    for (const row of rows) {
      const fresh = await work.renew(row)
      if (fresh === undefined) unreadable++
      else if (fresh !== 'current') {
        if (await work.write(row, fresh)) renewed++
        else overtaken++
      }
      seen++
      after = work.keyOf(row)
    }
    progress = { seen, renewed, overtaken, unreadable, after, done: rows.length < batch }
    await checkpoint?.save(JSON.stringify({ key: work.key, ...progress }))
    work.onProgress?.(progress)
    if (!progress.done && pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
  }
  return progress
}

/** Keeps progress in the policy's store, for 30 days. */
export function checkpointIn(store: Pick<Store, 'get' | 'put'>, name: string): Checkpoint {
  const key = `reencrypt:${name}`
  return {
    load: async () => (await store.get(key))?.value,
    save: async (text) => {
      await store.put(key, text, { ttl: 30 * 86_400_000 })
    },
  }
}

const NOTHING: ReencryptionProgress = {
  seen: 0,
  renewed: 0,
  overtaken: 0,
  unreadable: 0,
  after: undefined,
  done: false,
}

/** What an earlier run left behind. Rows that came since it was done are sealed with the key of today anyway. */
function parse(text: string | undefined, key: string): ReencryptionProgress | undefined {
  if (text === undefined) return undefined
  const { key: old, ...progress } = JSON.parse(text) as ReencryptionProgress & { readonly key: string }
  return old === key ? { ...NOTHING, ...progress } : undefined
}
