import type { Database } from './database.ts'

export interface Person {
  readonly id: number
  /** Signs in with it. */
  readonly name: string
  readonly email: string
  /** A hash, in whatever form the app keeps it. */
  readonly password: string
  readonly displayName: string
  readonly website: string
  readonly bio: string
  /** `device`, `light` or `dark`. */
  readonly theme: string
  /** Where else to find the person, such as `@ada@example.org`. */
  readonly mastodon: string
  /** Goes up whenever all sign-ins of the person shall end. */
  readonly generation: number
}

export interface Profile {
  readonly displayName: string
  readonly website: string
  readonly bio: string
  readonly theme: string
}

export function personById(db: Database, id: number): Person | undefined {
  return db.prepare('SELECT * FROM people WHERE id = ?').get(id) as Person | undefined
}

export function personByName(db: Database, name: string): Person | undefined {
  return db.prepare('SELECT * FROM people WHERE name = ?').get(name) as Person | undefined
}

export function personByEmail(db: Database, email: string): Person | undefined {
  return db.prepare('SELECT * FROM people WHERE email = ?').get(email) as Person | undefined
}

export function allPeople(db: Database): Person[] {
  return db.prepare('SELECT * FROM people ORDER BY name').all() as Person[]
}

/** Answers the new person's id. */
export function addPerson(db: Database, person: Pick<Person, 'name' | 'email' | 'password'>): number {
  const { lastInsertRowid } = db
    .prepare('INSERT INTO people (name, email, password, displayName) VALUES (?, ?, ?, ?)')
    .run(person.name, person.email, person.password, person.name)
  return Number(lastInsertRowid)
}

export function saveProfile(db: Database, id: number, profile: Profile): void {
  db.prepare('UPDATE people SET displayName = ?, website = ?, bio = ?, theme = ? WHERE id = ?').run(
    profile.displayName,
    profile.website,
    profile.bio,
    profile.theme,
    id,
  )
}

export function saveSettings(db: Database, id: number, theme: string, mastodon: string): void {
  db.prepare('UPDATE people SET theme = ?, mastodon = ? WHERE id = ?').run(theme, mastodon, id)
}

/** A new password also ends every sign-in that was made with the old one. */
export function savePassword(db: Database, id: number, password: string): void {
  db.prepare('UPDATE people SET password = ?, generation = generation + 1 WHERE id = ?').run(password, id)
}

/** The same password in a better hash, unless it was changed in the meantime. */
export function replacePassword(db: Database, { id, password }: Person, better: string): void {
  db.prepare('UPDATE people SET password = ? WHERE id = ? AND password = ?').run(better, id, password)
}

export function endSignIns(db: Database, id: number): void {
  db.prepare('UPDATE people SET generation = generation + 1 WHERE id = ?').run(id)
}

/** The colours that the text names; those of the device when it names none. */
export function toTheme(text: string): string {
  return text === 'light' || text === 'dark' ? text : 'device'
}
