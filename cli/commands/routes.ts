import { readFileSync, writeFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { parseArguments, parseList } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { fileToRead, fileToWrite } from '../paths.ts'
import { toJson } from '../reporters/json.ts'
import { clean, paint } from '../reporters/text.ts'
import type { Loaded, LoadedApp } from '../routes/load.ts'
import {
  accessOf,
  type Change,
  changesBetween,
  type Line,
  linesOf,
  parseSnapshot,
  routesIn,
  toSnapshot,
} from '../routes/snapshot.ts'
import { toRoutesText } from '../routes/text.ts'

const HELP = `bulwark routes: show who may call which route of an app

Usage
  bulwark routes APP [options]

Imports the file APP, which protects an app with Bulwark, in a process of its
own, asks which routes it has and who may call them, and ends that process.
While it is asked, the app runs: it reads its settings and opens its database
as it always does. It listens on a free port of this machine only, whatever
port it asks for.

  GET    /posts       post:read    yes  yes     yes
  POST   /posts/:id   post:edit    -    own     yes     by the rule "own"
  GET    /old         app.js:12    -    -       -       declares nothing

Routes for programs (secure({ caller })) show which of callers.known may call,
and those for a sender's deliveries or bearers of a token say so.

Options
  --write FILE      write who may call what into FILE, to commit it
  --check FILE      compare with FILE and exit with 1 when anything differs:
                    wider access then shows in the review of FILE
  --import A,B      modules to load first, as node --import does: tsx for
                    TypeScript where Node.js does not read it
  --call NAME       call this export of APP, for apps made by a function
  --json            print one JSON document instead of text
  -h, --help        this text

Exit codes
  0  shown, written, or the same as FILE     2  wrong usage
  1  not the same as FILE                    3  the app could not be asked
`

const OPTIONS = {
  json: { type: 'boolean' },
  write: { type: 'string' },
  check: { type: 'string' },
  import: { type: 'string', list: true },
  call: { type: 'string' },
} as const

export const routesCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, OPTIONS)
    const [app] = parsed.words
    if (app === undefined) throw new UsageError('which app? Name the file that starts it, such as src/app.js')
    if (parsed.words.length > 1) throw new UsageError(`routes takes one file, not ${parsed.words.length}`)
    const file = fileToRead(app, io)
    const [write, check] = [parsed.text('write'), parsed.text('check')]
    if (write !== undefined && check !== undefined) throw new UsageError('--write and --check do not go together')
    const writeFile = fileToWrite(write, io)
    const before = check === undefined ? undefined : readSnapshot(check, io)

    const loaded = await io.routes({
      file,
      cwd: io.cwd,
      imports: parseList(parsed.text('import')) ?? [],
      call: parsed.text('call'),
    })
    if (isUnknown(loaded)) return complain(loaded, io)
    const lines = linesOf(loaded.apps)
    if (before !== undefined) return compare(before, lines, check as string, app, io)
    if (writeFile !== undefined) {
      writeFileSync(writeFile, toSnapshot(lines))
      io.out(`wrote ${clean(write ?? '')}: ${lines.length} lines\n`)
    } else if (parsed.flag('json')) io.out(toJson('routes', forPrograms(loaded), io))
    else io.out(loaded.apps.map((one) => `${toRoutesText(one, io)}\n`).join('\n'))
    if (loaded.failure !== undefined && !parsed.flag('json'))
      io.err(`bulwark: the app did not start:\n${indent(loaded.failure)}\n`)
    return 0
  },
}

/** Nothing was learned: no app of Bulwark's, or none whose routes are known. */
function isUnknown({ apps }: Loaded): boolean {
  return apps.every(({ routes, failure }) => routes === undefined || failure !== undefined)
}

function complain({ apps, failure, said }: Loaded, io: Io): number {
  const why =
    failure ??
    apps.find((app) => app.failure !== undefined)?.failure ??
    (apps.length === 0
      ? 'nothing in it is protected by Bulwark: bulwark() or secure() was never called'
      : 'its routes cannot be known: a Hono app has to be exported, and node:http has no routes')
  io.err(`bulwark: the app could not be asked\n${indent(why)}\n${said ? `${indent(said)}\n` : ''}`)
  return 3
}

function readSnapshot(name: string, io: Io): readonly Line[] {
  const file = fileToRead(name, io, `write it first: bulwark routes APP --write ${name}`)
  const found = parseSnapshot(readFileSync(file, 'utf8'))
  if ('line' in found) throw new UsageError(`${name}:${found.line} is no line that bulwark routes writes`)
  return found
}

function compare(before: readonly Line[], after: readonly Line[], name: string, app: string, io: Io): number {
  const changes = changesBetween(before, after)
  if (changes.length === 0) {
    io.out(`${after.length} lines, the same as ${clean(name)}\n`)
    return 0
  }
  io.out(changes.map((change) => `${mark(change, io)} ${clean(change.text)}\n`).join(''))
  io.err(
    `bulwark: who may call what is not what ${clean(name)} says\n  if it is meant, renew it and have it reviewed: bulwark routes ${relative(io.cwd, resolve(io.cwd, app))} --write ${clean(name)}\n`,
  )
  return 1
}

function mark({ kind }: Change, io: Io): string {
  const word = kind.toUpperCase().padEnd(8)
  return kind === 'widened' || kind === 'new' ? paint(word, 'red', io) : paint(word, 'yellow', io)
}

function forPrograms({ apps, failure }: Loaded): object {
  const describe = (app: LoadedApp): object => ({
    name: app.name,
    roles: app.roles,
    permissions: app.permissions,
    programs: app.programs ?? {},
    routes: routesIn(app).map((route) => {
      const { who } = accessOf(app, route)
      const { method, path, at = null, loadsObject, caller, webhook, token } = route
      return {
        method,
        path,
        at,
        allow: route.allow ?? null,
        caller: caller ?? null,
        webhook: webhook ?? null,
        token: token ?? null,
        loadsObject,
        who: Object.fromEntries(who),
      }
    }),
  })
  return { apps: apps.map(describe), failure: failure ?? null }
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${clean(line)}`)
    .join('\n')
}
