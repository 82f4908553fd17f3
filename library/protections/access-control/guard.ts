import type { KnownRoute } from '../../core/contract.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { deny, type Guard, type Verdict } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import type { Permission } from '../../core/register.ts'
import { type Compiled, compile } from './deciding/compile.ts'
import { checkDeclared, checkOptions, factsOf, lineOf, undeclared, unkept } from './deciding/declared.ts'
import type { Explanation } from './deciding/explain.ts'
import type { FieldAccess } from './deciding/fields.ts'
import { type GrantBook, GrantLedger, type GrantSource, type Grants, loadFrom } from './deciding/grants.ts'
import type { Person, Resources, Roles } from './deciding/policy.ts'
import { Subject } from './deciding/subject.ts'
import type { Scope } from './lists/scope.ts'

export type { Person } from './deciding/policy.ts'

export interface AccessControlOptions extends CommonOptions {
  /**
   * What each role may do: permissions, other roles to take over from, or `'*'`; with `!` in front, what it must never do.
   *
   * **Security**: as soon as there are roles, a route that declares nothing keeps the app from starting (deny by default, ASVS 8.2.1).
   * @default none: routes are served under the default contract
   */
  readonly roles?: Roles
  /** The kinds of objects that permissions speak of, with the rules that roles may add behind a permission. */
  readonly resources?: Resources
  /**
   * Who sends this request: the roles of the person, or `undefined` for somebody unknown, who has the role `guest` if there is one.
   * Asked once for each request.
   */
  readonly identify?: (x: Exchange) => Awaitable<Person | undefined>
  /**
   * Grants for single objects: `true` keeps them in the policy's store (`req.security.grants`), a source reads those of the app.
   * @default none
   */
  readonly grants?: true | GrantSource
  /**
   * What happens to an answer of a route whose permission depends on the object, when nobody asked `can`, `assert`, `scope` or `fields`
   * about one: an event, or an event and 500 instead of the answer.
   * @default 'deny' where NODE_ENV is 'test', otherwise 'report'
   */
  readonly undecided?: 'report' | 'deny'
}

declare module '../../core/contract.ts' {
  interface Contract {
    /**
     * Loads the object that the route is about, for a permission that depends on it: `object: (x) => posts.find(x.params.id)`. Nothing
     * found is 404. The route gets it as `req.security.object`.
     */
    readonly object?: (x: Exchange) => Awaitable<object | null | undefined>
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /**
     * Whether the person behind this request may do it with this object; without an object, whether with every one.
     * @throws BulwarkError `BULWARK_PERMISSION_UNKNOWN` for a permission that no role names
     */
    can(permission: Permission, object?: object): boolean
    /**
     * As `can`, but throws. Left uncaught, the answer is 401, 403, or 404 where the policy hides objects.
     * @throws BulwarkError `BULWARK_ACCESS_DENIED`, `BULWARK_PERMISSION_UNKNOWN`
     */
    assert(permission: Permission, object?: object): void
    /** Why, or why not: as data and as a tree. */
    explain(permission: Permission, object?: object): Explanation
    /**
     * With which objects: a filter for lists, for `scopeToSql` and `scopeToMongo`.
     * @throws BulwarkError `BULWARK_SCOPE_OPAQUE` when a rule that counts is a function
     */
    scope(permission: Permission): Scope
    /** Which fields of the object. */
    fields(permission: Permission, object?: object): FieldAccess
    /** The person behind this request, as `accessControl.identify` answered when the route was matched. */
    readonly person: Person | undefined
    /** What the route's contract loaded with `object`. */
    readonly object: unknown
    /**
     * Grants for single objects, where the policy says `grants: true`.
     * **Security**: who may grant is for the app to decide, before it calls this.
     */
    readonly grants: Grants
  }
}

const NAME = 'access-control'
/** Routes that are remembered as having answered undecided: each is reported once. */
const MOST_REPORTED = 100

