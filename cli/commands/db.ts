import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { isAtLeast, parseArguments, parseSeverity } from '../arguments.ts'
import type { Account, Connection, Needs } from '../db/account.ts'
import { type Address, parseAddress, withoutSecrets } from '../db/address.ts'
import { connect } from '../db/drivers.ts'
import { inspectMysql } from '../db/mysql.ts'
import { needsOf, sourcesIn } from '../db/needs.ts'
import { inspectPostgres } from '../db/postgres.ts'
import { type DbReport, findingsOf, toDbJson } from '../db/report.ts'
import { toScript } from '../db/script.ts'
import { toDbText } from '../db/text.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { fileToRead, fileToWrite } from '../paths.ts'
import { clean } from '../reporters/text.ts'

const HELP = `bulwark db: what the database account of an app may do

Usage
  bulwark db check [URL] [options]

Connects to PostgreSQL, MySQL or MariaDB as the app does, lists what its
account may do that it need not, and writes the statements that make an account
with no more rights than it needs. It only reads; passwords are not tried.

  URL  such as postgres://app@127.0.0.1:5432/shop (default: the environment
       variable DATABASE_URL, where others on the machine do not see it)

Options
  --code DIR          find out what the app needs from the statements in its
                      source, table by table
  --queries FILE      the same from a record of statements that were run
  --role NAME         the new account's name (default: the old one and _app)
  --script FILE       write the statements into FILE instead of showing them
  --fail-on SEVERITY  exit with 1 for findings of this severity or worse:
                      low, medium, high, critical (default: high)
  --json              print one JSON document instead of text
  -h, --help          this text

The driver (pg or mysql2) is that of the app in the current folder.

Exit codes
  0  nothing at or above --fail-on      2  wrong usage
  1  findings at or above --fail-on     3  could not ask the database
`

export const dbCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, {
      code: { type: 'string' },
      queries: { type: 'string' },
      role: { type: 'string' },
      script: { type: 'string' },
      'fail-on': { type: 'string' },
      json: { type: 'boolean' },
    })
    const [verb, given, ...more] = parsed.words
    if (verb !== 'check')
      throw new UsageError(verb === undefined ? 'db takes what to do' : `db cannot "${clean(verb)}"`)
    if (more.length > 0) throw new UsageError('check takes one URL')
    const failOn = parseSeverity(parsed.text('fail-on'), '--fail-on')
    const url = given ?? io.env['DATABASE_URL']
    if (!url) throw new UsageError('which database? Give its URL, or set DATABASE_URL')
    const address = parseAddress(url)
    const file = fileToWrite(parsed.text('script'), io)
    const needs = readNeeds(parsed.text('code'), parsed.text('queries'), io)

    const account = await ask(address, io)
    if (account === undefined) return 3
    const findings = findingsOf(account, needs)
    const script = toScript(account, roleOf(account, parsed.text('role')), needs)
    if (file !== undefined) writeFileSync(file, script)
    const report: DbReport = {
      address: address.shown,
      account,
      needs,
      findings,
      script: file === undefined ? script : undefined,
      file: parsed.text('script'),
    }
    io.out(parsed.flag('json') ? toDbJson(report, io.version) : toDbText(report, io))
    return findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0
  },
}

function readNeeds(code: string | undefined, queries: string | undefined, { cwd }: Io): Needs {
  const texts: Iterable<string>[] = []
  if (code !== undefined) {
    const folder = resolve(cwd, code)
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new UsageError(`there is no folder ${code}`)
    texts.push(sourcesIn(folder))
  }
  if (queries !== undefined) {
    texts.push([readFileSync(fileToRead(queries, { cwd }), 'utf8')])
  }
  if (texts.length === 0) return undefined
  const needs = needsOf(texts.flatMap((each) => [...each]))
  if (needs.size === 0) throw new UsageError('there is no statement in it', 'leave it out to get rights on all tables')
  return needs
}

/** What the database says; `undefined` when it says nothing, which is told to the person. */
async function ask(address: Address, io: Io): Promise<Account | undefined> {
  let db: Connection | undefined
  try {
    db = await connect(address, io.cwd)
    return await (address.kind === 'postgres' ? inspectPostgres(db) : inspectMysql(db))
  } catch (error) {
    if (error instanceof UsageError) throw error
    // Drivers put several failed addresses into one error without a message of its own.
    const { message, code } = error as { readonly message?: string; readonly code?: string }
    const what = withoutSecrets(message || code || String(error), address)
    io.err(`bulwark: could not ask ${clean(address.shown)}\n  ${clean(what)}\n`)
    return undefined
  } finally {
    // Whatever happens to the connection now, what was learned is learned.
    await db?.close().catch(() => {})
  }
}

function roleOf(account: Account, given: string | undefined): string {
  if (given !== undefined) return given
  const name = account.facts.kind === 'mysql' ? account.name.slice(0, account.name.lastIndexOf('@')) : account.name
  return `${name || 'web'}_app`
}
