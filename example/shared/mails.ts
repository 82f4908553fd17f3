import type { Database } from './database.ts'

export interface Mail {
  readonly id: number
  readonly recipient: string
  readonly subject: string
  readonly body: string
  readonly created: string
}

/** Puts a mail into the outbox, which stands in for a mail server. */
export function sendMail(db: Database, recipient: string, subject: string, body: string): void {
  db.prepare('INSERT INTO mails (recipient, subject, body, created) VALUES (?, ?, ?, ?)').run(
    recipient,
    subject,
    body,
    new Date().toISOString(),
  )
}

export function newestMails(db: Database): Mail[] {
  return db.prepare('SELECT * FROM mails ORDER BY id DESC LIMIT 20').all() as Mail[]
}

/** Remembers a token that lets its owner choose a new password within half an hour. */
export function addReset(db: Database, token: string, person: number): void {
  db.prepare('INSERT INTO resets (token, person, expires) VALUES (?, ?, ?)').run(
    token,
    person,
    Date.now() + 30 * 60_000,
  )
}

/** The id of the person that the token was made for, while it is good. */
export function personOfReset(db: Database, token: string): number | undefined {
  const row = db.prepare('SELECT person FROM resets WHERE token = ? AND expires > ?').get(token, Date.now())
  return (row as { person: number } | undefined)?.person
}

/** Uses up every token of the person. */
export function dropResets(db: Database, person: number): void {
  db.prepare('DELETE FROM resets WHERE person = ?').run(person)
}
