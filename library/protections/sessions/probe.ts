import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { bitsOf, ENOUGH_BITS } from './entropy.ts'
import { exitIn, isSignOut } from './exit.ts'
import { isStatement } from './statement.ts'
import { enter, type Ground, GUEST, isInside, type Jar, pagesOf, see, submit, survey, taking } from './visitor.ts'

const REMEDY = 'Sign people in with req.security.session.signIn(), which always makes a new id and ends the old one.'

/** The attacker thinks of an id, has the victim's browser carry it, and waits for the sign-in. */
const fixation: Probe = {
  name: 'sessions/fixation',
  risk: 'session-fixation',
  title: 'A made-up session id is taken over at sign-in',
  kind: 'state',
  async *attack(target) {
    const ground = await survey(target)
    if (ground === undefined) return
    const madeUp = (): Jar => new Map(ground.keys.map((name) => [name, target.nonce()]))
    yield await plant(target, ground, async () => madeUp(), {
      message: 'A session id that nobody was given is signed in after a sign-in that carried it.',
    })
  },
}

/** The attacker visits the app, and plants the cookie that he was given: as a guest, or where guests get none, at a sign-in of his own. */
const noRotation: Probe = {
  name: 'sessions/no-rotation',
  risk: 'session-fixation',
  title: 'The session id from before the sign-in is signed in afterwards',
  kind: 'state',
  async *attack(target) {
    const ground = await survey(target)
    if (ground === undefined) return
    const path = await guestPageOf(target)
    if (path === undefined) yield await signInAgain(target, ground)
    else {
      yield await plant(target, ground, async () => taking(GUEST, await see(target, path, GUEST)), {
        message: 'Whoever knew the cookies of a guest is signed in with them as soon as the guest is.',
      })
    }
  },
}

/** Guests have no session here. So a browser that has one signs in once more, and the id must be another one afterwards. */
function signInAgain(target: Target, { signIn, page, marks, keys }: Ground): Promise<Outcome> {
  const isSame = (one: Jar, other: Jar): boolean =>
    one.size > 0 && keys.every((name) => one.get(name) === other.get(name))
  const fresh = async (): Promise<Jar> => (await enter(target, signIn, GUEST)).jar
  return tryOut(
    {
      control: async () => isInside(await see(target, page, await fresh()), marks),
      attack: async () => {
        const before = await fresh()
        const { jar } = await enter(target, signIn, before)
        const answer = await see(target, page, before)
        return { worked: isSame(before, jar) && isInside(answer, marks), answer }
      },
      // Where every sign-in gives the same cookie, it is a statement and no id of a session: that is for other attacks.
      alsoHarmless: async () => {
        const jar = await fresh()
        return isSame(jar, await fresh()) || keys.some((name) => isStatement(jar.get(name) ?? ''))
      },
    },
    {
      method: signIn.method,
      path: signIn.path,
      message:
        'Whoever planted a session of his own is signed in as soon as somebody signs in over it: the id stays the same.',
      remedy: REMEDY,
    },
  )
}

async function plant(
  target: Target,
  { signIn, page, marks }: Ground,
  plantable: () => Promise<Jar>,
  { message }: { readonly message: string },
): Promise<Outcome> {
  return tryOut(
    {
      attack: async () => {
        const planted = await plantable()
        await enter(target, signIn, planted)
        const answer = await see(target, page, planted)
        return { worked: planted.size > 0 && isInside(answer, marks), answer }
      },
      alsoHarmless: async () => isInside(await see(target, page, await plantable()), marks),
    },
    { method: signIn.method, path: signIn.path, message, remedy: REMEDY },
  )
}

