import { type Database, first } from './database.ts'
import { type Post, selectPosts } from './posts.ts'
import { sql } from './sql.ts'

/** How much there is. */
export interface Numbers {
  readonly people: number
  readonly posts: number
  readonly comments: number
}

/** How much of two posts is the same, from 0 to 1. */
export interface Likeness {
  readonly one: Post
  readonly other: Post
  readonly share: number
}

export async function numbersOf(db: Database): Promise<Numbers> {
  const counted = await first<Numbers>(
    db,
    sql`SELECT (SELECT CAST(count(*) AS INTEGER) FROM people WHERE gone = 0) AS people,
      (SELECT CAST(count(*) AS INTEGER) FROM posts) AS posts,
      (SELECT CAST(count(*) AS INTEGER) FROM comments) AS comments`,
  )
  return counted ?? { people: 0, posts: 0, comments: 0 }
}

/** The newest posts that are long enough to be compared: a few words are alike by chance. */
export function postsToCompare(db: Database): Promise<Post[]> {
  return db.all(
    sql`${selectPosts} WHERE length(posts.body) >= ${SHORTEST} ORDER BY posts.created DESC, posts.id DESC LIMIT ${COMPARED}`,
  )
}

/** Compares each post with each other one, letter by letter: the most work that there is in this blog. */
export function* likenesses(posts: readonly Post[]): Generator<Likeness> {
  for (const [i, one] of posts.entries()) {
    for (const other of posts.slice(i + 1)) {
      const [a, b] = [one.body.slice(0, LETTERS), other.body.slice(0, LETTERS)]
      yield { one, other, share: 1 - distance(a, b) / Math.max(1, a.length, b.length) }
    }
  }
}

export function mostAlike(all: readonly Likeness[]): Likeness[] {
  return [...all].sort((a, b) => b.share - a.share).slice(0, 5)
}

/** How many letters have to be put in, taken out or changed to make one text of the other. */
function distance(a: string, b: string): number {
  let above = Uint16Array.from({ length: b.length + 1 }, (_, i) => i)
  let row = new Uint16Array(b.length + 1)
  for (let i = 1; i <= a.length; i++) {
    row[0] = i
    const letter = a.charCodeAt(i - 1)
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (letter === b.charCodeAt(j - 1) ? 0 : 1)
      row[j] = Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1)
    }
    ;[above, row] = [row, above]
  }
  return above[b.length] ?? 0
}

const COMPARED = 20
const SHORTEST = 100
const LETTERS = 400
