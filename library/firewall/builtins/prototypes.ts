/** One way in which a prototype is no longer what it was when the app began to answer. */
export interface Difference {
  /** Such as `Object.prototype`. */
  readonly place: string
  /** `undefined` when it inherits from something else than it did. */
  readonly key: PropertyKey | undefined
  readonly change: 'added' | 'replaced' | 'removed' | 'inherits'
  /** It is a function, an accessor, or hidden from loops: code makes those, and no data that a client can send. */
  readonly isCode: boolean
  /** Puts it back as it was; answers whether that was possible. */
  undo(): boolean
  /** From now on it belongs there. */
  accept(): void
}

interface Kept {
  readonly place: string
  readonly object: object
  /** Inherits from the object, and has nothing of its own to loop over. */
  readonly sample: object
  readonly properties: Map<PropertyKey, PropertyDescriptor>
  readonly parent: object | null
}

/** Copies of this module, such as one per version of the package, share what they remember: there is one set of prototypes. */
const SHARED: unique symbol = Symbol.for('bulwark.firewall.prototypes') as never
const BARE: object = {}

/** The prototypes that all code of the process shares, as they were when the app began to answer. */
class Prototypes {
  #kept: readonly Kept[] = []
  #samples: readonly object[] = []
  #counts: number[] = []
  readonly #known = new Set<string>()
  readonly #own: readonly unknown[] = ownOf(BARE)
  #isFrozen = false

  /** Whether they were remembered. */
  get areRemembered(): boolean {
    return this.#kept.length > 0
  }

  /** Remembers them, once in a process: what was added until now is the app's own. */
  remember(): void {
    if (this.areRemembered) return
    this.#kept = watched().map(([place, object, sample]) => ({
      place,
      object,
      sample,
      properties: propertiesOf(object),
      parent: Object.getPrototypeOf(object) as object | null,
    }))
    // A loop over what inherits from a string's prototype takes hundreds of times as long as over anything else.
    this.#samples = this.#kept.filter(({ object }) => object !== String.prototype).map(({ sample }) => sample)
    this.#count()
  }

  /** Names that may be added at any time, such as `color` or `String.prototype.color`. */
  allow(names: Iterable<string>): void {
    for (const name of names) this.#known.add(name)
  }

  /**
   * Whether something was added that a loop sees, as everything does that is added by assigning it, or whether what all objects have most
   * in use was replaced. Takes a fraction of a microsecond; {@link differences} sees the rest.
   */
  areTouched(): boolean {
    const samples = this.#samples
    for (let i = 0; i < samples.length; i++) if (loops(samples[i] as object) !== this.#counts[i]) return true
    const own = this.#own
    return (
      BARE.toString !== own[0] ||
      BARE.valueOf !== own[1] ||
      BARE.hasOwnProperty !== own[2] ||
      BARE.constructor !== own[3]
    )
  }

  /** Compares everything. Takes tens of microseconds. */
  differences(): Difference[] {
    const found: Difference[] = []
    for (const kept of this.#kept) this.#compare(kept, found)
    return found
  }

  /** Lets nobody change them any more. Answers whether this was the first time. */
  freeze(): boolean {
    if (this.#isFrozen) return false
    this.#isFrozen = true
    for (const { object } of this.#kept) if (object !== Object) Object.freeze(object)
    // What freezing did to the properties is no difference.
    for (const { object, properties } of this.#kept) {
      for (const [key, property] of propertiesOf(object)) properties.set(key, property)
    }
    return true
  }

  #compare(kept: Kept, found: Difference[]): void {
    const { object, properties, place } = kept
    const keys = Reflect.ownKeys(object)
    for (const key of keys) {
      const now = Object.getOwnPropertyDescriptor(object, key)
      const before = properties.get(key)
      if (now === undefined || (before !== undefined && isSame(before, now))) continue
      if (before === undefined && this.#isKnown(place, key)) this.#accept(kept, key)
      else {
        found.push({
          place,
          key,
          change: before === undefined ? 'added' : 'replaced',
          isCode: isCode(key, now, before),
          undo: () => this.#undo(object, key, before),
          accept: () => this.#accept(kept, key),
        })
      }
    }
    for (const [key, before] of properties) {
      if (Object.hasOwn(object, key)) continue
      const undo = (): boolean => this.#undo(object, key, before)
      const accept = (): void => this.#accept(kept, key)
      found.push({ place, key, change: 'removed', isCode: false, undo, accept })
    }
    if (Object.getPrototypeOf(object) === kept.parent) return
    found.push({
      place,
      key: undefined,
      change: 'inherits',
      isCode: false,
      undo: () => Reflect.setPrototypeOf(object, kept.parent),
      accept: () => {
        ;(kept as { parent: object | null }).parent = Object.getPrototypeOf(object) as object | null
        this.#count()
      },
    })
  }

  #isKnown(place: string, key: PropertyKey): boolean {
    return typeof key === 'string' && (this.#known.has(key) || this.#known.has(`${place}.${key}`))
  }

  #undo(object: object, key: PropertyKey, before: PropertyDescriptor | undefined): boolean {
    return before === undefined ? Reflect.deleteProperty(object, key) : Reflect.defineProperty(object, key, before)
  }

  #accept({ object, properties }: Kept, key: PropertyKey): void {
    const now = Object.getOwnPropertyDescriptor(object, key)
    if (now === undefined) properties.delete(key)
    else properties.set(key, now)
    this.#count()
  }

  #count(): void {
    this.#counts = this.#samples.map(loops)
  }
}

export type { Prototypes }

export const prototypes: Prototypes = ((globalThis as { [SHARED]?: Prototypes })[SHARED] ??= new Prototypes())

/** Paths lead from data to these, and to `Object` itself by way of `constructor`. */
function watched(): readonly (readonly [place: string, object: object, sample: object])[] {
  return [
    ['Object.prototype', Object.prototype, {}],
    ['Array.prototype', Array.prototype, []],
    ['Object', Object, Object],
    ['Function.prototype', Function.prototype, () => {}],
    ['String.prototype', String.prototype, {}],
    ['Number.prototype', Number.prototype, Object(0) as object],
    ['Boolean.prototype', Boolean.prototype, Object(true) as object],
    ['RegExp.prototype', RegExp.prototype, /a/],
    ['Date.prototype', Date.prototype, new Date()],
    ['Map.prototype', Map.prototype, new Map()],
    ['Set.prototype', Set.prototype, new Set()],
    ['Promise.prototype', Promise.prototype, Promise.resolve()],
    ['Error.prototype', Error.prototype, new Error('for its prototype')],
  ]
}

function ownOf(object: object): readonly unknown[] {
  return [object.toString, object.valueOf, object.hasOwnProperty, object.constructor]
}

function propertiesOf(object: object): Map<PropertyKey, PropertyDescriptor> {
  return new Map(
    Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor]),
  )
}

function loops(sample: object): number {
  let count = 0
  for (const _ in sample) count++
  return count
}

function isSame(a: PropertyDescriptor, b: PropertyDescriptor): boolean {
  return Object.is(a.value, b.value) && a.get === b.get && a.set === b.set
}

function isCode(key: PropertyKey, now: PropertyDescriptor, before: PropertyDescriptor | undefined): boolean {
  const isFunction = typeof now.value === 'function' || now.get !== undefined || now.set !== undefined
  // What there was keeps its flags when data is assigned to it, so they say nothing then.
  return isFunction || typeof key === 'symbol' || (before === undefined && now.enumerable !== true)
}
