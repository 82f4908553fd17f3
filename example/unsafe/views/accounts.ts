import type { Problems } from '../../shared/fields.ts'
import type { Mail } from '../../shared/mails.ts'
import type { Person } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { authorBox, day, field } from './parts.ts'

export function registerPage(fields: { name: string; email: string }, problems: Problems = {}): string {
  return layout(
    undefined,
    'Register',
    `
<h1>Register</h1>
<form class="card" action="/register" method="post">
  ${field('name', 'Name', fields.name, problems, { autocomplete: 'username', hint: 'You will sign in with it.' })}
  ${field('email', 'E-mail', fields.email, problems, { type: 'email', autocomplete: 'email' })}
  ${field('password', 'Password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 8 characters.' })}
  <button>Register</button>
</form>
<p>Already here? <a href="/sign-in">Sign in</a>.</p>`,
  )
}

export function signInPage(fields: { name: string; next: string }, problem = ''): string {
  return layout(
    undefined,
    'Sign in',
    `
<h1>Sign in</h1>
${problem ? `<p class="problem" role="alert">${problem}</p>` : ''}
<form class="card" action="/sign-in" method="post">
  <input type="hidden" name="next" value="${fields.next}">
  ${field('name', 'Name', fields.name, {}, { autocomplete: 'username' })}
  ${field('password', 'Password', '', {}, { type: 'password', autocomplete: 'current-password' })}
  <button>Sign in</button>
</form>
<p><a href="/forgot">Forgot your password?</a> Or <a href="/register">register</a>.</p>`,
  )
}

export function profilePage(
  reader: Person,
  searches: readonly string[],
  problems: Problems = {},
  saved = false,
): string {
  return layout(
    reader,
    'Your profile',
    `
<h1>Your profile</h1>
${saved ? `<p class="good" role="status">Saved.</p>` : ''}
<form class="card" action="/profile" method="post">
  ${field('displayName', 'Display name', reader.displayName, problems, { autocomplete: 'name' })}
  ${field('website', 'Website', reader.website, problems, { type: 'url', autocomplete: 'url', hint: 'Begins with https:// or http://' })}
  ${field('bio', 'About you', reader.bio, problems, { rows: 4, hint: 'Shown under your posts.' })}
  <p class="field">
    <label for="theme">Colours</label>
    <select id="theme" name="theme">
      ${themes.map(([value, label]) => `<option value="${value}" ${value === reader.theme ? 'selected' : ''}>${label}</option>`).join('')}
    </select>
  </p>
  <button>Save</button>
</form>
${authorBox(reader.displayName, reader.website, reader.bio)}
<p class="hint">You sign in as ${reader.name}; mails go to ${reader.email}. See <a href="/sessions">where you are signed in</a>,
or <a href="/profile/data?person=${reader.id}">take your data with you</a>.</p>
${
  searches.length === 0
    ? ''
    : `
<h2>Searches you keep</h2>
<ul>${searches.map((words) => `<li><a href="/search?q=${words}">${words}</a></li>`).join('')}</ul>`
}`,
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

export function outboxPage(reader: Person | undefined, mails: readonly Mail[]): string {
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

const themes = [
  ['device', 'Like my device'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const
