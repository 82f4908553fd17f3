import { type Database, isTaken } from './database.ts'
import { newPerson, newProfile, type Role } from './people.ts'
import { newPost } from './posts.ts'
import { type Sql, sql } from './sql.ts'

/** What somebody signs in with. */
export type Credentials = Readonly<Record<'email' | 'password', string>>

/** The accounts that the demo and the tests know. */
export const ada: Credentials = { email: 'ada@example.org', password: 'correct horse battery' }
export const grace: Credentials = { email: 'grace@example.org', password: 'hopper rows the boat' }
/** May do everything. */
export const mary: Credentials = { email: 'mary@example.org', password: 'fossils by the sea wall' }

export interface SamplePerson extends Credentials {
  readonly id: string
  readonly role: Role
  readonly displayName: string
  readonly bio: string
}

/** Each app keeps their addresses, roles and passwords in its own way. */
export const samplePeople: readonly SamplePerson[] = [
  {
    id: '1',
    ...ada,
    role: 'author',
    displayName: 'Ada',
    bio: 'Writes programs for a machine that nobody has built yet, and takes the long way home.',
  },
  {
    id: '2',
    ...grace,
    role: 'author',
    displayName: 'Grace',
    bio: 'Sailor, teacher, keeper of moths. Asks for forgiveness rather than permission.',
  },
  { id: '3', ...mary, role: 'admin', displayName: 'Mary', bio: 'Keeps this place tidy. Digs on Sundays.' },
]

/** Fills a new database with three people and what they wrote, unless that was done before. */
export async function seed(db: Database): Promise<void> {
  const statements: Sql[] = [sql`INSERT INTO seeded (id) VALUES (1)`]
  for (const { id, displayName, bio } of samplePeople) {
    const website = `https://${displayName.toLowerCase()}.example/`
    statements.push(newPerson(id, displayName), newProfile(id, { displayName, website, bio, theme: 'device' }))
  }
  const day = 24 * 60 * 60 * 1000
  entries.forEach((entry, i) => {
    const created = new Date(Date.now() - (i * 3 + 1) * day)
    const [author, reader] = entry.by === 'ada' ? ['1', '2'] : ['2', '1']
    statements.push(newPost(author, entry.title, entry.body, created))
    for (const body of entry.comments ?? []) {
      const answered = new Date(created.getTime() + day / 4).toISOString()
      statements.push(sql`INSERT INTO comments (post, author, body, created)
        SELECT max(id), ${reader}, ${body}, ${answered} FROM posts`)
    }
  })
  try {
    await db.batch(statements)
  } catch (error) {
    if (!isTaken(error)) throw error
  }
}

interface Entry {
  readonly by: 'ada' | 'grace'
  readonly title: string
  readonly body: string
  /** What the other person said about it. */
  readonly comments?: readonly string[]
}

/** Newest first, three days apart. */
const entries: readonly Entry[] = [
  {
    by: 'ada',
    title: 'A letter to whoever reads this code in ten years',
    body: `You will wonder why the loop counts down. So did I, an hour after I wrote it, and I was too proud to leave a note.

Here is the note: the last wheel jams when it is carried upwards past nine. Nobody will believe you when you say so. Turn it by hand once and they will.

Everything else in there is as plain as I could make it. If it is not plain to you, that is my fault and not yours.`,
    comments: [
      'I have pinned this above the desk of everyone who reports to me.',
      'Counting down also means that you know when you are done. I like that in a loop.',
    ],
  },
  {
    by: 'grace',
    title: 'The moth, and what it was really about',
    body: `People like the story of the moth that sat in the relay. They like it because there is somebody to blame and it has wings.

What they leave out is the evening before, when we read the same printout four times and each of us was certain. The moth took a minute to remove. Being certain took us all night.

So my rule is this: when two people are sure of opposite things, stop talking and go and look.`,
    comments: ['And then write down what you saw, with the time next to it.'],
  },
  {
    by: 'ada',
    title: 'Teaching a pattern to a loom',
    body: `I spent the week in a weaving shed. The cards go round on a chain, each hole lifts a thread, and after a while there is a leaf where there was nothing.

The weaver does not think about holes. She thinks: now the leaf turns. I would like to write programs that way, in leaves. There is a drawing of one at https://ada.example/leaf.`,
  },
  {
    by: 'grace',
    title: 'A nanosecond fits in your hand',
    body: `It is a piece of wire as long as my forearm. That is how far light gets in a billionth of a second, if nobody stands in its way.

When someone asks why the message takes so long to reach the satellite, I hold up the wire and say: there are very many of these between here and there.

Keep one in your pocket. It settles arguments.`,
    comments: ['Mine is a little shorter. I blame the tailor.'],
  },
  {
    by: 'ada',
    title: 'What the engine cannot do',
    body: `It has no wish to begin anything. It will do whatever we know how to order it to do, and it will do it all night without being thanked.

I find that a comfort. If the result surprises me, the surprise was mine to begin with; I merely had not looked there yet.`,
  },
  {
    by: 'grace',
    title: 'Words instead of numbers',
    body: `They told me that machines understand only numbers and that business people should learn to as well. I wrote a small program that read English words, and showed it to them on a Tuesday.

On Wednesday they told me again that it could not be done. It was running in the next room.`,
    comments: ['Did you let them touch it?'],
  },
  {
    by: 'ada',
    title: 'Three ways to be wrong about rain',
    body: `You may measure it badly, you may add it up badly, or you may have stood under a tree.

The third is the interesting one. No amount of care with the first two will help you, and you will be dry the whole time.`,
  },
  {
    by: 'grace',
    title: 'Ships are safe in harbour',
    body: `They are also of no use there. I am asked for advice mostly by people who already know what they want to do and would like a reason to wait.

I keep no such reasons in the house.`,
  },
  {
    by: 'ada',
    title: 'On borrowing a proof',
    body: `A friend lent me a proof and I returned it with a corner missing. I had not noticed that I leaned on it.

We mended it together over tea. It is stronger in that corner now than anywhere else, which is a little unfair to the other three.`,
    comments: ['All my best work is mended corners.'],
  },
  {
    by: 'grace',
    title: 'The clock that runs backwards',
    body: `There is a clock in my office whose hands go the other way. It keeps perfect time. It takes a visitor about two days to read it without thinking.

Two days. That is the whole cost of doing a thing differently, and people will spend years to avoid it.`,
  },
  {
    by: 'ada',
    title: 'First entry',
    body: `This is where I shall write down what I find out. Some of it will turn out to be wrong; I shall leave it standing and say so underneath.

Grace has promised to read along. If you would like to answer, make yourself an account and sit down.`,
    comments: ['Reading along, as promised.'],
  },
]
