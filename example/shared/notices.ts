import { randomUUID } from 'node:crypto'
import type { Database } from './database.ts'
import { type Sql, sql } from './sql.ts'

/** Something that another program still has to be told. */
export interface Pending {
  readonly number: string
  readonly recipient: string
  /** Who has caused it. */
  readonly sender: string
  readonly text: string
  /** How often it was tried before. */
  readonly tries: number
}

/** Goes into the same transaction as what it tells of: there is no comment without its notice, and no notice without its comment. */
export function newNotice(recipient: string, sender: string, text: string): Sql {
  return sql`INSERT INTO notices (number, recipient, sender, text, due)
    VALUES (${randomUUID()}, ${recipient}, ${sender}, ${text}, ${Date.now()})`
}

/** Takes some that are due, and nobody else gets them before `until`: a process that dies meanwhile leaves them to the others. */
export function claimNotices(db: Database, most: number, until: number): Promise<Pending[]> {
  const now = Date.now()
  return db.all(sql`UPDATE notices SET due = ${until}, tries = tries + 1
    WHERE due <= ${now} AND number IN (SELECT number FROM notices WHERE due <= ${now} ORDER BY due LIMIT ${most})
    RETURNING number, recipient, sender, text, tries`)
}

export async function postponeNotice(db: Database, number: string, due: number): Promise<void> {
  await db.all(sql`UPDATE notices SET due = ${due} WHERE number = ${number}`)
}

export async function dropNotice(db: Database, number: string): Promise<void> {
  await db.all(sql`DELETE FROM notices WHERE number = ${number}`)
}

export async function countPending(db: Database, recipient: string): Promise<number> {
  const [row] = await db.all<{ total: number }>(
    sql`SELECT CAST(count(*) AS INTEGER) AS total FROM notices WHERE recipient = ${recipient}`,
  )
  return row?.total ?? 0
}
