import type { Member } from '../../shared/people.ts'
import type { Session } from '../readers.ts'
import { layout } from './layout.ts'
import { day } from './parts.ts'

export function sessionsPage(reader: Member, sessions: readonly Session[]): string {
  return layout(
    reader,
    'Where you are signed in',
    `
<h1>Where you are signed in</h1>
<ul class="list">${sessions.map(sessionItem).join('')}</ul>
<form action="/sessions/sign-out" method="post">
  <button>Sign out everywhere</button>
  <p class="hint">Also here. Do this when you have lost a device, or signed in on somebody else's.</p>
</form>`,
  )
}

function sessionItem({ id, began }: Session): string {
  return `
  <li class="row">
    <p><strong>${id}</strong> <span class="hint">since ${day(new Date(began).toISOString())}</span></p>
    <form action="/sessions/${id}/sign-out" method="post"><button class="quiet">Sign out</button></form>
  </li>`
}
