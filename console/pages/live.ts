import { type Html, html } from 'bulwark'
import { type Entry, OUTCOMES } from '../entry.ts'
import { type Filter, toQuery } from '../filter.ts'
import { entryItem, entryShape } from './entry.ts'
import { layout, type Place, processNote } from './layout.ts'

export interface LiveView {
  readonly filter: Filter
  readonly entries: readonly Entry[]
  /** The names of protections that have spoken. */
  readonly guards: readonly string[]
  /** The newest event of all, shown or not: the stream begins behind it. */
  readonly seen: number
  /** Where older ones go on. */
  readonly older: number | undefined
  /** Whether this is the first page: only there new ones appear. */
  readonly isFirst: boolean
  /** Whether an incident that is not kept here was found in the audit trail. */
  readonly inAudit?: boolean
}

export function livePage(place: Place, view: LiveView): Html {
  const { base } = place
  const { filter, entries, seen, older, isFirst } = view
  const stream = `/live/stream${toQuery(filter, { after: String(seen) })}`
  return layout(
    place,
    'live',
    'Live',
    html`
<h1>${filter.incident ? 'One incident' : 'Live'}</h1>
${processNote(place)}
${form(base, view)}
${
  isFirst
    ? html`<div class="bar"><button class="quiet" type="button" hidden>Pause</button> <span class="hint" role="status"></span></div>
${entryShape(base)}
<ol class="list" data-stream="${base}${stream}" data-base="${base}/live">${entries.map((entry) => entryItem(entry, base))}</ol>`
    : html`<ol class="list">${entries.map((entry) => entryItem(entry, base))}</ol>`
}
<p id="nothing" ?hidden=${entries.length > 0}>${nothing(view)}</p>
${view.inAudit ? html`<p><a href="${base}/audit?incident=${filter.incident ?? ''}">It is in the audit trail</a></p>` : ''}
${older === undefined ? '' : html`<p><a href="${base}/live${toQuery(filter, { before: String(older) })}">Older ones</a></p>`}`,
  )
}

function nothing({ filter, inAudit }: LiveView): string {
  if (filter.incident)
    return inAudit
      ? 'This process does not keep it.'
      : 'Nothing of it is kept here. Another process may have seen it, or it was too long ago.'
  return Object.keys(filter).length === 0 ? 'Nothing has happened yet.' : 'Nothing that is kept fits.'
}

function form(base: string, { filter, guards }: LiveView): Html {
  return html`
<form class="filter" action="${base}/live">
  <div><label for="outcome">Outcome</label><select id="outcome" name="outcome"><option value="">all</option>${OUTCOMES.map(
    (each) => html`<option value="${each}" ?selected=${each === filter.outcome}>${each}</option>`,
  )}</select></div>
  <div><label for="guard">Protection</label><select id="guard" name="guard"><option value="">all</option>${guards.map(
    (each) => html`<option value="${each}" ?selected=${each === filter.guard}>${each}</option>`,
  )}</select></div>
  <div><label for="client">Address begins with</label><input id="client" name="client" value="${filter.client ?? ''}" maxlength="64"></div>
  <div><label for="incident">Incident</label><input id="incident" name="incident" value="${filter.incident ?? ''}" maxlength="64"></div>
  <button>Show</button>
  ${Object.keys(filter).length === 0 ? '' : html`<a href="${base}/live">Show all</a>`}
</form>`
}
