import { type Html, html, type SessionListing } from 'bulwark'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { moment } from './parts.ts'

export function sessionsPage(reader: Member, sessions: readonly SessionListing[]): Html {
  return layout(
    reader,
    'Where you are signed in',
    html`
<h1>Where you are signed in</h1>
<ul class="list">${sessions.map(sessionItem)}</ul>
<form action="/sessions/sign-out" method="post">
  <button>Sign out everywhere</button>
  <p class="hint">Also here. Do this when you have lost a device, or signed in on somebody else's.</p>
</form>`,
  )
}

function sessionItem({ handle, signedInAt, seenAt, current }: SessionListing): Html {
  return html`
  <li class="row">
    <p><strong>${current ? 'This browser' : 'Another browser'}</strong>
    <span class="hint">since ${moment(signedInAt)}, last seen ${moment(seenAt)}</span></p>
    ${
      current
        ? ''
        : html`<form action="/sessions/${handle}/sign-out" method="post"><button class="quiet">Sign out<span class="hidden"> the browser of ${moment(signedInAt)}</span></button></form>`
    }
  </li>`
}
