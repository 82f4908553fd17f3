/** The same policy in numbers: five roles, each taking over from the one before, and a hundred permissions. */
export const ROLES: readonly string[] = ['guest', 'reader', 'author', 'editor', 'admin']
export const ACTIONS = ['read', 'create', 'update', 'delete'] as const
export type Action = (typeof ACTIONS)[number]
export const RESOURCES: readonly string[] = Array.from({ length: 25 }, (_, i) => `thing${i}`)

/** What a role has itself, besides what it takes over: the first role reads, the next creates, and so on; admins have the rest. */
export function ownActions(role: string): readonly Action[] {
  const at = ROLES.indexOf(role)
  return at < 4 ? ACTIONS.slice(at, at + 1) : []
}

export interface Question {
  readonly role: string
  readonly resource: string
  readonly action: Action
  readonly expected: boolean
}

/** Of eight answers three are no. */
export const QUESTIONS: readonly Question[] = ROLES.slice(0, 4).flatMap((role, at) =>
  RESOURCES.slice(at, at + 8).flatMap((resource) =>
    [ACTIONS[at], ACTIONS[(at + 1) % 4]].map((action) => ({
      role,
      resource,
      action: action ?? 'read',
      expected: ACTIONS.indexOf(action ?? 'read') <= at,
    })),
  ),
)

/** What ownership is asked about: every second one is the person's own. */
export const POSTS: readonly { readonly id: number; readonly author: string }[] = Array.from(
  { length: 64 },
  (_, id) => ({
    id,
    author: id % 2 === 0 ? 'ada' : 'grace',
  }),
)
