import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import type { Denial, Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off, type Setup } from '../../core/policy.ts'
import { prototypes } from '../../firewall/builtins/prototypes.ts'
import { lookFirst } from '../../firewall/consult.ts'
import { type Outcome, PollutionJudge } from './request/body.ts'
import { judgeCookies, judgeTarget, mayLead } from './request/target.ts'
import { inspect, lookBeforeCall } from './tripwire/inspect.ts'

const NAME = 'prototype-pollution'
/** The exchanges that were opened last and have not been answered: what an event about a change can name. */
const MOST_OPEN = 64
const KNOWN = /^(?:(?:[A-Z][A-Za-z]*\.prototype|Object)\.)?[\w$-]{1,100}$/

/** Options of the refusal of keys and paths, and of the tripwire behind it. */
export interface PrototypePollutionOptions extends CommonOptions {
  /**
   * Properties that code of the app adds to prototypes later than its first request and that hold data, such as `'color'` or
   * `'String.prototype.color'`. Functions and accessors need no line here.
   * @default []
   */
  readonly known?: readonly string[]
  /**
   * Freezes the prototypes when the first request comes: nothing can be added or replaced any more.
   *
   * **Security**: the strongest answer there is, and one that some packages do not bear: assigning `toString`, `constructor` or `name` to
   * an object that inherits them from a frozen prototype throws in strict mode, and polyfills that are loaded later fail.
   * @default false
   */
  readonly freeze?: boolean
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * `off('why')` lets requests to this route name prototypes: for a search in a manual of JavaScript. The tripwire stays.
     */
    readonly prototypePollution?: Off
  }
}

/**
 * Refuses requests whose names or values lead into a prototype, and undoes what changes one nevertheless.
 *
 * Looks at the path, the query, the cookies and the body. Text that people write about prototypes passes; a text that is a path through one
 * does not, and neither does `__proto__` as a whole value. Behind that stands a tripwire: what is added to or replaced in `Object.prototype`
 * and its like while requests are answered is put back before the next one is looked at, before an answer leaves and before a sink is asked.
 *
 * **Security**: the second line behind objects without a prototype (CWE-1321, ASVS 15.3.6).
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function prototypePollution(options: PrototypePollutionOptions, setup: Setup): Guard {
  const { known = [], freeze = false } = options
  checkOptions(known, freeze)
  const enforce = (options.mode ?? setup.mode) === 'enforce'
  const open: (Exchange | undefined)[] = new Array<undefined>(MOST_OPEN).fill(undefined)
  let opened = 0
  let hasBegun = false
  /** What is held against exchanges whose route is not known yet. */
  const waiting = new WeakMap<Exchange, Denial>()
  let toldUnread = false

  prototypes.allow(known)
  lookFirst(lookBeforeCall)

  const begin = (): void => {
    hasBegun = true
    prototypes.remember()
    if (freeze) prototypes.freeze()
  }

  /** Somebody did it who is still being answered, or whose answer has left and whose work goes on. */
  const inspectBetween = (when: 'opened' | 'ticked'): void => {
    const others = open.filter((each) => each !== undefined)
    const [first] = others
    inspect({ enforce, when, tell: (event) => (first ?? setup).report(withOthers(event, others.slice(1))) })
  }

  const refuse = (x: Exchange, denial: Denial): Denial | undefined => {
    // An exemption hangs on its route, so where the request may come to one the verdict has to wait until that is known.
    if (!x.waits(NAME)) return isOff(x.contract?.prototypePollution) ? undefined : denial
    waiting.set(x, denial)
    x.refuseLate()
    return undefined
  }

  const tellUnread = (x: Exchange): void => {
    if (toldUnread) return
    toldUnread = true
    x.report({
      guard: NAME,
      risk: NAME,
      reason: 'a body was too large to be read for paths into prototypes, or packed in an unknown way, and passed',
      fix: 'let this route take less by bodyLimits; the tripwire still watches',
    })
  }

  const judgeRoute = (x: Exchange): Denial | undefined => {
    const denial = x.isDue(NAME) ? waiting.get(x) : undefined
    if (denial === undefined) return undefined
    waiting.delete(x)
    return isOff(x.contract?.prototypePollution) ? undefined : denial
  }

  return {
    name: 'prototype-pollution',
    phase: 'shape',
    onRoutes(routes) {
      for (const { contract, path } of routes) {
        const own = contract?.prototypePollution
        if (own !== undefined && !isOff(own)) throw unknownContract(path)
      }
    },
    onRequest(x) {
      if (!hasBegun) begin()
      if (prototypes.areTouched()) inspectBetween('opened')
      open[opened++ % MOST_OPEN] = x
      const { request } = x
      const denial = mayLead(request.target) ? judgeTarget(request.target) : undefined
      if (denial !== undefined) return refuse(x, denial)
      const cookies = request.header('cookie')
      const inCookies = cookies !== undefined && mayLead(cookies) ? judgeCookies(cookies) : undefined
      return inCookies && refuse(x, inCookies)
    },
    judgeBody(x) {
      const outcome: Outcome = { refuse: (denial) => refuse(x, denial), unread: () => tellUnread(x) }
      return new PollutionJudge(x, outcome)
    },
    onRoute: judgeRoute,
    onUnrouted: judgeRoute,
    onResponse(x) {
      const at = open.indexOf(x)
      if (at !== -1) open[at] = undefined
      if (prototypes.areTouched()) {
        const others = open.filter((each) => each !== undefined)
        inspect({ enforce, when: 'answered', tell: (event) => x.report(withOthers(event, others)) })
      }
      // Something answered that is no route, and so has no exemption either.
      return x.waits(NAME) ? waiting.get(x) : undefined
    },
    onTick() {
      if (hasBegun) inspectBetween('ticked')
    },
    facts: { freeze },
  }
}

/** The event with the incident ids of others that may have been it. */
function withOthers<Event extends { readonly reason: string }>(event: Event, others: readonly Exchange[]): Event {
  if (others.length === 0) return event
  const ids = others.slice(0, 5).map(({ id }) => id)
  return { ...event, reason: `${event.reason}; also under way: ${ids.join(', ')}` }
}

function checkOptions(known: unknown, freeze: unknown): void {
  if (typeof freeze !== 'boolean') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'freeze is true or false', {
      at: 'policy.prototypePollution.freeze',
      fix: 'write freeze: true, or leave it out',
    })
  }
  if (Array.isArray(known) && known.every((name) => typeof name === 'string' && KNOWN.test(name))) return
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'known is a list of names of properties', {
    at: 'policy.prototypePollution.known',
    fix: "write it like known: ['color', 'String.prototype.blink']",
  })
}

function unknownContract(path: string): BulwarkError {
  return new BulwarkError('BULWARK_POLICY_INVALID', `the route ${path} says something unknown of prototypePollution`, {
    at: 'secure({ prototypePollution })',
    fix: "write prototypePollution: off('why'), or leave it out",
  })
}
