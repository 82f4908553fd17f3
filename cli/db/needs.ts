import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, type Needs, neededOf, RIGHTS, type Right, type TableRights } from './account.ts'

const SOURCE = /\.(?:[cm]?[jt]sx?|sql)$/
const SKIPPED =
  /^(?:node_modules|bower_components|dist|build|coverage|vendor|migrations?|\..*)$|\.(?:test|spec)\.\w+$|\.d\.[cm]?ts$/
const MOST_FILES = 20_000
const LARGEST = 2 * 1024 * 1024

/** A table in a statement: `posts`, `"posts"`, `shop.posts`; quotes may be escaped for the language that the statement is written in. */
const NAME = String.raw`(?:(?:\\?["\`[]?[\w$]+\\?["\`\]]?\s*\.\s*)?\\?["\`[]?[\w$]+\\?["\`\]]?)`
const TABLE = `(${NAME})`
/** What the words before a table's name do to it. */
const WORDS: readonly (readonly [RegExp, readonly Right[]])[] = [
  [new RegExp(String.raw`\bdelete\s+from\s+(?:only\s+)?${TABLE}`, 'gi'), ['DELETE']],
  [new RegExp(String.raw`\b(?:from|join)\s+(?:only\s+)?${TABLE}`, 'gi'), ['SELECT']],
  [new RegExp(String.raw`\binsert\s+(?:ignore\s+)?into\s+${TABLE}`, 'gi'), ['INSERT']],
  [new RegExp(String.raw`\breplace\s+into\s+${TABLE}`, 'gi'), ['INSERT', 'DELETE']],
  [new RegExp(String.raw`\bupdate\s+(?:only\s+|ignore\s+)?${TABLE}\s+(?:(?:as\s+)?\w+\s+)?set\b`, 'gi'), ['UPDATE']],
  [new RegExp(String.raw`\bmerge\s+into\s+${TABLE}`, 'gi'), ['SELECT', 'INSERT', 'UPDATE', 'DELETE']],
  // Whatever is compared, or handed back, is read.
  [
    new RegExp(
      String.raw`\b(?:update|delete\s+from|insert\s+into)\s+(?:only\s+|ignore\s+)?${TABLE}[^;]{0,4000}?\b(?:where|returning|on\s+conflict)\b`,
      'gi',
    ),
    ['SELECT'],
  ],
  [new RegExp(String.raw`\bfrom\s+${TABLE}[^;]{0,4000}?\bfor\s+(?:no\s+key\s+)?update\b`, 'gi'), ['UPDATE']],
  [
    new RegExp(String.raw`\binsert\s+into\s+${TABLE}[^;]{0,4000}?\b(?:do\s+update|on\s+duplicate\s+key)\b`, 'gi'),
    ['UPDATE', 'SELECT'],
  ],
]

/** `FROM posts p, people AS a`: the first of them is found by itself. */
const ALIAS = String.raw`(?:\s+(?:as\s+)?\w+)?`
const LISTS = new RegExp(String.raw`\bfrom\s+(${NAME}${ALIAS}(?:\s*,\s*${NAME}${ALIAS}){1,32})`, 'gi')

/** What the statements in a text do to the tables that they name. Text that is no statement names tables that no database has. */
export function needsOf(texts: Iterable<string>): Map<string, Set<Right>> {
  const needs = new Map<string, Set<Right>>()
  const add = (table: string, rights: readonly Right[]): void => {
    const name = table
      .replace(/["`[\]\s\\]/g, '')
      .replace(/^.*\./, '')
      .toLowerCase()
    const known = needs.get(name) ?? new Set()
    for (const right of rights) known.add(right)
    needs.set(name, known)
  }
  for (const text of texts) {
    for (const list of text.matchAll(LISTS)) {
      for (const item of (list[1] ?? '').split(',').slice(1)) add(item.trim().split(/\s/)[0] ?? '', ['SELECT'])
    }
    for (const [words, rights] of WORDS) {
      for (const found of text.matchAll(words)) add(found[1] ?? '', rights)
    }
  }
  return needs
}

/** The texts of an app's source files, without those that only tests and migrations run. */
export function* sourcesIn(folder: string): Generator<string> {
  const open = [folder]
  let files = 0
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (SKIPPED.test(entry.name)) continue
      const path = join(at, entry.name)
      if (entry.isDirectory()) open.push(path)
      else if (entry.isFile() && SOURCE.test(entry.name) && statSync(path).size <= LARGEST && files++ < MOST_FILES)
        yield readFileSync(path, 'utf8')
    }
  }
}

/** Rights on rows that no statement needs, by table. */
export function unneeded(
  { tables }: Account,
  needs: Needs,
): readonly { table: TableRights; rights: readonly Right[] }[] {
  if (needs === undefined) return []
  return tables.flatMap((table) => {
    const needed = neededOf(table, needs)
    const rights = RIGHTS.filter((right) => table.rights.includes(right) && !needed.includes(right))
    return rights.length === 0 ? [] : [{ table, rights }]
  })
}
