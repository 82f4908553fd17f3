import type { ReportedEvent } from '../../../core/event.ts'
import { type Denial, deny } from '../../../core/guard.ts'
import type { SinkExchange } from '../../../core/sink.ts'
import { type Difference, prototypes } from '../../../firewall/builtins/prototypes.ts'
import { shared } from '../../../firewall/shared.ts'

const GUARD = 'prototype-pollution'
const MOST_NAMED = 5
const MOST_TOLD = 100
/** Tells what else it was looked for in: the words behind what was found. */
const WHEN = {
  opened: 'when the next request came',
  answered: 'when its answer left',
  called: 'when a dangerous function was called',
  ticked: 'within a second',
} as const

/** Calls of code that was changed by a client are not to be trusted, whoever makes them. */
const CALL: Denial = deny(GUARD, 'a call was stopped because the prototypes of the process had just been changed', 500)

export interface Look {
  readonly enforce: boolean
  readonly when: keyof typeof WHEN
  tell(event: ReportedEvent): void
}

/** What was told of changes that only were observed. */
const told = shared('prototype-pollution.told', () => new Set<string>())

/**
 * Finds what has changed in the prototypes that all code shares, undoes it, and tells of it. Answers whether there was something that no
 * code of the app would do.
 *
 * What clients send is data. So functions and accessors, and whatever no loop sees, were put there by code, such as a module that was
 * loaded late: they stay, and are told of once.
 */
export function inspect(look: Look): boolean {
  const ours: string[] = []
  const found: string[] = []
  const stuck: string[] = []
  for (const difference of prototypes.differences()) {
    const name = nameOf(difference)
    if (difference.isCode) {
      difference.accept()
      ours.push(name)
    } else if (!look.enforce) {
      if (isNews(name)) found.push(name)
    } else if (difference.undo()) found.push(name)
    else {
      // Told once, or it would be told with every request from now on.
      difference.accept()
      stuck.push(name)
    }
  }
  if (ours.length > 0) tellOfOurs(ours, look)
  if (found.length > 0) tellOf(found, look.enforce ? 'and was put back' : 'and was left so', look)
  if (stuck.length > 0) tellOf(stuck, 'and cannot be put back: restart the process', look)
  return found.length + stuck.length > 0
}

/** Looks before a sink judges a call: what an attacker does next is to have one made with options that nobody gave it. */
export function lookBeforeCall(exchange: SinkExchange): Denial | undefined {
  if (!prototypes.areRemembered || !prototypes.areTouched()) return undefined
  const stance = exchange.stanceOf(GUARD)
  if (stance === 'off') return undefined
  const enforce = stance === 'enforce'
  const isPolluted = inspect({ enforce, when: 'called', tell: (event) => exchange.report(event) })
  if (!isPolluted) return undefined
  exchange.report({ guard: GUARD, risk: GUARD, reason: CALL.reason, outcome: enforce ? 'denied' : 'observed' })
  return enforce ? CALL : undefined
}

function tellOf(names: readonly string[], end: string, { enforce, when, tell }: Look): void {
  tell({
    guard: GUARD,
    risk: GUARD,
    reason: `${listed(names)} changed while requests were answered, which was seen ${WHEN[when]}, ${end}`,
    fix: 'find what writes under keys that a client names: merge into Object.create(null) or a Map, and refuse __proto__, constructor and prototype',
    outcome: enforce ? 'reported' : 'observed',
  })
}

function tellOfOurs(names: readonly string[], { tell }: Look): void {
  tell({
    guard: GUARD,
    risk: GUARD,
    reason: `code of the app itself changed ${listed(names)} after the first request, and that was taken over`,
    fix: 'load what extends prototypes before the app begins to answer',
  })
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMED
  return more > 0 ? `${names.slice(0, MOST_NAMED).join(', ')} and ${more} more` : names.join(', ')
}

/** The client may have chosen the key: nothing but a plain name is shown of it. */
function nameOf({ place, key, change }: Difference): string {
  if (key === undefined) return `what ${place} inherits from`
  if (typeof key === 'symbol') return `a symbol of ${place}`
  const text = String(key)
  const shown = /^[A-Za-z_$][\w$-]{0,39}$/.test(text)
    ? `${place}.${text}`
    : `a key of ${text.length} characters of ${place}`
  return change === 'added' ? shown : `${shown} (${change})`
}

function isNews(name: string): boolean {
  if (told.has(name) || told.size >= MOST_TOLD) return false
  told.add(name)
  return true
}
