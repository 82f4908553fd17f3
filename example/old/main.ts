import { parseArgs } from 'node:util'
import { attackLine, type Page, type Widths } from '../demo/screen.ts'
import { type Desk, startDesk } from './desks.ts'
import { type Fight, failuresOf, fight, SINKS, type Use } from './fight.ts'

const HELP = `An old app that nobody can touch, twice: alone, and under the preload.

Usage
  npm run demo:old
  npm run demo:old -- --baseline

Starts both on free ports of this machine (127.0.0.1), attacks both, asks what
honest people ask, shows what got through, and ends. With DATABASE_URL they keep
their tables (desk_plain_*, desk_kept_*) in PostgreSQL or MariaDB.

Options
  --baseline   the default policy around every request as well
               (--import bulwark/baseline), and every attack of the catalogue
  -h, --help   this text

Exit codes
  0  no injection got through, and honest people were answered as before
  1  otherwise
  2  wrong usage
`

/** Of the second table, whose last column stands below that of the first; with the blanks between them 78 in all. */
const WIDTHS: Widths = [33, 24, 19]

const { stdout, env } = process
const page: Page = { colour: stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' }
const desks: Desk[] = []

try {
  process.exitCode = await main(process.argv.slice(2))
} finally {
  await Promise.all(desks.map((desk) => desk.close()))
}

async function main(args: string[]): Promise<number> {
  const asked = optionsOf(args)
  if (typeof asked === 'string') {
    process.stderr.write(`demo:old: ${asked}\nSee npm run demo:old -- --help\n`)
    return 2
  }
  if (asked.help) {
    stdout.write(HELP)
    return 0
  }
  const preload = asked.baseline ? 'baseline' : 'firewall'
  const plain = await open(startDesk('plain'))
  const kept = await open(startDesk('kept', { preload }))
  stdout.write(opening(plain, kept, preload))
  let attacks = 0
  const fought = await fight({
    plain,
    kept,
    only: asked.baseline ? [] : SINKS,
    onUse: (use) => stdout.write(`${useLine(use)}\n`),
    onAttack: (attack) => stdout.write(`${attacks++ === 0 ? second() : ''}${attackLine(attack, page, {}, WIDTHS)}\n`),
  })
  const failures = failuresOf(fought, asked.baseline ? isAboutSinks : undefined)
  stdout.write(closing(fought, failures))
  return failures.length === 0 ? 0 : 1
}

function optionsOf(args: string[]): { readonly baseline: boolean; readonly help: boolean } | string {
  try {
    const { values } = parseArgs({
      args,
      options: { baseline: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
    })
    return values
  } catch (error) {
    // The first sentence says which option; the rest explains parseArgs itself.
    return error instanceof Error ? (error.message.split('. ')[0] ?? '') : String(error)
  }
}

async function open(desk: Promise<Desk>): Promise<Desk> {
  const started = await desk
  desks.push(started)
  return started
}

/** What needs a line of the app is shown, and is no failure: the preload cannot write it. */
function isAboutSinks(id: string): boolean {
  return SINKS.includes(id.split('/')[0] ?? '')
}

function opening(plain: Desk, kept: Desk, preload: string): string {
  return `An app of 2016 that nobody can touch, twice, and attacks on both.

  plain  ${plain.origin}  node server.js
  kept   ${kept.origin}  node --import bulwark/${preload} server.js

${'place'.padEnd(18)} ${'plain'.padEnd(39)} kept
${'─'.repeat(78)}
`
}

function useLine({ hole, plain, kept }: Use): string {
  const [place = '', what = ''] = hole.name.split(': ')
  return `${place.padEnd(18)} ${fit(`${plain ? '✗' : '·'} ${what}`, 39)} ${kept ? '✗ GOT THROUGH' : `✓ ${hole.sink}`}`
}

function second(): string {
  const [name, left] = WIDTHS
  return `
${'attack'.padEnd(name)} ${'plain'.padEnd(left)} kept
${'─'.repeat(78)}
`
}

function fit(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}

function closing(fought: Fight, failures: readonly string[]): string {
  const count = (side: 'unsafe' | 'protected'): number =>
    fought.attacks.filter((attack) => attack[side].verdict === 'proven').length
  const used = (side: 'plain' | 'kept'): number => fought.uses.filter((use) => use[side]).length
  const [name, left] = WIDTHS
  return `${'─'.repeat(78)}
${'holes that could be used'.padEnd(name)} ${String(used('plain')).padEnd(left)} ${used('kept')}
${'attacks that worked'.padEnd(name)} ${String(count('unsafe')).padEnd(left)} ${count('protected')}

Of ${fought.honest} honest requests, ${fought.honest - fought.changed.length} were answered alike.
${failures.map((failure) => `! ${failure}\n`).join('')}`
}
