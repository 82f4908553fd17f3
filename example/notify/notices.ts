import { sql } from '../shared/sql.ts'
import { openTables } from '../shared/sqlite.ts'

/** Something that somebody is told. */
export interface Notice {
  /** Chosen by whoever sends it: sent twice, it is still one. */
  readonly number: string
  /** The id of whom it is for. */
  readonly recipient: string
  /** The id of the person on whose behalf it came. */
  readonly sender: string
  readonly text: string
  /** ISO 8601. */
  readonly created: string
}

/** What the notification program keeps. */
export interface Notices {
  add(notice: Omit<Notice, 'created'>): Promise<void>
  /** Newest first. */
  of(recipient: string): Promise<Notice[]>
  count(): Promise<number>
  /** An address at which no letter arrives any more. */
  addBounced(address: string): Promise<void>
  bounced(): Promise<string[]>
  close(): Promise<void>
}

const TABLES = [
  `CREATE TABLE IF NOT EXISTS notices (
    number TEXT PRIMARY KEY,
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    text TEXT NOT NULL,
    created TEXT NOT NULL
  )`,
  'CREATE INDEX IF NOT EXISTS notices_recipient ON notices (recipient, created)',
  'CREATE TABLE IF NOT EXISTS bounced (address TEXT NOT NULL)',
]

/** Opens the file, which the program's processes on one machine share. */
export async function openNotices(file: string | undefined, guard: (db: object) => void): Promise<Notices> {
  const db = await openTables(file, TABLES, guard)
  return {
    async add({ number, recipient, sender, text }) {
      await db.all(sql`INSERT INTO notices (number, recipient, sender, text, created)
        VALUES (${number}, ${recipient}, ${sender}, ${text}, ${new Date().toISOString()})
        ON CONFLICT (number) DO NOTHING`)
    },
    of: (recipient) =>
      db.all(sql`SELECT * FROM notices WHERE recipient = ${recipient} ORDER BY created DESC, number LIMIT 50`),
    async count() {
      const [row] = await db.all<{ total: number }>(sql`SELECT count(*) AS total FROM notices`)
      return Number(row?.total ?? 0)
    },
    async addBounced(address) {
      await db.all(sql`INSERT INTO bounced (address) VALUES (${address})`)
    },
    async bounced() {
      return (await db.all<{ address: string }>(sql`SELECT address FROM bounced ORDER BY rowid`)).map(
        ({ address }) => address,
      )
    },
    close: () => db.close(),
  }
}
