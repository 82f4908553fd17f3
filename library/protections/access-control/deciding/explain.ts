import { type Held, NEVER_EVER } from './compile.ts'
import type { StoredGrant } from './grants.ts'
import type { Person } from './policy.ts'

/** Why somebody may or may not do something: what was decided, and every line that had a say. */
export interface Explanation {
  readonly permission: string
  readonly allowed: boolean
  /** In one sentence, without anything that a client sent. */
  readonly because: string
  readonly lines: readonly ExplainedLine[]
  /** The same as a tree, for people. */
  readonly text: string
}

export interface ExplainedLine {
  /** As it stands in the policy, such as `post:edit:own`; for a stored grant the permission. */
  readonly line: string
  readonly effect: 'allow' | 'deny'
  /** `['editor', 'author']`: editors have it from authors. Empty for a grant. */
  readonly via: readonly string[]
  /** Only these fields; without them all. */
  readonly fields: readonly string[] | undefined
  /** Whether it counts here; `undefined` when that depends on an object and none was given. */
  readonly holds: boolean | undefined
  readonly rules: readonly { readonly name: string; readonly holds: boolean | undefined }[]
}

export interface Facts {
  readonly permission: string
  readonly person: Person | undefined
  readonly code: number
  readonly allows: readonly Held[]
  readonly denies: readonly Held[]
  readonly granted: StoredGrant | undefined
  readonly objectGiven: boolean
  readonly allowed: boolean
  readonly holds: (held: Held, rule: number) => boolean | undefined
}

export function explain(facts: Facts): Explanation {
  const { permission, person, allowed, granted } = facts
  const toLine = (held: Held): ExplainedLine => {
    const rules = held.rules.map(({ name }, i) => ({ name, holds: facts.holds(held, i) }))
    const answers = rules.map((rule) => rule.holds)
    const holds = answers.includes(false) ? false : answers.includes(undefined) ? undefined : true
    return { line: held.text, effect: held.deny ? 'deny' : 'allow', via: held.via, fields: held.fields, holds, rules }
  }
  const stored: ExplainedLine[] =
    granted === undefined
      ? []
      : [
          {
            line: `stored grant of ${permission}`,
            effect: granted.effect,
            via: [],
            fields: granted.fields,
            holds: true,
            rules: [],
          },
        ]
  const lines = [...stored, ...facts.denies.map(toLine), ...facts.allows.map(toLine)]
  const because = reasonOf(facts, lines)
  const who = person === undefined ? 'a guest' : `roles ${person.roles.join(', ') || '(none)'}`
  const head = `${allowed ? 'allowed' : 'denied'}: ${permission} (${who})\n  ${because}`
  return { permission, allowed, because, lines, text: [head, ...branches(lines)].join('\n') }
}

function reasonOf({ permission, person, code, allowed, objectGiven }: Facts, lines: readonly ExplainedLine[]): string {
  if (allowed) {
    const line = lines.find(({ effect, holds }) => effect === 'allow' && holds === true)
    return line === undefined ? 'it is allowed' : `allowed by ${sourceOf(line)}`
  }
  // A denial of single fields denies nothing else.
  const hard = lines.find(({ effect, via, fields, holds, rules }) => {
    if (effect === 'allow' || (fields !== undefined && via.length > 0)) return false
    return holds === true && (code !== NEVER_EVER || rules.length === 0)
  })
  if (hard !== undefined) return `denied by ${sourceOf(hard)}, which wins over whatever allows`
  if (!lines.some(({ effect }) => effect === 'allow')) {
    return person === undefined
      ? `guests do not have the permission ${permission}`
      : `none of the roles of the person has the permission ${permission}`
  }
  if (!objectGiven) return `the permission ${permission} depends on the object, and none was given`
  return `the permission ${permission} is for other objects: no rule behind it holds for this one`
}

function sourceOf({ line, via }: ExplainedLine): string {
  if (via.length === 0) return `a ${line}`
  const [role, ...below] = via
  return `"${line}" of the role ${role}${below.length === 0 ? '' : ` (from ${below.join(', from ')})`}`
}

function branches(lines: readonly ExplainedLine[]): string[] {
  return lines.flatMap((line, i) => {
    const last = i === lines.length - 1
    const from = line.via.length === 0 ? '' : `  (${line.via.join(' <- ')})`
    const own = `${last ? '└─' : '├─'} ${mark(line.holds)} ${line.effect} ${line.line}${from}`
    const rules = line.rules.map((rule, j) => {
      return `${last ? '   ' : '│  '}${j === line.rules.length - 1 ? '└─' : '├─'} ${mark(rule.holds)} ${rule.name}`
    })
    return [own, ...rules]
  })
}

function mark(holds: boolean | undefined): string {
  return holds === undefined ? 'open' : holds ? 'yes ' : 'no  '
}
