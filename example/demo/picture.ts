import { readFile, writeFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

/** What the picture needs of the file that `--json` writes. */
export interface PictureData {
  readonly attacks: readonly {
    readonly id: string
    readonly severity: string
    readonly unsafe: string
    readonly evidence: string
    readonly stoppedBy: string | null
    /** What stops it besides. */
    readonly also: string | null
  }[]
  readonly totals: {
    readonly attacks: number
    readonly provenOnUnsafe: number
    readonly provenOnProtected: number
    readonly honestFailures: number
    readonly grades: { readonly unsafe: string; readonly protected: string }
  }
}

/** One attack of each protection. */
const ROWS = 12
const LINE = 22
const WIDTH = 760
const COLUMNS = [24, 330, 600] as const

/** Draws the end of a run of the demo, as a terminal shows it. */
export function toPicture({ attacks, totals }: PictureData): string {
  const rows = chosen(attacks).map(({ id, evidence, stoppedBy, also }) => [
    text(COLUMNS[0], id, 'name'),
    text(COLUMNS[1], `✗ ${evidence}`, 'bad'),
    text(COLUMNS[2], `✓ ${stoppedBy}${also === null ? '' : ' +'}`, 'good'),
  ])
  const more = totals.provenOnUnsafe - rows.length
  const all = [
    [text(COLUMNS[0], '$ npm run demo', 'soft')],
    [],
    [
      text(COLUMNS[0], 'attack', 'head'),
      text(COLUMNS[1], 'unsafe twin', 'head'),
      text(COLUMNS[2], 'with bulwark()', 'head'),
    ],
    ...rows,
    [text(COLUMNS[0], more > 0 ? `and ${more} more` : '', 'soft'), text(COLUMNS[2], '+ others do, too', 'soft')],
    [],
    total(
      'attacks that worked',
      `${totals.provenOnUnsafe} of ${totals.attacks}`,
      `${totals.provenOnProtected} of ${totals.attacks}`,
    ),
    total('grade', totals.grades.unsafe, totals.grades.protected),
    [text(COLUMNS[0], 'honest requests', 'head'), honest(totals.honestFailures)],
  ]
  const height = all.length * LINE + 44
  const lines = all.map((parts, i) =>
    parts.length > 0 ? `<g transform="translate(0 ${38 + i * LINE})">${parts.join('')}</g>` : '',
  )
  const words = `${totals.provenOnUnsafe} of ${totals.attacks} attacks work on the unsafe twin, ${totals.provenOnProtected} on the protected one.`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escapeXml(words)}">
<title>${escapeXml(words)}</title>
<style>
  text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #e6e3dd }
  .soft, .head { fill: #a3a9b1 } .name { fill: #e6e3dd } .bad { fill: #ff8d84 } .good { fill: #7fd6a0 }
</style>
<rect width="${WIDTH}" height="${height}" rx="10" fill="#16181b"/>
${lines.filter((line) => line !== '').join('\n')}
</svg>
`
}

const SEVERITIES = ['critical', 'high', 'medium', 'low']

function chosen(attacks: PictureData['attacks']): PictureData['attacks'] {
  const seen = new Set<string>()
  return (
    attacks
      .filter(({ unsafe, stoppedBy }) => unsafe === 'proven' && stoppedBy !== null)
      // What nothing else stops says the most.
      .sort((a, b) => rank(a) - rank(b))
      .filter(({ id }) => {
        const protection = id.slice(0, id.indexOf('/'))
        if (seen.has(protection)) return false
        seen.add(protection)
        return true
      })
      .slice(0, ROWS)
  )
}

function rank({ severity, also }: PictureData['attacks'][number]): number {
  return SEVERITIES.indexOf(severity) + (also === null ? 0 : SEVERITIES.length)
}

function total(name: string, unsafe: string, blog: string): string[] {
  return [text(COLUMNS[0], name, 'head'), text(COLUMNS[1], unsafe, 'bad'), text(COLUMNS[2], blog, 'good')]
}

function honest(failures: number): string {
  return failures === 0 ? text(COLUMNS[2], 'all pass', 'good') : text(COLUMNS[2], `${failures} fail`, 'bad')
}

function text(x: number, words: string, kind: string): string {
  return `<text x="${x}" class="${kind}">${escapeXml(words)}</text>`
}

function escapeXml(words: string): string {
  return words.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

// node example/dist/demo/picture.js RESULT.json PICTURE.svg
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [from, to] = process.argv.slice(2)
  if (from === undefined || to === undefined) {
    process.stderr.write('usage: picture.js RESULT.json PICTURE.svg\n')
    process.exitCode = 2
  } else await writeFile(to, toPicture(JSON.parse(await readFile(from, 'utf8')) as PictureData))
}
