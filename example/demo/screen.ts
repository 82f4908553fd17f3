import { stripVTControlCharacters, styleText } from 'node:util'
import { ALSO_STOPPED } from './also.ts'
import type { Lines } from './lines.ts'
import { type Attack, type DemoResult, evidenceOf, failuresOf, totalsOf } from './result.ts'
import type { Address } from './twins.ts'

export interface Page {
  readonly colour: boolean
}

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

/** Three columns and the blanks between them: 80 in all. */
const NAME = 32
const LEFT = 27
const RIGHT = 19

/** How wide the three columns are. */
export type Widths = readonly [name: number, left: number, right: number]

export function opening(origins: { readonly unsafe: string; readonly protected: string }, page: Page): string {
  return `${paint('The same blog twice, and every attack on both.', 'bold', page)}

  unsafe     ${origins.unsafe}  written in a hurry, without Bulwark
  protected  ${origins.protected}  the same features, with app.use(bulwark())

${row(['attack', 'unsafe', 'protected'], page)}
${row(['', '✗ where it worked', '✓ what stopped it'], page, 'dim')}
${'─'.repeat(80)}
`
}

/** One line of the table. `also` names what else stops an attack, by the attack. */
export function attackLine(
  { id, unsafe, protected: blog, stoppedBy }: Attack,
  page: Page,
  also: Readonly<Record<string, string>> = ALSO_STOPPED,
  [name, leftWide, rightWide]: Widths = [NAME, LEFT, RIGHT],
): string {
  const [left, leftColour] = unsafe.verdict === 'proven' ? ([`✗ ${evidenceOf(unsafe)}`, 'red'] as const) : other(unsafe)
  const [right, rightColour] =
    blog.verdict === 'proven'
      ? (['✗ GOT THROUGH', 'red'] as const)
      : unsafe.verdict === 'proven' && (stoppedBy || blog.verdict === 'not-applicable')
        ? ([`✓ ${stoppedBy ?? 'nothing there'}`, 'green'] as const)
        : other(blog)
  const mark = rightColour === 'green' && stoppedBy ? plus(id, also) : ''
  // A long name takes the blanks of the column beside it, so that the last one stays where it is.
  const room = name + Math.max(0, leftWide - clean(left).length)
  const nameWide = Math.min(Math.max(name, clean(id).length), room)
  const last = fit(right, rightWide - mark.length).trimEnd() + mark
  const cells = [fit(left, leftWide - (nameWide - name)), fit(last, rightWide)] as const
  return `${fit(id, nameWide)} ${paint(cells[0], leftColour, page)} ${paint(cells[1], rightColour, page)}`.trimEnd()
}

/** Marks what would have had no effect without the protection either. */
function plus(id: string, also: Readonly<Record<string, string>>): string {
  return also[id] === undefined ? '' : ' +'
}

/** The line that is written over while attacks are under way. */
export function progressLine(done: { unsafe: number; protected: number }, page: Page): string {
  return paint(
    `  attacking: ${done.unsafe} done on the unsafe blog, ${done.protected} on the protected one`,
    'dim',
    page,
  )
}

export function closing(result: DemoResult, leastProven: number, page: Page): string {
  const totals = totalsOf(result)
  const failures = failuresOf(result, leastProven)
  const [bad, good] = [result.unsafe.grade, result.protected.grade]
  const { attacks } = result
  const passed = attacks.length - totals.honestFailures
  const rows = [
    [
      'attacks that worked',
      paint(`${totals.provenOnUnsafe}`, 'red', page),
      paint(`${totals.provenOnProtected}`, totals.provenOnProtected ? 'red' : 'green', page),
    ],
    ['grade', paint(bad.letter, 'red', page), paint(good.letter, totals.provenOnProtected ? 'red' : 'green', page)],
    ['requests', `${result.unsafe.requests}`, `${result.protected.requests}`],
  ]
  const lines = [
    '─'.repeat(80),
    ...rows.map(([name = '', left = '', right = '']) => `${fit(name, NAME)} ${pad(left, LEFT)} ${right}`),
    '',
    ...wrap(
      `${attacks.length} attacks in ${(totals.ms / 1000).toFixed(0)} s. Can people still do on the protected blog what an attack abused? ` +
        `Afterwards, honest requests to the same places passed for ${passed} of ${attacks.length}.`,
    ),
    '',
    "+  so does something else: the blog's own code, Express, or a second guard",
    '',
    ...wrap(linesSentence(result.lines)),
    ...failures.flatMap((failure) => wrap(`! ${clean(failure)}`).map((line) => paint(line, 'yellow', page))),
  ]
  return `${lines.join('\n')}\n`
}

export function linesSentence({ all, imports, code, views }: Lines): string {
  return (
    `Of the ${all} lines of the protected blog, ${imports + code + views} import or use Bulwark: ${imports} imports, ` +
    `${code} in code, and ${views} in views, where html\`...\` stands before the markup.`
  )
}

export function invitation(
  { origin, isKept }: Address,
  file: string,
  account: Readonly<Record<string, string>>,
  page: Page,
): string {
  return `
Evidence for every line: ${file}
The protected blog is at ${paint(origin, 'bold', page)}
Sign in as ${account['email']} (${account['password']}). Ctrl-C ends it.

${certificateHelp(isKept === true)}
`
}

/** What a newcomer should know before the browser says it in red. */
export function certificateHelp(isKept: boolean): string {
  return isKept
    ? `Its certificate comes from the authority in .bulwark: browsers that trust
.bulwark/authority.pem open it without a word.`
    : `Its certificate was made for this run, so your browser does not know it and
will warn: go on there (Advanced, Proceed). To have no warning, stop this, run
npx bulwark tls dev once, and trust its authority as it tells you.`
}

/** What there is to say where no attack worked. */
function other({ verdict }: Attack['unsafe']): readonly [words: string, colour: Colour] {
  const words = {
    proven: '✗ worked',
    disproven: '· no effect',
    'not-applicable': '· nothing there',
    inconclusive: '? no conclusion',
    skipped: '- not tried',
  }
  return [words[verdict], verdict === 'inconclusive' ? 'yellow' : 'dim']
}

function row([name, left, right]: readonly [string, string, string], page: Page, colour?: Colour): string {
  const text = `${fit(name, NAME)} ${fit(left, LEFT)} ${right}`
  return colour ? paint(text, colour, page) : text
}

/** Breaks at spaces; words that are longer than a line are cut. */
function wrap(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ').flatMap((one) => one.match(/.{1,78}/g) ?? [])) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + word.length < 78) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}

/** Exactly as wide as the column. */
function fit(text: string, width: number): string {
  const plain = clean(text)
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : plain.padEnd(width)
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length))
}

/** **Security**: paths come from pages of an attacked app; escape sequences in them could rewrite the screen. */
function clean(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '?')
}

function paint(text: string, colour: Colour, { colour: isOn }: Page): string {
  return isOn ? styleText(colour, text, { validateStream: false }) : text
}
