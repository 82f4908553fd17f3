import { BulwarkError } from '../../../core/errors.ts'
import type { Awaitable } from '../../../core/exchange.ts'
import type { Permission } from '../../../core/register.ts'
import type { Store } from '../../../core/store.ts'
import { textOf } from './filter.ts'
import type { Person } from './policy.ts'

/** Who a grant is for: one person, or everybody with a role. */
export type Holder = { readonly person: string } | { readonly role: string }

/** What somebody was allowed or denied with one object, besides what roles say. A denial wins over everything. */
export interface StoredGrant {
  readonly permission: string
  /** The object's id, as text. */
  readonly object: string
  readonly effect: 'allow' | 'deny'
  /** Only these fields; without them all. */
  readonly fields?: readonly string[]
}

/** Grants that the app keeps in tables of its own. */
export interface GrantSource {
  /** All grants of this person (`undefined` for a guest) and of these roles. Asked once for each request. */
  grantsOf(person: string | undefined, roles: readonly string[]): Awaitable<readonly StoredGrant[]>
}

/** Keeps grants in the policy's store. Each change is atomic and holds from the next request on, in every process. */
export interface Grants {
  /** Allows it with one object. @throws BulwarkError `BULWARK_GRANT_INVALID` */
  allow(
    holder: Holder,
    permission: Permission,
    object: string | number | bigint,
    fields?: readonly string[],
  ): Promise<void>
  /** Denies it with one object, whatever roles and other grants say. @throws BulwarkError `BULWARK_GRANT_INVALID` */
  deny(holder: Holder, permission: Permission, object: string | number | bigint): Promise<void>
  /** Takes a grant or a denial back; answers whether there was one. */
  revoke(holder: Holder, permission: Permission, object: string | number | bigint): Promise<boolean>
  /** Everything that was granted to this holder. */
  of(holder: Holder): Promise<readonly StoredGrant[]>
  /** Everybody who was granted or denied it with this object. */
  holdersOf(
    permission: Permission,
    object: string | number | bigint,
  ): Promise<readonly (Holder & Pick<StoredGrant, 'effect'>)[]>
}

/** The grants that count for one request, by permission and object. */
export class GrantBook {
  readonly #byPermission = new Map<string, Map<string, StoredGrant>>()

  constructor(grants: readonly StoredGrant[]) {
    for (const grant of grants) {
      let objects = this.#byPermission.get(grant.permission)
      if (objects === undefined) this.#byPermission.set(grant.permission, (objects = new Map()))
      const before = objects.get(grant.object)
      objects.set(grant.object, before === undefined ? grant : stronger(before, grant))
    }
  }

  of(permission: string, object: string): StoredGrant | undefined {
    return this.#byPermission.get(permission)?.get(object)
  }

  allowed(permission: string): readonly string[] {
    return this.#objects(permission, 'allow')
  }

  denied(permission: string): readonly string[] {
    return this.#objects(permission, 'deny')
  }

  #objects(permission: string, effect: StoredGrant['effect']): readonly string[] {
    const objects = this.#byPermission.get(permission)
    if (objects === undefined) return []
    return [...objects.values()].filter((grant) => grant.effect === effect).map(({ object }) => object)
  }
}

/** Of two grants for one object a denial counts; of two that allow, both. */
function stronger(one: StoredGrant, other: StoredGrant): StoredGrant {
  if (one.effect === 'deny') return one
  if (other.effect === 'deny' || one.fields === undefined) return other.effect === 'deny' ? other : one
  return other.fields === undefined ? other : { ...one, fields: [...new Set([...one.fields, ...other.fields])] }
}

/** One holder's grants are read with every request of theirs: so many still cost little. For more there are rules. */
const MOST_GRANTS = 1000
const MOST_TRIES = 100
/** Every value in a store expires. A grant ends when it is taken back, so this only has to be longer than anything lasts. */
const FOR_EVER = 100 * 365 * 24 * 60 * 60 * 1000
const SOON = 24 * 60 * 60 * 1000

type Row = readonly [permission: string, object: string, effect: 'a' | 'd', fields?: readonly string[]]

/** @param known The permissions of the policy; any where it is not given. */
export class GrantLedger implements Grants {
  readonly #store: Store
  readonly #prefix: string
  readonly #known: ReadonlyMap<string, unknown> | undefined

  constructor(store: Store, app: string, known: ReadonlyMap<string, unknown> | undefined) {
    this.#store = store
    this.#prefix = `grants:${app}:`
    this.#known = known
  }

  async allow(holder: Holder, permission: string, object: unknown, fields?: readonly string[]): Promise<void> {
    await this.#set(holder, permission, object, 'a', fields)
  }

  async deny(holder: Holder, permission: string, object: unknown): Promise<void> {
    await this.#set(holder, permission, object, 'd', undefined)
  }

  async revoke(holder: Holder, permission: string, object: unknown): Promise<boolean> {
    const id = toId(object)
    const isOther = (row: Row): boolean => row[0] !== permission || row[1] !== id
    const was = await this.#change(this.#keyOf(holder), (rows) => rows.filter(isOther))
    const named = nameOf(holder)
    await this.#change(this.#indexOf(permission, id), (rows) => rows.filter(([name]) => name !== named))
    return !was.every(isOther)
  }

