import type { Node, Rule, SourceFile, Spot, Taint } from '../../core/rule.ts'

/** Methods that run text, and no others of their name: the text itself must be SQL, or the object be a database. */
const RUNS =
  /^(?:query|execute|exec|prepare|run|get|all|each|pragma|raw|unsafe|iterate|stream|batch|queryRaw|manyOrNone|oneOrNone|one|many|any|none|\$queryRawUnsafe|\$executeRawUnsafe|whereRaw|orWhereRaw|andWhereRaw|havingRaw|orderByRaw|groupByRaw|joinRaw|selectRaw|fromRaw|where|andWhere|orWhere|having|andHaving|orHaving|orderBy|addOrderBy|groupBy|addGroupBy|select|addSelect|literal|createQuery|nativeQuery|execSql|sql)$/
/** Methods whose text is always SQL, whatever it looks like. */
const RAW =
  /^(?:literal|\$queryRawUnsafe|\$executeRawUnsafe|whereRaw|orWhereRaw|andWhereRaw|havingRaw|orderByRaw|groupByRaw|joinRaw|selectRaw|fromRaw)$/
/** Functions whose text goes into a query as it is. */
const PIECES = /^(?:objection|sequelize|knex|@mikro-orm\/[\w-]+)\.(?:raw|literal)$/
const DATABASES =
  /^(?:pg|pg-pool|pg-promise|postgres|mysql|mysql2|mysql2\/promise|mariadb|sqlite|sqlite3|better-sqlite3|node:sqlite|@photostructure\/sqlite|knex|sequelize|typeorm|mssql|tedious|oracledb|@prisma\/client|kysely|drizzle-orm)\b/
const SQL =
  /\b(?:select\b[^;]*?\bfrom|insert\s+into|update\s+[\w."`[\]]+\s+set|delete\s+from|where\s+[\w."`[\]]+\s*(?:=|<|>|!|in\b|like\b|ilike\b|is\b|between\b)|order\s+by|group\s+by|union\s+(?:all\s+)?select|create\s+(?:table|index|view|user|role|database)|alter\s+table|drop\s+table|call\s+\w+\s*\(|grant\s+\w+\s+on|values\s*\()/i

/** Spots a query whose text holds what a client sent. */
const taintedQuery: Rule = {
  name: 'sql-injection/tainted-query',
  risk: 'sql-injection',
  title: 'A query is put together from what the client sends',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      const text = textOf(file, call)
      if (text === undefined) continue
      const spot = judge(file, call, text)
      if (spot !== undefined) yield spot
    }
  },
}

export const rules: readonly Rule[] = [taintedQuery]

function judge(file: SourceFile, call: Node, text: Node): Spot | undefined {
  const taint = taintHere(file, call, text)
  if (taint === undefined || !isQuery(file, text, call['callee'] as Node, taint)) return undefined
  return {
    at: call,
    message:
      taint.control === 'whole'
        ? `${taint.source} is run as a query.`
        : `${taint.source} is a part of the text of this query, so it can change what the query does.`,
    remedy: 'Pass it as a parameter, as sql`...` does with every value; choose identifiers from a list with sql.id().',
    taint,
  }
}

/**
 * What reaches the text. Where another function puts text and values together, the text in it is that of all its calls: then what reaches this
 * call counts as well, and tells from where.
 */
function taintHere(file: SourceFile, call: Node, text: Node): Taint | undefined {
  const taint = file.taintOf(text)
  const [first] = call['arguments'] as readonly Node[]
  if (taint === undefined || first === undefined || (text.start >= first.start && text.end <= first.end)) return taint
  const here = file.taintOf(first)
  return here && { ...taint, source: here.source, trace: here.trace }
}

/** What a call runs: its first argument, or the text in it. */
function textOf(file: SourceFile, call: Node): Node | undefined {
  const callee = call['callee'] as Node
  const [first] = call['arguments'] as readonly Node[]
  if (first === undefined || first.type === 'SpreadElement') return undefined
  if (callee.type !== 'MemberExpression') return PIECES.test(file.nameOf(callee) ?? '') ? first : undefined
  if (!RUNS.test(methodOf(callee))) return undefined
  return file.propertyOf(first, 'text') ?? file.propertyOf(first, 'sql') ?? first
}

function methodOf(callee: Node): string {
  const property = callee['property'] as Node
  return String(property['name'] ?? property['value'] ?? '')
}

function isQuery(file: SourceFile, text: Node, callee: Node, taint: Taint): boolean {
  if (callee.type !== 'MemberExpression') return true
  const method = methodOf(callee)
  if (method === 'literal') return isDatabase(file, callee)
  if (RAW.test(method)) return true
  // `createQueryBuilder('u').where(...)`: conditions of a builder are pieces of SQL.
  if (BUILDS.test(method)) return taint.control !== 'whole' && (isBuilder(file, callee) || hasSql(file, text, taint))
  // A value that is handed over as a whole, as in `statement.run(value)`, is a parameter unless the object is a database.
  if (taint.control === 'whole') return isDatabase(file, callee)
  return hasSql(file, text, taint) || isDatabase(file, callee)
}

function hasSql(file: SourceFile, text: Node, taint: Taint): boolean {
  // The text may have been put together on an earlier line.
  return SQL.test(file.text.slice(text.start, text.end)) || taint.trace.some((place) => SQL.test(place.text))
}

const BUILDS =
  /^(?:where|andWhere|orWhere|having|andHaving|orHaving|orderBy|addOrderBy|groupBy|addGroupBy|select|addSelect|innerJoin|leftJoin)$/

function isBuilder(file: SourceFile, callee: Node): boolean {
  const object = callee['object'] as Node
  const name = file.nameOf(object)
  return (
    (name !== undefined && /^typeorm\b/.test(name)) ||
    /\bcreateQueryBuilder\(/.test(file.text.slice(object.start, object.end))
  )
}

function isDatabase(file: SourceFile, callee: Node): boolean {
  const name = file.nameOf(callee['object'] as Node)
  if (name === undefined || !DATABASES.test(name)) return false
  return /^(?:query|execute|exec|prepare|raw|unsafe|literal)$/.test(methodOf(callee))
}
