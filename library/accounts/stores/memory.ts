import { fromRow, toEmailColumn, toIdColumn, toPageQuery, toRow } from '../record.ts'
import type { Account, AccountPage, AccountStore, NewAccount } from '../store.ts'

/** Accounts in the memory of this process, for development and tests: they are gone when it ends. Answers at once. */
export function memoryAccountStore(): AccountStore {
  return new MemoryAccountStore()
}

interface Slot {
  readonly id: string
  readonly email: string | null
  readonly search: string
  readonly body: string
  readonly version: number
}

/** Keeps rows, as a database does: nobody can change an account by changing an object that he was handed. */
class MemoryAccountStore implements AccountStore {
  readonly name = 'memory'
  readonly #rows = new Map<string, Slot>()
  /** Id columns by e-mail column. */
  readonly #emails = new Map<string, string>()

  create(account: NewAccount): Account | undefined {
    const row = toRow(account, 1)
    if (this.#rows.has(row.id) || (row.email !== null && this.#emails.has(row.email))) return undefined
    return this.#set(row)
  }

  get(id: string): Account | undefined {
    const row = this.#rows.get(toIdColumn(id))
    return row && fromRow(row)
  }

  getByEmail(email: string): Account | undefined {
    const row = this.#rows.get(this.#emails.get(toEmailColumn(email)) ?? '')
    return row && fromRow(row)
  }

  change(account: Account): Account | 'conflict' | 'taken' {
    const row = toRow(account, account.version + 1)
    const old = this.#rows.get(row.id)
    if (old === undefined || old.version !== account.version) return 'conflict'
    if (row.email !== null && (this.#emails.get(row.email) ?? row.id) !== row.id) return 'taken'
    if (old.email !== null) this.#emails.delete(old.email)
    return this.#set(row)
  }

  remove(id: string): boolean {
    const key = toIdColumn(id)
    const row = this.#rows.get(key)
    if (row === undefined) return false
    if (row.email !== null) this.#emails.delete(row.email)
    return this.#rows.delete(key)
  }

  list(page: AccountPage): readonly Account[] {
    const { limit, after, search } = toPageQuery(page)
    return [...this.#rows.values()]
      .filter((row) => (after === undefined || compare(row.id, after) < 0) && row.search.includes(search))
      .sort((a, b) => compare(b.id, a.id))
      .slice(0, limit)
      .map(fromRow)
  }

  #set(row: Slot): Account {
    this.#rows.set(row.id, row)
    if (row.email !== null) this.#emails.set(row.email, row.id)
    return fromRow(row)
  }
}

/** By code points, as databases do; JavaScript's own order puts emoji before some letters. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
