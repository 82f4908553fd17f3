import type { Database } from './database.ts'

export interface Post {
  readonly id: number
  /** The author's id. */
  readonly author: number
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
export const selectPosts: string = `
  SELECT posts.*, people.displayName AS authorName, people.website AS authorWebsite, people.bio AS authorBio,
    (SELECT count(*) FROM comments WHERE comments.post = posts.id) AS comments
  FROM posts JOIN people ON people.id = posts.author`

/** The page of posts asked for, newest first; the nearest one when there is no such page. */
export function newestPosts(db: Database, wanted: number): PostPage {
  const { total } = db.prepare('SELECT count(*) AS total FROM posts').get() as { total: number }
  const pages = Math.max(1, Math.ceil(total / postsPerPage))
  const page = Math.min(Math.max(1, Math.trunc(wanted) || 1), pages)
  const posts = db
    .prepare(`${selectPosts} ORDER BY created DESC, posts.id DESC LIMIT ? OFFSET ?`)
    .all(postsPerPage, (page - 1) * postsPerPage) as Post[]
  return { posts, page, pages }
}

export function postById(db: Database, id: number): Post | undefined {
  return db.prepare(`${selectPosts} WHERE posts.id = ?`).get(id) as Post | undefined
}

export function commentsOf(db: Database, post: number): Comment[] {
  return db
    .prepare(
      `SELECT comments.*, people.displayName AS authorName
      FROM comments JOIN people ON people.id = comments.author WHERE post = ? ORDER BY comments.id`,
    )
    .all(post) as Comment[]
}

/** Answers the new post's id. */
export function addPost(db: Database, author: number, title: string, body: string, created: Date = new Date()): number {
  const { lastInsertRowid } = db
    .prepare('INSERT INTO posts (author, title, body, created) VALUES (?, ?, ?, ?)')
    .run(author, title, body, created.toISOString())
  return Number(lastInsertRowid)
}

export function savePost(db: Database, id: number, title: string, body: string): void {
  db.prepare('UPDATE posts SET title = ?, body = ? WHERE id = ?').run(title, body, id)
}

export function deletePost(db: Database, id: number): void {
  db.prepare('DELETE FROM posts WHERE id = ?').run(id)
}

export function addComment(db: Database, post: number, author: number, body: string, created: Date = new Date()): void {
  db.prepare('INSERT INTO comments (post, author, body, created) VALUES (?, ?, ?, ?)').run(
    post,
    author,
    body,
    created.toISOString(),
  )
}

const postsPerPage = 5