/** Somebody copied the cookie earlier, or finds it on a shared machine. Ends sessions of the account, so it comes last. */
const replay: Probe = {
  name: 'sessions/replay-after-sign-out',
  risk: 'session-not-ended',
  title: 'The session still works after signing out',
  kind: 'last',
  async *attack(target) {
    const ground = await survey(target)
    if (ground === undefined) return
    const { signIn, page, marks } = ground
    const known = target.routes.find(({ path, signIn }) => signIn !== true && isSignOut(path))
    const wayOut = async (jar: Jar): Promise<Route | undefined> => known ?? exitIn((await see(target, page, jar)).text)
    const first = await wayOut(ground.jar)
    if (first === undefined) return
    let copied: Jar | undefined
    const leave = async (): Promise<{ copy: Jar; left: Jar }> => {
      const { jar } = await enter(target, signIn, GUEST)
      // The form may hold a token that is good for this sign-in only.
      return { copy: jar, left: taking(jar, await submit(target, (await wayOut(jar)) ?? first, jar)) }
    }
    yield await tryOut(
      {
        control: async () => {
          const { copy, left } = await leave()
          copied = copy
          return copy.size > 0 && !isInside(await see(target, page, left), marks)
        },
        attack: async () => {
          const copy = copied ?? (await leave()).copy
          copied = undefined
          const answer = await see(target, page, copy)
          return { worked: isInside(answer, marks), answer }
        },
      },
      {
        method: first.method,
        path: first.path,
        message: 'A copy of the cookie opens the account after its owner has signed out.',
        remedy: 'End the session on the server too: req.security.session.signOut().',
      },
    )
  },
}

const GUESTS = 100
const SIGN_INS = 8
const FEWEST = 8

/** Sends many requests, and each may leave a session behind in the target. */
const weakId: Probe = {
  name: 'sessions/weak-id',
  risk: 'guessable-session',
  title: 'Session ids can be guessed',
  kind: 'last',
  async *attack(target) {
    const ground = await survey(target)
    if (ground === undefined) return
    const guestPage = await guestPageOf(target)
    // Cookies that only count together, such as a value and its signature, have to be guessed together.
    if (ground.keys.length > 1) return
    for (const name of ground.keys.filter((key) => !isStatement(ground.jar.get(key) ?? ''))) {
      const guest = guestPage === undefined ? undefined : taking(GUEST, await see(target, guestPage, GUEST)).get(name)
      const path = guest === undefined ? ground.signIn.path : (guestPage ?? '/')
      const collect = (): Promise<Collected> => {
        return guest === undefined || guestPage === undefined
          ? collectIds(SIGN_INS, name, () => submit(target, ground.signIn, GUEST))
          : collectIds(GUESTS, name, () => see(target, guestPage, GUEST))
      }
      let first: Collected | undefined = await collect()
      const { ids } = first
      // The same again and again is no id of a session, but a statement that is signed or not: that is for other attacks.
      if (ids.length >= FEWEST && new Set(ids).size * 2 < ids.length) continue
      yield await tryOut(
        {
          control: async () => ids.length >= FEWEST,
          attack: async () => {
            const { ids: own, answer } = first ?? (await collect())
            first = undefined
            return { worked: own.length >= FEWEST && bitsOf([...new Set(own)]) < ENOUGH_BITS, answer }
          },
        },
        {
          method: guest === undefined ? ground.signIn.method : 'GET',
          path,
          message: `In ${ids.length} ids in the cookie ${name}, only about ${Math.round(bitsOf([...new Set(ids)]))} bits vary.`,
          remedy: 'Use ids of 128 random bits or more, as req.security.session does.',
        },
      )
    }
  },
}

export const probes: readonly Probe[] = [fixation, noRotation, replay, weakId]

interface Collected {
  readonly ids: readonly string[]
  readonly answer: Answer
}

/** Stops at the first answer without the cookie, which may be a limit. */
async function collectIds(count: number, name: string, ask: () => Promise<Answer>): Promise<Collected> {
  const ids: string[] = []
  for (;;) {
    const answer = await ask()
    const id = taking(GUEST, answer).get(name)
    if (id !== undefined) ids.push(id)
    if (id === undefined || ids.length >= count) return { ids, answer }
  }
}

/** A page that gives cookies to guests. */
async function guestPageOf(target: Target): Promise<string | undefined> {
  for (const path of pagesOf(target)) {
    if (taking(GUEST, await see(target, path, GUEST)).size > 0) return path
  }
  return undefined
}
