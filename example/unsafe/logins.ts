import { type Database, first } from '../shared/database.ts'
import { addPerson, type Member, type Role } from '../shared/people.ts'
import { samplePeople } from '../shared/seed.ts'
import { sql } from '../shared/sql.ts'
import { hashPassword } from './passwords.ts'
import { glued } from './sql.ts'

/** Somebody with everything that a sign-in needs, in one row. */
export type Login = Member & { readonly password: string }

/** The start of every query for logins. */
export const selectLogins = `SELECT people.*, logins.email, logins.role, logins.password
  FROM people JOIN logins ON logins.person = people.id`

export async function makeLogins(db: Database): Promise<void> {
  await db.all(
    glued('CREATE TABLE logins (person TEXT PRIMARY KEY, email TEXT UNIQUE COLLATE NOCASE, role TEXT, password TEXT)'),
  )
  await db.all(glued('CREATE TABLE resets (token TEXT PRIMARY KEY, person TEXT)'))
  for (const { id, email, role, password } of samplePeople) {
    const hash = hashPassword(password)
    await db.all(sql`INSERT INTO logins (person, email, role, password) VALUES (${id}, ${email}, ${role}, ${hash})`)
  }
}

export interface NewLogin {
  readonly name: string
  readonly email: string
  readonly password: string
  readonly role: Role
}

/** People are numbered one after the other. Answers the number. */
export async function addLogin(db: Database, { name, email, password, role }: NewLogin): Promise<string> {
  const [counted] = await db.all<{ total: number }>(glued('SELECT count(*) AS total FROM people'))
  const id = `${(counted?.total ?? 0) + 1}`
  await addPerson(db, id, name)
  await db.all(sql`INSERT INTO logins (person, email, role, password) VALUES (${id}, ${email}, ${role}, ${password})`)
  return id
}

export function loginById(db: Database, id: string): Promise<Login | undefined> {
  return first(
    db,
    sql`SELECT people.*, logins.email, logins.role, logins.password
    FROM people JOIN logins ON logins.person = people.id WHERE people.id = ${id}`,
  )
}

export function loginByEmail(db: Database, email: string): Promise<Login | undefined> {
  return first(
    db,
    sql`SELECT people.*, logins.email, logins.role, logins.password
    FROM people JOIN logins ON logins.person = people.id WHERE logins.email = ${email}`,
  )
}

export function allLogins(db: Database): Promise<Login[]> {
  return db.all(glued(`${selectLogins} ORDER BY people."displayName"`))
}

export async function saveLogin(
  db: Database,
  id: string,
  column: 'email' | 'role' | 'password',
  value: string,
): Promise<void> {
  await db.all(glued(`UPDATE logins SET ${column} = '${value}' WHERE person = '${id}'`))
}

export async function dropLogin(db: Database, id: string): Promise<void> {
  await db.all(sql`DELETE FROM logins WHERE person = ${id}`)
}

export async function addReset(db: Database, token: string, person: string): Promise<void> {
  await db.all(sql`INSERT INTO resets (token, person) VALUES (${token}, ${person})`)
}

/** The person that the token was made for. It stays good until it is used. */
export async function personOfReset(db: Database, token: string): Promise<string | undefined> {
  return (await first<{ person: string }>(db, sql`SELECT person FROM resets WHERE token = ${token}`))?.person
}

export async function dropResets(db: Database, person: string): Promise<void> {
  await db.all(sql`DELETE FROM resets WHERE person = ${person}`)
}
