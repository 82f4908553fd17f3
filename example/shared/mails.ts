import { type Database, first } from './database.ts'
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

/** Remembers a token that lets its owner choose a new password within half an hour. */
export async function addReset(db: Database, token: string, person: string): Promise<void> {
  const expires = new Date(Date.now() + 30 * 60_000).toISOString()
  await db.all(sql`INSERT INTO resets (token, person, expires) VALUES (${token}, ${person}, ${expires})`)
}

/** The id of the person that the token was made for, while it is good. */
export async function personOfReset(db: Database, token: string): Promise<string | undefined> {
  const now = new Date().toISOString()
  const row = await first<{ person: string }>(
    db,
    sql`SELECT person FROM resets WHERE token = ${token} AND expires > ${now}`,
  )
  return row?.person
}

/** Uses up every token of the person. */
export async function dropResets(db: Database, person: string): Promise<void> {
  await db.all(sql`DELETE FROM resets WHERE person = ${person}`)
}
