import { type Html, html } from 'bulwark'
import type { Mail } from '../../shared/mails.ts'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { day } from './parts.ts'

export function outboxPage(reader: Member | undefined, mails: readonly Mail[]): Html {
  return layout(
    reader,
    'Outbox',
    html`
<h1>Outbox</h1>
<p class="hint">A stand-in for a mail server: whatever the blog sends ends up here, for everybody to see.</p>
${mails.length === 0 ? html`<p>No mail has been sent yet.</p>` : ''}
${mails.map(
  (mail) => html`
<article class="card mail">
  <h2>${mail.subject}</h2>
  <p class="by">To ${mail.recipient}, ${day(mail.created)}</p>
  <pre>${mail.body}</pre>
</article>`,
)}`,
  )
}
