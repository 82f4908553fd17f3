import { type Html, html } from 'bulwark'
import type { Member } from '../../shared/people.ts'
import type { Notice } from '../inbox.ts'
import { layout } from './layout.ts'
import { day } from './parts.ts'

/** `undefined` when the program that keeps them is away. */
export function inboxPage(reader: Member, notices: readonly Notice[] | undefined, waiting: number): Html {
  const late = waiting === 1 ? 'One more is on its way.' : `${waiting} more are on their way.`
  return layout(
    reader,
    'Inbox',
    html`
<h1>Inbox</h1>
${notices === undefined ? html`<p role="status">Your notices cannot be shown right now. None of them is lost.</p>` : ''}
${waiting > 0 ? html`<p class="hint">${late}</p>` : ''}
${notices?.length === 0 && waiting === 0 ? html`<p>Nothing new.</p>` : ''}
${(notices ?? []).map(
  ({ text, created }) => html`
<article class="card"><p>${text}</p><p class="by">${day(created)}</p></article>`,
)}`,
  )
}
