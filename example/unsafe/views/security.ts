import type { Problems } from '../../shared/fields.ts'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { field } from './parts.ts'

export function securityPage(reader: Member): string {
  return page(
    reader,
    'How you sign in',
    `
<ul class="list">
  <li class="row"><p><strong>E-mail</strong> <span class="hint">${reader.email}</span></p><a href="/security/email">Change</a></li>
  <li class="row"><p><strong>Password</strong></p><a href="/security/password">Change</a></li>
  <li class="row"><p><strong>Leaving</strong></p><a href="/security/close">Close the account</a></li>
</ul>`,
  )
}

export function passwordPage(reader: Member, problems: Problems = {}): string {
  return page(
    reader,
    'Change your password',
    `
<form class="card" action="/security/password" method="post">
  ${field('current', 'Present password', '', problems, { type: 'password', autocomplete: 'current-password' })}
  ${field('password', 'New password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters.' })}
  <button>Change the password</button>
</form>`,
  )
}

export function emailPage(reader: Member): string {
  return page(
    reader,
    'Change your e-mail address',
    `
<form class="card" action="/security/email" method="post">
  ${field('email', 'New e-mail address', '', {}, { type: 'email', autocomplete: 'email' })}
  ${field('password', 'Your password', '', {}, { type: 'password', autocomplete: 'current-password' })}
  <button>Change the address</button>
</form>`,
  )
}

export function closePage(reader: Member): string {
  return page(
    reader,
    'Close your account',
    `
<form class="card" action="/security/close" method="post">
  ${field('password', 'Your password', '', {}, { type: 'password', autocomplete: 'current-password' })}
  <button>Close my account for good</button>
</form>`,
  )
}

function page(reader: Member, title: string, content: string): string {
  return layout(reader, title, `<h1>${title}</h1>\n${content}`)
}
