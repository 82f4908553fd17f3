import { type Html, html } from 'bulwark'
import type { Client } from '../clients.ts'
import { count, layout, type Place, processNote, time } from './layout.ts'

const MOST = 100

export function clientsPage(place: Place, clients: readonly Client[]): Html {
  const more = clients.length - MOST
  return layout(
    place,
    'clients',
    'Clients',
    html`
<h1>Clients</h1>
<p class="lead">Addresses behind the events that are kept, those that were stopped most often first.</p>
${processNote(place)}
${clients.length === 0 ? html`<p>Nobody has done anything worth telling.</p>` : ''}
<ol class="list">${clients.slice(0, MOST).map((client) => clientItem(place, client))}</ol>
${more > 0 ? html`<p class="hint">And ${count(more, 'more client')}.</p>` : ''}`,
  )
}

function clientItem({ base }: Place, { ip, counts, first, last, guards, places, users }: Client): Html {
  const told = [...guards].sort((a, b) => b[1] - a[1]).slice(0, 6)
  return html`
  <li>
    <p><a class="mono" href="${base}/live?client=${ip}">${ip}</a>
      <strong class="${counts.denied > 0 ? 'bad' : ''}">stopped ${count(counts.denied, 'time')}</strong>${
        counts.observed > 0 ? html`, <span class="warn">would have been ${count(counts.observed, 'time')}</span>` : ''
      }${counts.failed > 0 ? html`, ${count(counts.failed, 'failure')}` : ''}</p>
    <p class="parts"><span>by ${told.map(([guard, many]) => `${guard} (${many})`).join(', ')}</span>
      <span>${time(first)} to ${time(last)}</span>
      ${users.size > 0 ? html`<span>user ${[...users].join(', ')}</span>` : ''}</p>
    <p class="parts">${[...places].map((each) => html`<code>${each}</code> `)}</p>
  </li>`
}
