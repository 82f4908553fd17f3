import type { Problems } from '../../shared/fields.ts'
import type { Mail } from '../../shared/mails.ts'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { day, decorativeToken, field } from './parts.ts'

export function registerPage(fields: { name: string; email: string }, problems: Problems = {}): string {
  return layout(
    undefined,
    'Register',
    `
<h1>Register</h1>
<form class="card" action="/register" method="post">
  ${field('name', 'Name', fields.name, problems, { autocomplete: 'nickname', hint: 'Shown with what you write.' })}
  ${field('email', 'E-mail', fields.email, problems, { type: 'email', autocomplete: 'email' })}
  ${field('password', 'Password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters.' })}
  <button>Register</button>
</form>
<p>Already here? <a href="/sign-in">Sign in</a>.</p>`,
  )
}

export function signInPage(fields: { email: string; next: string }, problem = ''): string {
  return layout(
    undefined,
    'Sign in',
    `
<h1>Sign in</h1>
${problem ? `<p class="problem" role="alert">${problem}</p>` : ''}
<form class="card" action="/sign-in" method="post">
  ${decorativeToken}
  <input type="hidden" name="next" value="${fields.next}">
  ${field('email', 'E-mail', fields.email, {}, { type: 'email', autocomplete: 'username' })}
  ${field('password', 'Password', '', {}, { type: 'password', autocomplete: 'current-password' })}
  <button>Sign in</button>
</form>
<p><a href="/forgot">Forgot your password?</a> Or <a href="/register">register</a>.</p>`,
  )
}

export function forgotPage(problems: Problems = {}): string {
  return layout(
    undefined,
    'Forgot your password?',
    `
<h1>Forgot your password?</h1>
<p>We send you a link that lets you choose a new one.</p>
<form class="card" action="/forgot" method="post">
  ${field('email', 'E-mail', '', problems, { type: 'email', autocomplete: 'email' })}
  <button>Send the link</button>
</form>`,
  )
}

export function resetPage(token: string, problems: Problems = {}): string {
  return layout(
    undefined,
    'Choose a new password',
    `
<h1>Choose a new password</h1>
<form class="card" action="/reset" method="post">
  <input type="hidden" name="token" value="${token}">
  ${field('password', 'New password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters.' })}
  <button>Save the password</button>
</form>`,
  )
}

export function outboxPage(reader: Member | undefined, mails: readonly Mail[]): string {
  return layout(
    reader,
    'Outbox',
    `
<h1>Outbox</h1>
<p class="hint">A stand-in for a mail server: whatever the blog sends ends up here, for everybody to see.</p>
${mails.length === 0 ? `<p>No mail has been sent yet.</p>` : ''}
${mails
  .map(
    (mail) => `
<article class="card mail">
  <h2>${mail.subject}</h2>
  <p class="by">To ${mail.recipient}, ${day(mail.created)}</p>
  <pre>${mail.body}</pre>
</article>`,
  )
  .join('')}`,
  )
}
