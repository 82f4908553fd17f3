import { type Database, first } from './database.ts'
import { sql } from './sql.ts'

export type Role = 'author' | 'admin' | 'left'

export interface Person {
  readonly id: string
  /** Signs in with it. */
  readonly name: string
  readonly email: string
  /** A hash, in whatever form the app keeps it. */
  readonly password: string
  readonly role: Role
  readonly displayName: string
  readonly website: string
  readonly bio: string
  /** `device`, `light` or `dark`. */
  readonly theme: string
  /** Where else to find the person, such as `@ada@example.org`. */
  readonly mastodon: string
  /** ISO 8601. */
  readonly created: string
}

export interface Profile {
  readonly displayName: string
  readonly website: string
  readonly bio: string
  readonly theme: string
}

export type NewPerson = Pick<Person, 'id' | 'name' | 'email' | 'password' | 'role'>

export function personById(db: Database, id: string): Promise<Person | undefined> {
  return first(db, sql`SELECT * FROM people WHERE id = ${id}`)
}

export function personByName(db: Database, name: string): Promise<Person | undefined> {
  return first(db, sql`SELECT * FROM people WHERE lower(name) = lower(${name})`)
}

export function personByEmail(db: Database, email: string): Promise<Person | undefined> {
  return first(db, sql`SELECT * FROM people WHERE lower(email) = lower(${email})`)
}

export function allPeople(db: Database): Promise<Person[]> {
  return db.all(sql`SELECT * FROM people ORDER BY name`)
}

/** @throws what {@link isTaken} knows when there is somebody with this name or address */
export async function addPerson(db: Database, person: NewPerson): Promise<void> {
  await db.all(newPerson(person))
}

export function newPerson({ id, name, email, password, role }: NewPerson): ReturnType<typeof sql> {
  return sql`INSERT INTO people (id, name, email, password, role, "displayName", created)
    VALUES (${id}, ${name}, ${email}, ${password}, ${role}, ${name}, ${new Date().toISOString()})`
}

export async function saveProfile(db: Database, id: string, profile: Profile): Promise<void> {
  await db.all(newProfile(id, profile))
}

export function newProfile(id: string, { displayName, website, bio, theme }: Profile): ReturnType<typeof sql> {
  return sql`UPDATE people SET "displayName" = ${displayName}, website = ${website}, bio = ${bio}, theme = ${theme}
    WHERE id = ${id}`
}

export async function saveSettings(db: Database, id: string, theme: string, mastodon: string): Promise<void> {
  await db.all(sql`UPDATE people SET theme = ${theme}, mastodon = ${mastodon} WHERE id = ${id}`)
}

export async function saveRole(db: Database, id: string, role: Role): Promise<void> {
  await db.all(sql`UPDATE people SET role = ${role} WHERE id = ${id}`)
}

export async function savePassword(db: Database, id: string, password: string): Promise<void> {
  await db.all(sql`UPDATE people SET password = ${password} WHERE id = ${id}`)
}

/** The same password in a better hash, unless it was changed in the meantime. */
export async function replacePassword(db: Database, { id, password }: Person, better: string): Promise<void> {
  await db.all(sql`UPDATE people SET password = ${better} WHERE id = ${id} AND password = ${password}`)
}

/** Takes everything away that tells who it was. What the person wrote stays, by somebody who left. */
export async function closePerson(db: Database, id: string): Promise<void> {
  await db.batch([
    sql`DELETE FROM resets WHERE person = ${id}`,
    sql`DELETE FROM searches WHERE person = ${id}`,
    sql`UPDATE people SET name = '-' || id, email = '-' || id, password = '', role = 'left',
      "displayName" = 'Somebody who left', website = '', bio = '', theme = 'device', mastodon = '' WHERE id = ${id}`,
  ])
}

/** Whether the account is still there. */
export function isHere({ role }: { readonly role: string }): boolean {
  return role !== 'left'
}

/** Keeps what somebody searched for; the newest ten stay. */
export async function keepSearch(db: Database, person: string, words: string): Promise<void> {
  await db.batch([
    sql`INSERT INTO searches (person, words) VALUES (${person}, ${words})`,
    sql`DELETE FROM searches WHERE person = ${person} AND id NOT IN
      (SELECT id FROM searches WHERE person = ${person} ORDER BY id DESC LIMIT 10)`,
  ])
}

export async function searchesOf(db: Database, person: string): Promise<string[]> {
  const rows = await db.all<{ words: string }>(
    sql`SELECT words FROM searches WHERE person = ${person} ORDER BY id DESC LIMIT 10`,
  )
  return rows.map(({ words }) => words)
}

export function toRole(text: string): Role {
  return text === 'admin' ? 'admin' : 'author'
}

/** The colours that the text names; those of the device when it names none. */
export function toTheme(text: string): string {
  return text === 'light' || text === 'dark' ? text : 'device'
}
