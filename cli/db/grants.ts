/** One line of `SHOW GRANTS`, taken apart. */
export interface Grant {
  /** Upper case; `ALL PRIVILEGES` and `USAGE` among them. Empty for a role. */
  readonly rights: readonly string[]
  /** The columns that a right is for, where it is not for all of them. */
  readonly columns?: Readonly<Record<string, readonly string[]>>
  /** `*` for all databases; with `%` and `_` as wildcards, unless they are escaped. */
  readonly database: string
  /** `*` for everything in it. */
  readonly object: string
  readonly grantable: boolean
  /** A role that is granted, in place of rights. */
  readonly role?: string
}

/** Reads a line of `SHOW GRANTS` of MySQL or MariaDB. Answers `undefined` for what grants nothing, such as a default role. */
export function parseGrant(line: string): Grant | undefined {
  const grantable = /\sWITH\s(?:GRANT|ADMIN)\sOPTION\b/.test(line)
  const granted = /^GRANT\s+(.+?)\s+ON\s+(?:(?:TABLE|FUNCTION|PROCEDURE|PACKAGE|PACKAGE BODY)\s+)?(\S.*?)\s+TO\s+/.exec(
    line,
  )
  if (granted === null) {
    const role = /^GRANT\s+((?:`(?:[^`]|``)*`|'[^']*'|[\w-]+)(?:@\S+)?)\s+TO\s+/.exec(line)?.[1]
    return role === undefined ? undefined : { rights: [], database: '', object: '', grantable, role }
  }
  const [, rights = '', place = ''] = granted
  // GRANT PROXY is on an account, and lets its holder be that account.
  if (/^PROXY\b/.test(rights)) return { rights: ['PROXY'], database: '*', object: place, grantable }
  const [database = '*', object = '*'] = namesOf(place)
  const columns = columnsOf(rights)
  return { rights: rightsOf(rights), database, object, grantable, ...(columns && { columns }) }
}

/** Whether the pattern of a grant stands for the database. */
export function covers(pattern: string, database: string): boolean {
  if (pattern === '*') return true
  const source = pattern.replace(/\\([\s\S])|[\s\S]/g, (sign, escaped?: string) => {
    if (escaped !== undefined) return literal(escaped)
    return sign === '%' ? '.*' : sign === '_' ? '.' : literal(sign)
  })
  return new RegExp(`^${source}$`, 's').test(database)
}

function literal(sign: string): string {
  return sign.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
}

/** `` (`a`, `b`) ``: a name that is quoted may hold anything. */
const COLUMNS = /\s*\(((?:`(?:[^`]|``)*`(?!`)|[^`)])*)\)/g

/** `SELECT (a, b), UPDATE` to the columns `a` and `b` of `SELECT`. */
function columnsOf(text: string): Readonly<Record<string, readonly string[]>> | undefined {
  const found = [...text.matchAll(new RegExp(`([A-Z]+)${COLUMNS.source}`, 'g'))].map(([, right = '', list = '']) => {
    const names = (list.match(/`(?:[^`]|``)*`|[^\s,`]+/g) ?? []).map(unquoted)
    return [right, names] as const
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** `SELECT (a, b), UPDATE` to `SELECT` and `UPDATE`. */
function rightsOf(text: string): readonly string[] {
  return text
    .replace(COLUMNS, '')
    .split(',')
    .map((right) => right.trim().toUpperCase())
    .filter((right) => right !== '')
}

/** `` `a`.`b` `` to `a` and `b`. */
function namesOf(place: string): string[] {
  return (place.match(/`(?:[^`]|``)*`|[^.]+/g) ?? []).map(unquoted)
}

function unquoted(name: string): string {
  return name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name
}
