import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { AuditLine, AuditReport } from 'bulwark/audit'
import { type Parsed, parseArguments, parseTime } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { toJson, toJsonLine } from '../reporters/json.ts'
import { clean, field } from '../reporters/text.ts'
import { explained, MASTER_KEY_HELP, ringOf, verbOf } from './sealed.ts'

const HELP = `bulwark audit: the trail of what happened in an app

Usage
  bulwark audit verify DIR [options]   tell whether it is as it was written
  bulwark audit show DIR [options]     print its entries, the oldest first

DIR is the folder that the app gave to openAudit(), or one file in it. Only
verify needs the keys of the app: those in BULWARK_KEYS, or in a sealed file.

${MASTER_KEY_HELP}

Options
  --file FILE      verify: the sealed file of keys
  --head SEAL      verify: a line with this seal must be there; one that was
                   noted earlier shows that nothing up to it was cut off
  --since TIME     show: entries of the last so many minutes, hours or days,
                   such as 15m, 12h, 7d
  --user ID        show: what this user did, or was stopped from doing
  --risk RISK      show: events of this risk
  --json           verify: one JSON document; show: one for each line
  -h, --help       this text

Exit codes
  0  as it was written, or shown
  1  something was changed, added or taken away
  2  wrong usage
  3  it cannot be told: a file was sealed with a key that is not there
`

export const auditCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, {
      file: { type: 'string' },
      head: { type: 'string' },
      since: { type: 'string' },
      user: { type: 'string' },
      risk: { type: 'string' },
      json: { type: 'boolean' },
    })
    const [word, path, ...more] = parsed.words
    const verb = verbOf('audit', word, ['verify', 'show'])
    if (path === undefined || more.length > 0) throw new UsageError(`audit ${verb} takes one folder, or one file`)
    const strange = (verb === 'verify' ? ['since', 'user', 'risk'] : ['file', 'head']).find((name) => parsed.text(name))
    if (strange !== undefined) throw new UsageError(`--${strange} is not for audit ${verb}`)
    const place = resolve(io.cwd, path)
    if (!existsSync(place)) throw new UsageError(`there is no ${clean(path)}`)
    return explained(io, () => (verb === 'verify' ? verify(place, path, parsed, io) : show(place, parsed, io)))
  },
}

async function verify(place: string, shown: string, parsed: Parsed, io: Io): Promise<number> {
  const { readAudit, verifyAudit } = await import('bulwark/audit')
  const report = await verifyAudit(place, await ringOf(parsed.text('file'), io))
  if (report.files.length === 0) throw new UsageError(`there is no audit trail in ${clean(shown)}`)
  const head = parsed.text('head')
  let isMissing = head !== undefined
  if (head !== undefined) for await (const { seal } of readAudit(place)) if (seal === head) isMissing = false
  const verdict = isMissing ? 'changed' : report.verdict
  if (parsed.flag('json')) io.out(toJson('audit verify', { ...report, verdict, ...(head && { head: !isMissing }) }, io))
  else io.out(toText(report, verdict, isMissing, io))
  return { whole: 0, changed: 1, unknown: 3 }[verdict]
}

const VERDICTS: Readonly<Record<AuditReport['verdict'], string>> = {
  whole: 'Every line is as it was written.',
  changed: 'Something was changed, added or taken away.',
  unknown: 'It cannot be told: a key is not there.',
}

function toText({ files, older }: AuditReport, verdict: AuditReport['verdict'], isMissing: boolean, io: Io): string {
  const lines: string[] = [VERDICTS[verdict], '']
  for (const { name, lines: many, from, to, head, isEnded, faults, isUnknown } of files) {
    lines.push(clean(name))
    lines.push(field('has', `${many} ${many === 1 ? 'line' : 'lines'}${from ? `, ${from} to ${to}` : ''}`, io, 2))
    if (head !== undefined) lines.push(field('head', head, io, 2))
    if (!isEnded) lines.push(field('end', 'none: still written, or its process was killed, or it was cut off', io, 2))
    if (isUnknown) lines.push(field('key', 'not there, so nothing can be told', io, 2))
    for (const { line, what } of faults) lines.push(field('!', line === 0 ? what : `line ${line}: ${what}`, io, 2))
  }
  if (isMissing) lines.push('', field('!', 'No line has the seal of --head: lines are missing at an end.', io, 0))
  if (older.length > 0) {
    const many = older.length === 1 ? 'One file' : `${older.length} files`
    lines.push('', field('i', `${many} from before the oldest that is here: ${older.join(', ')}`, io, 0))
  }
  return `${lines.join('\n')}\n`
}

async function show(place: string, parsed: Parsed, io: Io): Promise<number> {
  const { readAudit } = await import('bulwark/audit')
  const since = parsed.text('since')
  const from = since === undefined ? '' : new Date(Date.now() - parseTime(since, '--since')).toISOString()
  const [user, risk, asJson] = [parsed.text('user'), parsed.text('risk'), parsed.flag('json')]
  for await (const line of readAudit(place)) {
    if (line.at < from) continue
    if (risk !== undefined && !('risk' in line && line.risk === risk)) continue
    if (user !== undefined && (line.do === 'did' ? line.by : line.do === 'event' ? line.user : undefined) !== user)
      continue
    io.out(asJson ? toJsonLine('audit show', line, io) : `${toEntry(line)}\n`)
  }
  return 0
}

function toEntry(line: AuditLine): string {
  return clean(`${line.at}  ${saying(line)}`)
}

function saying(line: AuditLine): string {
  switch (line.do) {
    case 'begin':
      return `begins: ${line.app}, process ${line.pid}`
    case 'end':
      return 'ends'
    case 'lost':
      return `${line.many} entries are lost: nothing could be written`
    case 'more':
      return `${line.outcome} ${line.guard}: ${line.many} more of ${line.risk}`
    case 'did': {
      const details = line.details === undefined ? '' : ` ${JSON.stringify(line.details)}`
      return `${line.by ?? 'somebody'} did ${line.action}${line.on ? ` to ${line.on}` : ''}${details}${from(line.ip)}`
    }
    default: {
      const request = line.method === undefined ? '' : ` ${line.method} ${line.path}`
      const by = line.user === undefined ? '' : ` by ${line.user}`
      return `${line.outcome} ${line.guard}${request}${by}${from(line.ip)}: ${line.reason}`
    }
  }
}

function from(ip: string | undefined): string {
  return ip === undefined ? '' : ` from ${ip}`
}
