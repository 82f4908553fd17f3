import { type Database, first } from './database.ts'
import { type Sql, sql } from './sql.ts'

/** What everybody may know about somebody. */
export interface Person {
  readonly id: string
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

export type Role = 'author' | 'admin'

/** Somebody who has an account, with what only they and admins may know. */
export interface Member extends Person {
  readonly email: string
  readonly role: Role
}

export interface Profile {
  readonly displayName: string
  readonly website: string
  readonly bio: string
  readonly theme: string
}

export function personById(db: Database, id: string): Promise<Person | undefined> {
  return first(db, sql`SELECT * FROM people WHERE id = ${id}`)
}

/** Those who have not left. */
export function allPeople(db: Database): Promise<Person[]> {
  return db.all(sql`SELECT * FROM people WHERE gone = 0 ORDER BY "displayName", id`)
}

/** Those who call themselves so. */
export function peopleNamed(db: Database, displayName: string): Promise<Person[]> {
  return db.all(sql`SELECT * FROM people WHERE gone = 0 AND "displayName" = ${displayName}`)
}

/** The names of others who have the same website. */
export async function othersAt(db: Database, { id, website }: Person): Promise<string[]> {
  if (website === '') return []
  const rows = await db.all<{ name: string }>(
    sql`SELECT "displayName" AS name FROM people WHERE website = ${website} AND id <> ${id} AND gone = 0`,
  )
  return rows.map(({ name }) => name)
}

/** Makes the public side of an account, unless it is there. */
export async function addPerson(db: Database, id: string, displayName: string): Promise<void> {
  await db.all(newPerson(id, displayName))
}

export function newPerson(id: string, displayName: string): Sql {
  return sql`INSERT INTO people (id, "displayName", created) VALUES (${id}, ${displayName}, ${new Date().toISOString()})
    ON CONFLICT (id) DO NOTHING`
}

export async function saveProfile(db: Database, id: string, profile: Profile): Promise<void> {
  await db.all(newProfile(id, profile))
}

export function newProfile(id: string, { displayName, website, bio, theme }: Profile): Sql {
  return sql`UPDATE people SET "displayName" = ${displayName}, website = ${website}, bio = ${bio}, theme = ${theme}
    WHERE id = ${id}`
}

export async function saveSettings(db: Database, id: string, theme: string, mastodon: string): Promise<void> {
  await db.all(sql`UPDATE people SET theme = ${theme}, mastodon = ${mastodon} WHERE id = ${id}`)
}

/** Takes everything away that tells who it was. What the person wrote stays, by somebody who left. */
export async function closePerson(db: Database, id: string): Promise<void> {
  await db.batch([
    sql`DELETE FROM searches WHERE person = ${id}`,
    sql`UPDATE people SET "displayName" = 'Somebody who left', website = '', bio = '', theme = 'device', mastodon = '', gone = 1
      WHERE id = ${id}`,
  ])
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

export function toRole(text: string | undefined): Role {
  return text === 'admin' ? 'admin' : 'author'
}

/** The colours that the text names; those of the device when it names none. */
export function toTheme(text: string): string {
  return text === 'light' || text === 'dark' ? text : 'device'
}
