import { type Html, html } from 'bulwark'
import type { AuditLine, AuditReport } from 'bulwark/audit'
import type { TrailFilter, TrailPage } from '../trail.ts'
import { toVisible } from '../visible.ts'
import { count, layout, type Place } from './layout.ts'

export interface AuditView {
  readonly filter: TrailFilter
  readonly page: number
  /** `undefined` where the console was given no folder, a reason where it cannot be read. */
  readonly trail:
    | { readonly lines: TrailPage; readonly report: AuditReport | 'no keys' | 'too large' }
    | { readonly problem: string }
    | undefined
}

export function auditPage(place: Place, { filter, page, trail }: AuditView): Html {
  return layout(
    place,
    'audit',
    'Audit',
    html`
<h1>Audit trail</h1>
<p class="lead">What every process of the app has written down.</p>
${
  trail === undefined
    ? html`<p>The console was given no folder. Keep a trail with <code>openAudit</code> of <code>bulwark/audit</code>, and name its folder.</p>`
    : 'problem' in trail
      ? html`<p class="bad">${trail.problem}</p>`
      : html`${verdict(trail.report)}${form(place.base, filter)}${entries(trail.lines)}${pager(place.base, filter, page, trail.lines.hasMore)}`
}`,
  )
}

function verdict(report: AuditReport | 'no keys' | 'too large'): Html {
  if (report === 'no keys')
    return html`<p class="warn">Whether it was changed cannot be told: the console was given no keys.</p>`
  if (report === 'too large')
    return html`<p class="warn">It is too large to be checked here: run <code>bulwark audit verify</code>.</p>`
  const { verdict: what, files, older } = report
  const faults = files.flatMap(({ name, faults: found }) => found.map((fault) => ({ name, ...fault })))
  return html`
<p><strong class="${what === 'whole' ? 'good' : what === 'changed' ? 'bad' : 'warn'}">${
    what === 'whole'
      ? 'Every line is as it was written.'
      : what === 'changed'
        ? 'Something was changed, added or taken away.'
        : 'A file was sealed with a key that is not there.'
  }</strong> <span class="hint">${count(files.length, 'file')}, ${count(
    files.reduce((sum, { lines }) => sum + lines, 0),
    'line',
  )}${older.length > 0 ? `; ${count(older.length, 'older file')} taken away since` : ''}</span></p>
${faults.length === 0 ? '' : html`<ul class="list">${faults.slice(0, 20).map(({ name, line, what: why }) => html`<li class="bad"><code>${toVisible(name)}${line > 0 ? `:${line}` : ''}</code> ${toVisible(why)}</li>`)}</ul>`}`
}

function form(base: string, { kind, text, incident }: TrailFilter): Html {
  return html`
<form class="filter" action="${base}/audit">
  <div><label for="kind">What</label><select id="kind" name="kind"><option value="">all</option><option value="event" ?selected=${kind === 'event'}>events</option><option value="did" ?selected=${kind === 'did'}>what people did</option></select></div>
  <div><label for="text">Name, person or path</label><input id="text" name="text" value="${text ?? ''}" maxlength="64"></div>
  <div><label for="incident">Incident</label><input id="incident" name="incident" value="${incident ?? ''}" maxlength="64"></div>
  <button>Show</button>
</form>`
}

function entries({ lines, isPartial }: TrailPage): Html {
  return html`
${isPartial ? html`<p class="hint">These are the newest 16 MB of the trail. <code>bulwark audit show</code> reads all of it.</p>` : ''}
${lines.length === 0 ? html`<p>Nothing fits.</p>` : ''}
<ol class="list">${lines.map(lineItem)}</ol>`
}

function lineItem(line: AuditLine): Html {
  const when = shown(line.at).slice(0, 30)
  const at = html`<time datetime="${when}">${when.slice(0, 19).replace('T', ' ')}</time>`
  switch (line.do) {
    case 'event':
      return html`<li class="${shown(line.outcome)}"><p class="what"><span class="mark">${shown(line.outcome)}</span> <strong>${shown(line.guard)}</strong> ${shown(line.reason)}</p>
<p class="parts">${at} ${part(line.path === undefined ? undefined : `${shown(line.method)} ${shown(line.path)}`)} ${part(line.ip)} ${part(line.user, 'user ')} ${part(line.error, 'threw ')} ${part(line.incident)}</p></li>`
    case 'did':
      return html`<li class="did"><p class="what"><strong>${shown(line.action)}</strong> ${line.on === undefined ? '' : `on ${shown(line.on)}`} ${line.details === undefined ? '' : html`<code>${shown(line.details)}</code>`}</p>
<p class="parts">${at} ${part(line.by, 'by ')} ${part(line.ip)} ${part(line.incident)}</p></li>`
    case 'more':
      return html`<li class="${shown(line.outcome)}"><p>${at} ${count(Number(line.many), 'more event')} of ${shown(line.guard)} (${shown(line.outcome)}) in that minute</p></li>`
    case 'lost':
      return html`<li class="bad"><p>${at} ${count(Number(line.many), 'entry')} lost: the disk took none</p></li>`
    case 'begin':
      return html`<li><p class="hint">${at} ${shown(line.app)} began to write (pid ${shown(line.pid)})</p></li>`
    default:
      return html`<li><p class="hint">${at} a file was closed</p></li>`
  }
}

function part(text: unknown, before = ''): Html | '' {
  return text === undefined ? '' : html`<span class="mono">${before}${shown(text)}</span>`
}

/** Whoever can change the files can write anything where a text should be. */
function shown(value: unknown): string {
  return toVisible(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
}

function pager(base: string, filter: TrailFilter, page: number, hasMore: boolean): Html {
  const at = (to: number): string => new URLSearchParams({ ...filter, page: String(to) }).toString()
  return html`<p>${page > 0 ? html`<a href="${base}/audit?${at(page - 1)}">Newer ones</a>` : ''} ${hasMore ? html`<a href="${base}/audit?${at(page + 1)}">Older ones</a>` : ''}</p>`
}
