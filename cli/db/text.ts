import { clean, count, field, type Page, paint, severityWord, wrap } from '../reporters/text.ts'
import { type Account, listOf, type Needs } from './account.ts'
import { type DbReport, isWorthAnAccount } from './report.ts'

/** The report for people, on a page of 80 columns. */
export function toDbText(report: DbReport, page: Page): string {
  const { account, findings } = report
  const body = findings.flatMap(({ severity, what, why }) => {
    const [first = '', ...rest] = wrap(clean(what), page.width - 10)
    return [
      `${severityWord(severity, page)}${paint(first, 'bold', page)}`,
      ...rest.map((line) => `${' '.repeat(10)}${line}`),
      field('', clean(why), page, 4),
      '',
    ]
  })
  const sum =
    findings.length === 0
      ? 'It may do nothing that the app does not need.'
      : `${count(findings.length, 'finding')}. An injected query may do all that this account may.`
  return [
    paint(clean(report.address), 'bold', page),
    `  ${clean(`${account.server} ${account.version}, as ${account.name}`)}`,
    '',
    ...body,
    ...wrap(sum, page.width),
    '',
    ...tableLines(account, report.needs, page),
    ...scriptLines(report, page),
    ...wrap('Passwords were not tried, and nothing was changed.', page.width),
    '',
  ].join('\n')
}

const LETTERS: readonly (readonly [right: string, letter: string])[] = [
  ['SELECT', 'r'],
  ['INSERT', 'i'],
  ['UPDATE', 'u'],
  ['DELETE', 'd'],
]
const MOST_TABLES = 40

function tableLines({ tables }: Account, needs: Needs, page: Page): string[] {
  if (tables.length === 0) return ['There are no tables that it can see.', '']
  const names = tables.map(({ schema, name }) => clean(schema === '' ? name : `${schema}.${name}`))
  const width = Math.min(Math.max(...names.map(({ length }) => length)), page.width - 34)
  const rows = tables.slice(0, MOST_TABLES).map((table, i) => {
    const may = LETTERS.map(([right, letter]) => (table.rights.includes(right) ? letter : '-')).join('')
    const more = table.rights.filter((right) => !LETTERS.some(([known]) => known === right))
    const found = needs?.get(table.name.toLowerCase())
    const need = LETTERS.map(([right, letter]) => (found?.has(right as 'SELECT') ? letter : '-')).join('')
    const name = names[i] ?? ''
    const shown = name.length > width ? `${name.slice(0, width - 1)}~` : name.padEnd(width)
    const others = more.includes('OWNER')
      ? 'owner'
      : listOf(
          more.map((each) => each.toLowerCase()),
          1,
        )
    return `  ${shown}  ${may}${needs === undefined ? '' : `   ${need} `}   ${others}`.trimEnd()
  })
  const rest = tables.length - MOST_TABLES
  return [
    paint(
      `Tables: ${needs === undefined ? 'what it may do' : 'what it may do, and what the statements need'}`,
      'bold',
      page,
    ),
    ...rows,
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    '  r read, i insert, u update, d delete',
    '',
  ]
}

function scriptLines({ script, file, findings }: DbReport, page: Page): string[] {
  if (file !== undefined)
    return [...wrap(`The statements for an account with no more rights are in ${clean(file)}.`, page.width), '']
  if (script === undefined || !isWorthAnAccount(findings)) return []
  return [
    paint('An account that may do no more than it needs', 'bold', page),
    ...script.trimEnd().split('\n').map(clean),
    '',
  ]
}