/** What this protection knows of one exchange. */
interface Visit {
  readonly subject: Subject
  object: unknown
  /** The resource about which a decision is due; `undefined` when none is. */
  due: string | undefined
}

/**
 * Lets a route be called only by those whose role has the permission that the route declares, and names the routes that declare nothing.
 * Where a permission depends on the object, it sees that the object was asked about.
 *
 * Without roles in the policy it only watches: which routes are served under the default contract, and which answers no route gave.
 * **Security**: deny by default (CWE-862, CWE-639, ASVS 8.2.1 to 8.2.3, 8.3.1, 8.3.2); 401 for somebody unknown, 403 for somebody known.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_POLICY_UNSAFE`, and `BULWARK_ROUTE_UNDECLARED` when the app starts
 */
export function accessControl(options: AccessControlOptions, setup: Setup): Guard {
  const observe = (options.mode ?? setup.mode) === 'observe'
  const compiled = options.roles === undefined ? undefined : compile(options.roles, options.resources)
  checkOptions(options, setup)
  const ledger = options.grants === true ? new GrantLedger(setup.store, setup.app, compiled?.ids) : undefined
  const source = typeof options.grants === 'object' ? options.grants : undefined
  const undecided = options.undecided ?? (process.env['NODE_ENV'] === 'test' ? 'deny' : 'report')
  const listed = new Set<string>()
  const reported = new Set<string>()

  const visitOf = (x: Exchange): Visit => {
    const visit = x.notes.get(NAME) as Visit | undefined
    return visit ?? { subject: new Subject(compiled ?? NOTHING, undefined), object: undefined, due: undefined }
  }
  const enter = (x: Exchange, person: Person | undefined, allow: string, all: Compiled): Awaitable<Verdict> => {
    if (person !== undefined) x.user = person.id
    const book = ledger?.load(person) ?? (source && loadFrom(source, person))
    const go = (grants: GrantBook | undefined): Awaitable<Verdict> => {
      const visit: Visit = { subject: new Subject(all, person, grants), object: undefined, due: undefined }
      x.notes.set(NAME, visit)
      return judge(x, visit, allow)
    }
    return isPending(book) ? book.then(go) : go(book)
  }

  return {
    name: 'access-control',
    phase: 'access',
    facts: factsOf(compiled),
    onRoutes(routes) {
      const open = routes.filter((route) => route.contract?.allow === undefined && !isImplied(route))
      if (compiled === undefined) {
        listOnce(
          open.filter((route) => route.contract === undefined),
          listed,
          setup,
        )
        return
      }
      checkDeclared(routes, compiled)
      if (open.length === 0) return
      const error = undeclared(open)
      if (!observe) throw error
      setup.report({
        guard: NAME,
        risk: 'missing-authorization',
        reason: error.message,
        outcome: 'observed',
        fix: error.fix,
      })
    },
    onRoute(x) {
      if (compiled === undefined) return undefined
      const allow = x.contract?.allow
      if (allow === undefined) return deny('missing-authorization', 'the route does not say who may call it')
      const known = x.notes.get(NAME) as Visit | undefined
      if (known !== undefined) return judge(x, known, allow)
      const found = options.identify?.(x)
      if (isPending(found)) return found.then((person) => enter(x, person, allow, compiled))
      return enter(x, found, allow, compiled)
    },
    onResponse(x) {
      const due = (x.notes.get(NAME) as Visit | undefined)?.due
      if (due === undefined || x.response.status >= 400) return undefined
      const reason = `the route answered without can(), assert(), scope() or fields() about an object of "${due}"`
      if (undecided === 'deny') return deny('undecided-answer', reason, 500)
      const key = `${x.route?.method} ${x.route?.path}`
      if (reported.size < MOST_REPORTED && !reported.has(key)) {
        reported.add(key)
        x.report({
          guard: NAME,
          risk: 'undecided-answer',
          reason,
          fix: 'ask about the object, or declare how to load it: object: (x) => ...',
        })
      }
      return undefined
    },
    onUncovered(x) {
      x.report({
        guard: NAME,
        risk: 'uncovered-route',
        reason: 'something answered that is no route: middleware, a static file, or a handler in front of the routes',
        fix: 'the baseline protects it; to put it under a contract, make it a route',
      })
    },
    offers: {
      person: (x) => visitOf(x).subject.person,
      object: (x) => visitOf(x).object,
      can: (x) => (permission: string, object?: object) => {
        if (compiled === undefined) return false
        return decided(visitOf(x), permission, object).can(permission, object)
      },
      assert: (x) => (permission: string, object?: object) => {
        const subject = decided(visitOf(x), permission, object)
        if (subject.can(permission, object)) return
        const refusal = subject.refusal(permission, object)
        const risk = object == null ? 'missing-authorization' : 'broken-object-access'
        x.report({ guard: NAME, risk, reason: refusal.why, outcome: 'denied' })
        throw refusal
      },
      explain: (x) => (permission: string, object?: object) => visitOf(x).subject.explain(permission, object),
      scope: (x) => (permission: string) => {
        const visit = visitOf(x)
        if (resourceOf(permission) === visit.due) visit.due = undefined
        return visit.subject.scope(permission)
      },
      fields: (x) => (permission: string, object?: object) =>
        decided(visitOf(x), permission, object).fields(permission, object),
      grants: () => {
        if (ledger !== undefined) return ledger
        throw unkept()
      },
    },
  }
}

