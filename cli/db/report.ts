import { SEVERITIES } from '../arguments.ts'
import { toJson } from '../reporters/json.ts'
import { type Account, type Excess, listOf, type Needs } from './account.ts'
import { unneeded } from './needs.ts'

export interface DbReport {
  /** Without the password. */
  readonly address: string
  readonly account: Account
  readonly needs: Needs
  /** The worst first. */
  readonly findings: readonly Excess[]
  /** Statements for an administrator; `undefined` when they went to a file. */
  readonly script: string | undefined
  /** Where they went to. */
  readonly file: string | undefined
}

/** What another account could do as well, since everybody may, and the script leaves to an administrator. */
const EVERYBODYS: ReadonlySet<string> = new Set(['open-databases'])

/** Whether anything would be better with the account that the script makes. */
export function isWorthAnAccount(findings: readonly Excess[]): boolean {
  return findings.some(({ id }) => !EVERYBODYS.has(id))
}

/** Everything that the account may do beyond what the app needs, the worst first. */
export function findingsOf(account: Account, needs: Needs): readonly Excess[] {
  const idle = unneeded(account, needs)
  const findings = [...account.excess]
  if (idle.length > 0) {
    findings.push({
      id: 'unneeded',
      severity: 'low',
      what: `It has rights that no statement needs: ${listOf(idle.map(({ table, rights }) => `${rights.join(', ')} on ${table.name}`))}.`,
      why: 'A query that a library puts together is not seen; give it --queries with a record of what was run.',
    })
  }
  return findings.sort((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity))
}

/** The report for programs. */
export function toDbJson({ address, account, needs, findings, script }: DbReport, version: string): string {
  const { server, version: serverVersion, name, database, tables } = account
  const document = {
    address,
    server: { name: server, version: serverVersion },
    account: name,
    database,
    findings,
    tables: tables.map((table) => ({
      ...table,
      ...(needs && { needs: [...(needs.get(table.name.toLowerCase()) ?? [])].sort() }),
    })),
    ...(script !== undefined && { script }),
  }
  return toJson('db check', document, { version })
}
