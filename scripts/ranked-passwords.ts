/** `npx tsx scripts/ranked-passwords.ts [--check]`: makes the list of ranked passwords anew, from the package that holds the ranking. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { coresOf, isDate } from '../library/protections/passwords/choosing/check.ts'
import { isChosenWord } from '../library/protections/passwords/choosing/list.ts'
import { isRepetition, isSequence } from '../library/protections/passwords/choosing/runs.ts'
import { HOME } from './steps.ts'

/** Where the ranking is from. */
const SOURCE = {
  package: 'zxcvbn@4.4.2',
  file: 'package/lib/frequency_lists.js',
  sha512: 'Bq0B+ixT/DMyG8kgX2xWcI5jUvCwqrMxSFam7m0lAf78nf04hv6lNCsyLYdyYTrCVMqNDY/206K7eExYCeSyUQ==',
} as const
/** ASVS 5.0, 6.2.4 asks for the first 3,000 that fit the policy; the shortest policy of standing has 8 characters. */
const MOST = 3000
const SHORTEST = 8
/** What people have to choose unless a policy says otherwise; few of a ranking are so long, and all of them are taken. */
const LONG = 15
const WIDTH = 118

/**
 * The rule: of a ranking, most frequent first, the first 3,000 of at least 8 characters and all of at least 15, in lower case, without those
 * that the other checks refuse anyway: repetitions, sequences, dates, and words of the list next to it with anything around them.
 */
export function rankedFrom(ranking: readonly string[]): readonly string[] {
  const fitting = ranking.filter((password) => password.length >= SHORTEST)
  const first = new Set([...fitting.slice(0, MOST), ...fitting.filter((password) => password.length >= LONG)])
  const lower = [...first].map((password) => password.toLowerCase()).filter((password) => /^[!-~]+$/.test(password))
  const left = lower.filter((password) => {
    const isRefused = isRepetition(password) || isSequence(password) || isDate(password)
    return !isRefused && !coresOf(password).some(isChosenWord)
  })
  return [...new Set(left)].sort()
}

/** The file that holds the list. */
export function pageOf(words: readonly string[]): string {
  const lines: string[] = []
  let line = ''
  for (const word of words.map((each) => each.replace(/[\\`$]/g, '\\$&'))) {
    if (line.length + word.length + 1 > WIDTH) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return `/**
 * Written by scripts/ranked-passwords.ts, which says by which rule. The ranking is that of ${SOURCE.package} (MIT, Dan Wheeler and
 * Dropbox, Inc.), which counted the passwords of the leaks that Mark Burnett gathered and gave to the public domain.
 */
export const RANKED = \`
${[...lines, line].join('\n')}
\`
`
}

async function main(check: boolean): Promise<void> {
  const target = join(HOME, 'library/protections/passwords/choosing/ranked.ts')
  const page = pageOf(rankedFrom(fetchRanking()))
  const isSame = readFileSync(target, 'utf8') === page
  if (!isSame && !check) writeFileSync(target, page)
  process.stdout.write(
    isSame ? 'the list is up to date\n' : check ? 'the list is not up to date\n' : `wrote ${target}\n`,
  )
  if (!isSame && check) process.exitCode = 1
}

function fetchRanking(): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), 'ranking-'))
  try {
    execFileSync('npm', ['pack', SOURCE.package, '--silent', '--pack-destination', folder], { stdio: 'ignore' })
    const archive = join(folder, `${SOURCE.package.replace('@', '-')}.tgz`)
    const sum = createHash('sha512').update(readFileSync(archive)).digest('base64')
    if (sum !== SOURCE.sha512) throw new Error(`${SOURCE.package} is not the archive that it was`)
    execFileSync('tar', ['-xzf', archive, '-C', folder, SOURCE.file])
    const lists: { readonly passwords: readonly string[] } = createRequire(import.meta.url)(join(folder, SOURCE.file))
    return lists.passwords
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.includes('--check'))