  async of(holder: Holder): Promise<readonly StoredGrant[]> {
    return (await this.#rows(this.#keyOf(holder))).map(toGrant)
  }

  async holdersOf(permission: string, object: unknown): Promise<(Holder & Pick<StoredGrant, 'effect'>)[]> {
    const id = toId(object)
    const found: (Holder & Pick<StoredGrant, 'effect'>)[] = []
    // What the index names too much is sorted out here: it is written first and cleared last.
    for (const [name] of await this.#rows(this.#indexOf(permission, id))) {
      const holder = toHolder(name)
      const grant = (await this.of(holder)).find((one) => one.permission === permission && one.object === id)
      if (grant !== undefined) found.push({ ...holder, effect: grant.effect })
    }
    return found
  }

  /** The grants of one request. Answers at once where the store does. */
  load(person: Person | undefined): Awaitable<GrantBook> {
    const roles = person?.roles ?? ['guest']
    const keys = roles.map((role) => this.#keyOf({ role }))
    if (person !== undefined) keys.push(this.#keyOf({ person: person.id }))
    const entries = keys.map((key) => this.#store.get(key))
    const settled = entries.filter((entry) => !isPending(entry))
    if (settled.length === entries.length) return toBook(settled as readonly ({ readonly value: string } | undefined)[])
    return Promise.all(entries).then(toBook)
  }

  async #set(
    holder: Holder,
    permission: string,
    object: unknown,
    effect: 'a' | 'd',
    fields: readonly string[] | undefined,
  ): Promise<void> {
    const id = toId(object)
    if (this.#known !== undefined && !this.#known.has(permission)) {
      throw invalid(
        `no role has the permission "${String(permission).slice(0, 80)}"`,
        'grant a permission that the policy names in a role',
      )
    }
    const row: Row = fields === undefined ? [permission, id, effect] : [permission, id, effect, fields]
    const key = this.#keyOf(holder)
    const named = nameOf(holder)
    await this.#change(this.#indexOf(permission, id), (rows) => [
      ...rows.filter(([name]) => name !== named),
      [named, '', 'a'],
    ])
    await this.#change(key, (rows) => [...rows.filter((one) => one[0] !== permission || one[1] !== id), row])
  }

  /** Changes one list, whoever else is changing it at the same time; answers what it was. */
  async #change(key: string, change: (rows: readonly Row[]) => readonly Row[]): Promise<readonly Row[]> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const entry = await this.#store.get(key)
      const before = entry === undefined ? [] : toRows(entry.value)
      const after = change(before)
      if (after.length === 0 && before.length === 0) return before
      if (after.length > MOST_GRANTS && after.length > before.length) {
        throw invalid(
          `more than ${MOST_GRANTS} grants would be stored in one place`,
          'write a rule for what so many have in common, such as a team',
        )
      }
      const ttl = after.length === 0 ? SOON : FOR_EVER
      const version = await this.#store.put(key, JSON.stringify(after), { ttl, expected: entry?.version ?? 0 })
      if (version !== undefined) return before
    }
    throw new BulwarkError('BULWARK_STORE_UNAVAILABLE', 'others changed the same grants again and again', {
      at: 'policy.store',
      fix: 'try it again',
    })
  }

  async #rows(key: string): Promise<readonly Row[]> {
    const entry = await this.#store.get(key)
    return entry === undefined ? [] : toRows(entry.value)
  }

  #keyOf(holder: Holder): string {
    return `${this.#prefix}${nameOf(holder)}`
  }

  #indexOf(permission: string, object: string): string {
    return `${this.#prefix}object:${permission}:${object}`
  }
}

/** Reads a source of the app's own the way the store is read. */
export function loadFrom(source: GrantSource, person: Person | undefined): Awaitable<GrantBook> {
  const found = source.grantsOf(person?.id, person?.roles ?? ['guest'])
  return isPending(found) ? Promise.resolve(found).then((grants) => new GrantBook(grants)) : new GrantBook(found)
}

function toBook(entries: readonly ({ readonly value: string } | undefined)[]): GrantBook {
  return new GrantBook(entries.flatMap((entry) => (entry === undefined ? [] : toRows(entry.value).map(toGrant))))
}

function toRows(value: string): readonly Row[] {
  const rows: unknown = JSON.parse(value)
  if (Array.isArray(rows)) return rows as readonly Row[]
  throw new TypeError('what the store holds under a key of grants is no list')
}

function toGrant([permission, object, effect, fields]: Row): StoredGrant {
  return { permission, object, effect: effect === 'd' ? 'deny' : 'allow', ...(fields && { fields }) }
}

function nameOf(holder: Holder): string {
  const [kind, name] = 'person' in holder ? ['person', holder.person] : ['role', holder.role]
  if (typeof name === 'string' && name !== '' && name.length <= 200) return `${kind}:${name}`
  throw invalid('a grant is for a person or a role', "name one: { person: 'ada' } or { role: 'author' }")
}

function toHolder(name: string): Holder {
  return name.startsWith('role:') ? { role: name.slice(5) } : { person: name.slice(7) }
}

function toId(object: unknown): string {
  const id = typeof object === 'boolean' ? undefined : textOf(object)
  if (typeof id === 'string' && id !== '' && id.length <= 200) return id
  throw invalid('an object is named by its id', 'hand in the id of the object, such as post.id')
}

function invalid(what: string, fix: string): BulwarkError {
  return new BulwarkError('BULWARK_GRANT_INVALID', what, { fix })
}

function isPending<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}
