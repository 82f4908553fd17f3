import { hashPassword } from '../protections/passwords/index.ts'
import { memoryStore } from '../stores/memory.ts'
import { type Visitor, visitorsOf } from '../testing/visitor.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import type { Letter, LetterKind } from './base/letters.ts'
import type { AccountsOptions } from './base/options.ts'
import type { AccountStore } from './store.ts'
import { memoryAccountStore } from './stores/memory.ts'

export const PASSWORD = 'four green bicycles in May'
export const OTHER_PASSWORD = 'nobody sails on Thursdays!'
export const ORIGIN = 'https://journal.example'
export const KEY = 'Zk3vQ9wT1xB7nR5mC8pL2sD6fH4jG0aYeUiO'

let hashed: Promise<string> | undefined

/** An app with accounts, without the app: its clock, its letters, and people who visit it. */
export interface World {
  readonly accounts: Accounts
  readonly letters: Letter[]
  visitor(ip?: string): Visitor
  /** Adds somebody with `PASSWORD` and answers the id. */
  addPerson(email?: string, roles?: readonly string[]): Promise<string>
  /** Somebody in a browser who has just signed in with the password. */
  signedIn(email?: string): Promise<Visitor>
  /** The newest letter of a kind, when all are sent. */
  letter(kind: LetterKind): Promise<Letter | undefined>
  /** The token in the link of the newest letter of a kind. */
  token(kind: LetterKind): Promise<string>
  kinds(): Promise<readonly LetterKind[]>
  pass(ms: number): void
  now(): number
}

export function makeWorld(options: Partial<AccountsOptions> = {}): World {
  let now = 1_800_000_000_000
  const clock = (): number => now
  const letters: Letter[] = []
  const store = options.store ?? memoryStore({ now: clock })
  const policy = { app: 'journal', origins: [ORIGIN], keys: KEY, store }
  const accounts = createAccounts({
    ...policy,
    title: 'Journal',
    accounts: memoryAccountStore(),
    mail: (letter) => void letters.push(letter),
    now: clock,
    ...options,
  })
  const visitor = visitorsOf(
    { ...policy, accessControl: { roles: { guest: [], admin: ['*'] }, identify: accounts.identify } },
    clock,
  )

  const world: World = {
    accounts,
    letters,
    visitor,
    async addPerson(email = 'ann@example.org', roles = []) {
      const passwordHash = await (hashed ??= hashPassword(PASSWORD))
      const added = await accounts.add({ email, roles, passwordHash })
      if (!added.ok) throw new Error(`${email} was not added: ${added.reason}`)
      return added.profile.id
    },
    async signedIn(email = 'ann@example.org') {
      const browser = visitor()
      const answer = await browser.visit((security) => accounts.signIn(security, { email, password: PASSWORD }))
      if (!answer.ok) throw new Error(`${email} was not signed in: ${answer.reason}`)
      return browser
    },
    async letter(kind) {
      await accounts.settled()
      return letters.findLast((each) => each.kind === kind)
    },
    async token(kind) {
      const link = (await world.letter(kind))?.link
      if (link === undefined) throw new Error(`there is no letter of the kind ${kind} with a link`)
      return new URL(link).searchParams.get('token') ?? ''
    },
    async kinds() {
      await accounts.settled()
      return letters.map(({ kind }) => kind)
    },
    pass: (ms) => void (now += ms),
    now: clock,
  }
  return world
}

/** Who a browser is signed in as. */
export function whoIs(visitor: Visitor): Promise<string | undefined> {
  return visitor.visit(async (security) => (await security.user())?.id)
}

/** A store that takes a moment for everything, so that requests at the same moment really cross. */
export function slow(store: AccountStore): AccountStore {
  const moment = () => new Promise((resolve) => setTimeout(resolve, 2))
  return {
    name: 'slow',
    create: async (account) => moment().then(() => store.create(account)),
    get: async (id) => moment().then(() => store.get(id)),
    getByEmail: async (email) => moment().then(() => store.getByEmail(email)),
    change: async (account) => moment().then(() => store.change(account)),
    remove: async (id) => moment().then(() => store.remove(id)),
    list: async (page) => moment().then(() => store.list(page)),
  }
}
