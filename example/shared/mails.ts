import type { Database } from './database.ts'
import { sql } from './sql.ts'

export interface Mail {
  readonly id: number
  readonly recipient: string
  readonly subject: string
  readonly body: string
  readonly created: string
}

/** Puts a mail into the outbox, which stands in for a mail server. */
export async function sendMail(db: Database, recipient: string, subject: string, body: string): Promise<void> {
  await db.all(sql`INSERT INTO mails (recipient, subject, body, created)
    VALUES (${recipient}, ${subject}, ${body}, ${new Date().toISOString()})`)
}

export function newestMails(db: Database): Promise<Mail[]> {
  return db.all(sql`SELECT * FROM mails ORDER BY id DESC LIMIT 20`)
}
