import { type Database, first } from './database.ts'
import { type Sql, type SqlQuery, sql } from './sql.ts'

export interface Post {
  readonly id: number
  /** The author's id. */
  readonly author: string
  readonly authorName: string
  readonly authorWebsite: string
  readonly authorBio: string
  readonly title: string
  readonly body: string
  /** ISO 8601. */
  readonly created: string
  /** How many comments there are. */
  readonly comments: number
}

export interface Comment {
  readonly id: number
  readonly post: number
  /** The author's id. */
  readonly author: string
  readonly authorName: string
  readonly body: string
  readonly created: string
}

export interface PostPage {
  readonly posts: readonly Post[]
  /** From 1. */
  readonly page: number
  readonly pages: number
}

/** The start of every query for posts; a condition and an order may follow. */
export const selectPosts: SqlQuery = sql`
  SELECT posts.*, people."displayName" AS "authorName", people.website AS "authorWebsite", people.bio AS "authorBio",
    (SELECT CAST(count(*) AS INTEGER) FROM comments WHERE comments.post = posts.id) AS comments
  FROM posts JOIN people ON people.id = posts.author`

const selectComments: SqlQuery = sql`
  SELECT comments.*, people."displayName" AS "authorName" FROM comments JOIN people ON people.id = comments.author`

/** The page of posts asked for, newest first; the nearest one when there is no such page. */
export async function newestPosts(db: Database, wanted: number): Promise<PostPage> {
  const counted = await first<{ total: number }>(db, sql`SELECT CAST(count(*) AS INTEGER) AS total FROM posts`)
  const pages = Math.max(1, Math.ceil((counted?.total ?? 0) / postsPerPage))
  const page = Math.min(Math.max(1, Math.trunc(wanted) || 1), pages)
  const posts = await db.all<Post>(
    sql`${selectPosts} ORDER BY posts.created DESC, posts.id DESC LIMIT ${postsPerPage} OFFSET ${(page - 1) * postsPerPage}`,
  )
  return { posts, page, pages }
}

export async function postById(db: Database, id: number): Promise<Post | undefined> {
  return isId(id) ? first(db, sql`${selectPosts} WHERE posts.id = ${id}`) : undefined
}

/** Posts with these words in title or text, whatever their case. */
export async function findPosts(db: Database, words: string): Promise<Post[]> {
  const pattern = `%${words.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`
  return db.all(
    sql`${selectPosts} WHERE lower(title || ' ' || body) LIKE ${pattern} ESCAPE '\\' ORDER BY posts.created DESC LIMIT 50`,
  )
}

export function commentsOf(db: Database, post: number): Promise<Comment[]> {
  return db.all(sql`${selectComments} WHERE post = ${post} ORDER BY comments.id`)
}

export async function commentById(db: Database, id: number): Promise<Comment | undefined> {
  return isId(id) ? first(db, sql`${selectComments} WHERE comments.id = ${id}`) : undefined
}

export function newestComments(db: Database): Promise<Comment[]> {
  return db.all(sql`${selectComments} ORDER BY comments.id DESC LIMIT 20`)
}

/** Answers the new post's id. */
export async function addPost(db: Database, author: string, title: string, body: string): Promise<number> {
  const row = await first<{ id: number }>(db, newPost(author, title, body, new Date()))
  if (!row) throw new Error('The database made no post.')
  return row.id
}

export function newPost(author: string, title: string, body: string, created: Date): Sql {
  return sql`INSERT INTO posts (author, title, body, created)
    VALUES (${author}, ${title}, ${body}, ${created.toISOString()}) RETURNING id`
}

export async function savePost(db: Database, id: number, title: string, body: string): Promise<void> {
  await db.all(sql`UPDATE posts SET title = ${title}, body = ${body} WHERE id = ${id}`)
}

export async function deletePost(db: Database, id: number): Promise<void> {
  await db.all(sql`DELETE FROM posts WHERE id = ${id}`)
}

export async function addComment(db: Database, post: number, author: string, body: string): Promise<void> {
  await db.all(newComment(post, author, body))
}

export function newComment(post: number, author: string, body: string): Sql {
  return sql`INSERT INTO comments (post, author, body, created)
    VALUES (${post}, ${author}, ${body}, ${new Date().toISOString()})`
}

export async function deleteComment(db: Database, id: number): Promise<void> {
  await db.all(sql`DELETE FROM comments WHERE id = ${id}`)
}

/** Everything that somebody has written. */
export async function writtenBy(db: Database, author: string): Promise<{ posts: object[]; comments: object[] }> {
  const posts = sql`SELECT id, title, body, created FROM posts WHERE author = ${author} ORDER BY id`
  const comments = sql`SELECT id, post, body, created FROM comments WHERE author = ${author} ORDER BY id`
  return { posts: await db.all<object>(posts), comments: await db.all<object>(comments) }
}

/** PostgreSQL refuses what fits no column of numbers; nothing is there under such an id. */
function isId(id: number): boolean {
  return Number.isInteger(id) && id > 0 && id < 2 ** 31
}

const postsPerPage = 5
