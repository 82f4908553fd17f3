import type { Contract } from '../../core/contract.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type BodyJudge, type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'
import { FieldJudge } from './fields/judge.ts'
import { checkNames, FieldNames, TELLING } from './fields/names.ts'

export interface MassAssignmentOptions extends CommonOptions {
  /**
   * Names of fields that no client may set, such as `['role', 'isAdmin', 'balance']`, at whatever depth and however they are written
   * (`is_admin`, `user[isAdmin]`). Requests with one are refused, unless the route declares its body or says `mayAssign`.
   * @default [] (nothing is refused; an event tells of well-known ones that came in a body which its route does not declare)
   */
  readonly privileged?: readonly string[]
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** Privileged fields that clients may set by this route, such as `['role']` where admins edit people. */
    readonly mayAssign?: readonly string[]
  }
}

const NAME = 'mass-assignment'
const MOST_TOLD = 1_000
/** Where nothing is to be refused, so much of a body is read: what an app takes without declaring it is seldom further on for the first time. */
const READ_TO_TELL = 8 * 1024

/**
 * Refuses fields that the policy names as privileged, in bodies that no schema judges; and tells of well-known ones where it names none.
 *
 * The first line is `secure({ body: schema })`, by which nothing passes that the route does not declare.
 *
 * **Security**: CWE-915, ASVS 15.3.3. 422, with the name as the policy has it.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`
 */
export function massAssignment(options: MassAssignmentOptions): Guard {
  const privileged = new FieldNames(checkNames(options.privileged ?? [], 'policy.massAssignment.privileged'))
  const telling = new FieldNames(TELLING.filter((name) => privileged.find(name) === undefined))
  const allowed = new WeakMap<Contract, FieldNames>()
  const told = new Set<string>()

  const mayAssign = (contract: Contract | undefined, name: string): boolean => {
    if (contract === undefined) return false
    // What a schema does not know never passes: see `input`.
    if (contract.body !== undefined) return true
    if (contract.mayAssign === undefined) return false
    let names = allowed.get(contract)
    if (names === undefined) {
      names = new FieldNames(checkNames(contract.mayAssign, 'secure({ mayAssign })'))
      allowed.set(contract, names)
    }
    return names.find(name) !== undefined
  }

  const settle = (x: Exchange, field: string): Denial | undefined => {
    const name = privileged.find(field)
    if (name === undefined) return undefined
    // Where the route may take the field, the verdict waits for it; in time, since the app is called after it.
    if (!x.waits(NAME)) return mayAssign(x.contract, name) ? undefined : refusal(name)
    const names = x.notes.get(NAME) as Set<string> | undefined
    if (names === undefined) x.notes.set(NAME, new Set([name]))
    else names.add(name)
    return undefined
  }

  /** Once for each route and name: who sends it again needs no second line in the log. */
  const tell = (x: Exchange, field: string): void => {
    const { route } = x
    const name = route && telling.find(field)
    if (route === undefined || name === undefined || mayAssign(x.contract, name)) return
    const key = `${route.method} ${route.path} ${name}`
    if (told.has(key) || told.size >= MOST_TOLD) return
    told.add(key)
    x.report({
      guard: NAME,
      risk: 'mass-assignment',
      reason: `${route.method} ${route.path} took a body with the field ${name}, which it does not declare`,
      fix: `declare the body with secure({ body: schema }), or refuse the field: massAssignment: { privileged: ['${name}'] }`,
    })
  }

  const judgeRoute = (x: Exchange): Denial | undefined => {
    const names = x.isDue(NAME) ? (x.notes.get(NAME) as Set<string> | undefined) : undefined
    if (names === undefined) return undefined
    for (const name of names) if (!mayAssign(x.contract, name)) return refusal(name)
    return undefined
  }

  return {
    name: 'mass-assignment',
    phase: 'input',
    onRoutes(routes) {
      for (const { contract } of routes) {
        if (contract?.mayAssign !== undefined) checkNames(contract.mayAssign, 'secure({ mayAssign })')
      }
    },
    judgeBody: (x): BodyJudge | undefined =>
      privileged.size === 0 ? undefined : new FieldJudge(x, (field) => settle(x, field)),
    onRoute: judgeRoute,
    // Where nothing is refused nothing waits.
    ...(privileged.size > 0 && { onUnrouted: judgeRoute }),
    onResponse(x) {
      const { request, response, contract } = x
      if (!request.hasBody || response.status >= 400 || contract?.body !== undefined || x.route === undefined)
        return undefined
      const reader = new FieldJudge(x, (field) => {
        tell(x, field)
        return undefined
      })
      let room = READ_TO_TELL
      for (const chunk of request.bodySoFar) {
        reader.onChunk(chunk.length > room ? chunk.subarray(0, room) : chunk)
        room -= chunk.length
        // A name that is cut here may be the beginning of another one.
        if (room < 0) return undefined
      }
      reader.onEnd()
      return undefined
    },
  }
}

function refusal(name: string): Denial {
  return deny('mass-assignment', `a field that no client may set: ${name}`, 422, {
    errors: [{ path: name, message: 'is not for clients to set' }],
  })
}
