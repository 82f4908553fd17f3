import { createHash } from 'node:crypto'
import { ALSO_STOPPED } from './also.ts'
import { type Attack, type DemoResult, evidenceOf, type HonestResult, totalsOf } from './result.ts'
import { linesSentence } from './screen.ts'
import { style } from './style.ts'
import type { TwinEvent } from './twins.ts'

type Row = Attack & HonestResult

/** The result as one page that needs nothing else: no script at all, and one style sheet that its policy names by hash. */
export function toHtml(result: DemoResult): string {
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  const broken = result.attacks.filter((attack) => attack.unsafe.verdict === 'proven')
  const rest = result.attacks.filter((attack) => attack.unsafe.verdict !== 'proven')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>The same blog twice: what Bulwark stopped</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>The same blog twice, and every attack on both</h1>
${summary(result)}
</header>
<main>
${section('Attacks that broke the unsafe blog', 'worst first; open one for the evidence. With +, something else stops it too', worstFirst(broken))}
${section('Other attacks', 'they broke neither, or there was nothing to attack', rest)}
</main>
<footer><p>Made by <code>npm run demo</code> at ${new Date(result.unsafe.started).toISOString()}. Both blogs ran on this machine only.</p></footer>
</body>
</html>
`
}

function summary(result: DemoResult): string {
  const totals = totalsOf(result)
  const side = (
    name: string,
    words: string,
    grade: string,
    proven: number,
  ): string => `<div class="side ${proven > 0 ? 'bad' : 'good'}">
<h2>${name}</h2>
<p class="grade" title="Grade">${escapeHtml(grade)}</p>
<p><strong>${proven}</strong> of ${totals.attacks} attacks worked</p>
<p class="hint">${words}</p>
</div>`
  const passed = totals.attacks - totals.honestFailures
  return `<div class="sides">
${side('Unsafe', 'written in a hurry, without Bulwark', totals.grades.unsafe, totals.provenOnUnsafe)}
${side('Protected', 'the same features, with <code>app.use(bulwark())</code>', totals.grades.protected, totals.provenOnProtected)}
</div>
<p>${totals.requests} requests in ${(totals.ms / 1000).toFixed(0)} seconds. After the attacks, for ${passed} of ${totals.attacks} of them,
an honest request to the same places passed on the protected blog. ${escapeHtml(linesSentence(result.lines))}</p>`
}

const SEVERITIES = ['critical', 'high', 'medium', 'low']

function worstFirst(attacks: readonly Row[]): Row[] {
  return [...attacks].sort((a, b) => SEVERITIES.indexOf(a.unsafe.severity) - SEVERITIES.indexOf(b.unsafe.severity))
}

function section(title: string, hint: string, attacks: readonly Row[]): string {
  if (attacks.length === 0) return ''
  return `<section>
<h2>${title} <small>${attacks.length}, ${hint}</small></h2>
${attacks.map(details).join('\n')}
</section>`
}

function details(attack: Row): string {
  const { id, unsafe, protected: blog } = attack
  return `<details>
<summary>
<span class="name"><span class="severity ${unsafe.severity}">${unsafe.severity}</span> ${escapeHtml(id)}</span>
<span class="verdict ${unsafe.verdict}">${escapeHtml(unsafe.verdict === 'proven' ? `✗ ${evidenceOf(unsafe)}` : verdictWords(unsafe.verdict))}</span>
<span class="verdict ${heldClass(attack)}">${escapeHtml(heldWords(attack))}</span>
</summary>
<div class="inside">
<p>${escapeHtml(unsafe.title)}. <span class="hint">Risk <code>${escapeHtml(unsafe.risk)}</code></span></p>
<h3>On the unsafe blog</h3>
<p>${escapeHtml(unsafe.message)}</p>
${evidence(unsafe)}
<h3>On the protected blog</h3>
<p>${escapeHtml(blog.message)}${attack.stoppedBy ? ` Stopped by <code>${escapeHtml(attack.stoppedBy)}</code>.` : ''}${also(attack)}</p>
${evidence(blog)}
${events(attack.events)}
<h3>Honest requests</h3>
<ul>${attack.requests.map((text) => `<li><code>${escapeHtml(text)}</code></li>`).join('')}</ul>
${unsafe.remedy ? `<p><strong>Remedy:</strong> ${escapeHtml(unsafe.remedy)}</p>` : ''}
</div>
</details>`
}

function also({ id, stoppedBy }: Row): string {
  const reason = stoppedBy && ALSO_STOPPED[id]
  return reason ? ` It would have had no effect without it either: ${escapeHtml(reason)}` : ''
}

function heldWords({ id, unsafe, protected: blog, stoppedBy }: Row): string {
  if (blog.verdict === 'proven') return '✗ got through'
  const isHeld = unsafe.verdict === 'proven' && (stoppedBy !== undefined || blog.verdict === 'not-applicable')
  const plus = ALSO_STOPPED[id] === undefined ? '' : ' +'
  return isHeld ? `✓ ${stoppedBy ? stoppedBy + plus : verdictWords(blog.verdict)}` : verdictWords(blog.verdict)
}

/** Doubt is not green. */
function heldClass({ unsafe, protected: blog }: Row): string {
  if (blog.verdict === 'proven') return 'proven'
  return unsafe.verdict === 'proven' && (blog.verdict === 'disproven' || blog.verdict === 'not-applicable')
    ? 'held'
    : ''
}

function verdictWords(verdict: Attack['unsafe']['verdict']): string {
  const words = {
    proven: '✗ worked',
    disproven: 'no effect',
    'not-applicable': 'nothing to attack',
    inconclusive: 'no conclusion',
    skipped: 'not tried',
  }
  return words[verdict]
}

function evidence({ evidence: shown }: Attack['unsafe']): string {
  if (!shown) return ''
  return `<dl>
<dt>Repeat it</dt><dd><pre>${escapeHtml(shown.curl)}</pre></dd>
<dt>Request</dt><dd><pre>${escapeHtml(shown.request)}</pre></dd>
<dt>Response</dt><dd><pre>${escapeHtml(shown.response)}</pre></dd>
</dl>`
}

const MOST_EVENTS = 5

function events(all: readonly TwinEvent[]): string {
  if (all.length === 0) return ''
  const lines = all.slice(0, MOST_EVENTS).map(({ at, guard, outcome, reason, request }) => {
    const where = request ? ` ${request.method} ${request.path} (incident ${request.id})` : ''
    return `${new Date(at).toISOString().slice(11, 23)} ${outcome} ${guard}${where}\n  ${reason}`
  })
  if (all.length > MOST_EVENTS) lines.push(`and ${all.length - MOST_EVENTS} more`)
  return `<dl><dt>What Bulwark said</dt><dd><pre>${escapeHtml(lines.join('\n'))}</pre></dd></dl>`
}

/** Evidence is what attackers wrote: none of it may become markup here. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