/** Whether the person may call the route, and what is due before it may answer. */
function judge(x: Exchange, visit: Visit, allow: string): Awaitable<Verdict> {
  const { subject } = visit
  const load = x.contract?.object
  if (allow !== 'anyone' && !subject.mightDo(allow)) {
    return subject.person === undefined
      ? deny('missing-authorization', `somebody unknown asked for what needs the permission ${allow}`, 401)
      : deny('missing-authorization', `none of the roles of the person has the permission ${allow}`)
  }
  if (load === undefined) {
    if (allow !== 'anyone' && subject.dependsOnObject(allow)) {
      visit.due = resourceOf(allow)
      x.refuseLate()
    }
    return undefined
  }
  const found = load(x)
  return isPending(found) ? found.then((object) => judgeObject(visit, allow, object)) : judgeObject(visit, allow, found)
}

function judgeObject(visit: Visit, allow: string, object: object | null | undefined): Verdict {
  if (object == null) return deny('broken-object-access', 'the object that was asked for does not exist', 404)
  visit.object = object
  if (allow === 'anyone' || visit.subject.can(allow, object)) return undefined
  const refusal = visit.subject.refusal(allow, object)
  return deny('broken-object-access', refusal.why, refusal.status)
}

/** Notes that somebody asked about an object of the kind that is due. */
function decided(visit: Visit, permission: string, object: object | undefined): Subject {
  if (visit.due !== undefined && object != null && resourceOf(permission) === visit.due) visit.due = undefined
  return visit.subject
}

function resourceOf(permission: string): string {
  const colon = permission.indexOf(':')
  return colon === -1 ? permission : permission.slice(0, colon)
}

/** HEAD follows GET, and OPTIONS answers no content. */
function isImplied(route: KnownRoute): boolean {
  return route.method === 'HEAD' || route.method === 'OPTIONS'
}

function listOnce(routes: readonly KnownRoute[], listed: Set<string>, setup: Setup): void {
  const fresh = routes.filter((route) => !listed.has(`${route.method} ${route.path}`))
  for (const route of fresh) listed.add(`${route.method} ${route.path}`)
  if (fresh.length === 0) return
  setup.report({
    guard: NAME,
    risk: 'missing-authorization',
    reason: `${fresh.length} ${fresh.length === 1 ? 'route is' : 'routes are'} served under the default contract:\n${fresh.map(lineOf).join('\n')}`,
    fix: 'declare what each takes with secure({ ... }); name roles in the policy to make it the rule',
  })
}

const NOTHING: Compiled = compile({})

function isPending<T>(value: Awaitable<T> | undefined): value is PromiseLike<T> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
