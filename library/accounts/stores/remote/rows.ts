import type { Link } from '../../../stores/remote/link.ts'
import {
  type AccountRow,
  fromRow,
  type PageQuery,
  toEmailColumn,
  toIdColumn,
  toPageQuery,
  toRow,
} from '../../record.ts'
import type { Account, AccountPage, AccountStore, NewAccount } from '../../store.ts'

/** What is read of a row. */
export type StoredRow = Pick<AccountRow, 'id' | 'body' | 'version'>

/** One database that keeps rows of accounts. Each method is atomic by itself: whatever happens, a row is written as a whole or not at all. */
export interface Rows {
  /** Answers `false` when the id or the e-mail key is taken. */
  insert(row: AccountRow): Promise<boolean>
  byId(id: string): Promise<StoredRow | undefined>
  byEmail(email: string): Promise<StoredRow | undefined>
  /** Replaces the row if its version is still `expected`. `'taken'`: the e-mail key is another row's. */
  replace(row: AccountRow, expected: number): Promise<'done' | 'conflict' | 'taken'>
  /** Answers whether there was one. */
  delete(id: string): Promise<boolean>
  /** By falling id, compared by code points. */
  page(query: PageQuery): Promise<readonly StoredRow[]>
}

/** An account store over rows in another process. Each method has the deadline of the link, and fails at once while the server is away. */
export class RemoteAccountStore implements AccountStore {
  readonly name: string
  readonly #rows: Rows
  readonly #link: Link

  constructor(name: string, rows: Rows, link: Link) {
    this.name = name
    this.#rows = rows
    this.#link = link
  }

  async create(account: NewAccount): Promise<Account | undefined> {
    const row = toRow(account, 1)
    return (await this.#link.run(() => this.#rows.insert(row))) ? fromRow(row) : undefined
  }

  async get(id: string): Promise<Account | undefined> {
    if (!isText(id)) return undefined
    const key = toIdColumn(id)
    const row = await this.#link.run(() => this.#rows.byId(key))
    return row && fromRow(row)
  }

  async getByEmail(email: string): Promise<Account | undefined> {
    if (!isText(email)) return undefined
    const key = toEmailColumn(email)
    const row = await this.#link.run(() => this.#rows.byEmail(key))
    return row && fromRow(row)
  }

  async change(account: Account): Promise<Account | 'conflict' | 'taken'> {
    if (!Number.isSafeInteger(account.version)) return 'conflict'
    const row = toRow(account, account.version + 1)
    const answer = await this.#link.run(() => this.#rows.replace(row, account.version))
    return answer === 'done' ? fromRow(row) : answer
  }

  async remove(id: string): Promise<boolean> {
    if (!isText(id)) return false
    const key = toIdColumn(id)
    return this.#link.run(() => this.#rows.delete(key))
  }

  async list(page: AccountPage): Promise<readonly Account[]> {
    const query = toPageQuery(page)
    const rows = await this.#link.run(() => this.#rows.page(query))
    return rows.map(fromRow)
  }

  close(): void {
    this.#link.close()
  }
}

/** An object from a request, such as `{ $ne: null }`, is nobody: no driver gets to see it. */
function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** The database answers, and is not one that accounts can be kept in. */
export class Unfit extends Error {}

/** So often what the server has undone by itself is tried: each time somebody else got further. */
const TRIES = 4

/** Runs a statement again that the server gave up in favour of another one: a deadlock, or two transactions that it cannot put in an order. */
export async function undisturbed<T>(isUndone: (error: unknown) => boolean, statement: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await statement()
    } catch (error) {
      if (tried === TRIES || !isUndone(error)) throw error
    }
  }
}

/** The `code`, `errno` or `sqlState` of an error that a driver has thrown. */
export function partOf(error: unknown, name: 'code' | 'errno' | 'sqlState' | 'severity'): unknown {
  return error instanceof Error && name in error ? (error as Error & Record<string, unknown>)[name] : undefined
}
