import { type Html, html } from 'bulwark'
import type { Profile } from 'bulwark/accounts'
import type { Problems } from '../../shared/fields.ts'
import type { Member } from '../../shared/people.ts'
import type { FormReader } from '../readers.ts'
import { layout } from './layout.ts'
import { field, passwordField, problemBox, usernameFor } from './parts.ts'
import { qrCode } from './qr.ts'

export function securityPage(reader: Member, account: Profile): Html {
  const { hasTotp, recoveryCodesLeft, passkeys } = account
  return page(
    reader,
    'How you sign in',
    html`
<ul class="list">
  ${step('E-mail', reader.email, '/security/email', 'Change')}
  ${step('Password', 'Changing it signs you out everywhere else.', '/security/password', 'Change')}
  ${step('Codes', hasTotp ? `On, with ${recoveryCodesLeft} recovery codes left.` : 'Off. An authenticator app makes them.', '/security/codes', hasTotp ? 'Change' : 'Turn on')}
  ${step('Passkeys', passkeys.length === 0 ? 'None.' : passkeys.map(({ name }) => name).join(', '), '/security/passkeys', 'Change')}
  ${step('Browsers', 'Where you are signed in.', '/sessions', 'Look')}
  ${step('Leaving', 'What you wrote stays, without your name.', '/security/close', 'Close the account')}
</ul>`,
  )
}

function step(name: string, state: string, path: string, action: string): Html {
  return html`
  <li class="row">
    <p><strong>${name}</strong> <span class="hint">${state}</span></p>
    <a href="${path}">${action}<span class="hidden">: ${name}</span></a>
  </li>`
}

export function passwordPage(reader: FormReader, problems: Problems = {}): Html {
  return page(
    reader,
    'Change your password',
    html`
<form class="card" action="/security/password" method="post">
  ${reader.token}
  ${usernameFor(reader.email)}
  ${field('current', 'Present password', '', problems, { type: 'password', autocomplete: 'current-password' })}
  ${field('password', 'New password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 15 characters, such as a sentence.' })}
  <button>Change the password</button>
</form>`,
  )
}

export function emailPage(reader: FormReader, email: string, problems: Problems = {}): Html {
  return page(
    reader,
    'Change your e-mail address',
    html`
<form class="card" action="/security/email" method="post">
  ${reader.token}
  ${field('email', 'New e-mail address', email, problems, { type: 'email', autocomplete: 'email' })}
  ${passwordField(reader.email, 'password', problems)}
  <button>Send a letter there</button>
</form>`,
  )
}

export function confirmEmailPage(reader: FormReader, token: string, problem = ''): Html {
  return page(
    reader,
    'Confirm your new address',
    html`
${problemBox(problem)}
<form class="card" action="/confirm-email" method="post">
  ${reader.token}
  <input type="hidden" name="token" value="${token}">
  <button>Yes, send mail here</button>
</form>`,
  )
}

export function secondFactorPage(reader: FormReader, account: Profile | undefined, problem = ''): Html {
  return page(
    reader,
    'Codes at the sign-in',
    html`
${problemBox(problem)}
${account?.hasTotp ? codesOn(reader) : codesOff(reader)}`,
  )
}

function codesOff(reader: FormReader): Html {
  return html`
<p>After your password, the blog asks for a code that an app on your phone shows. Whoever has your password alone does not come in.</p>
<form class="card" action="/security/codes/begin" method="post">
  ${reader.token}
  ${passwordField(reader.email, 'password')}
  <button>Set up an app</button>
</form>`
}

function codesOn(reader: FormReader): Html {
  return html`
<form class="card" action="/security/codes/recovery" method="post">
  ${reader.token}
  <h2>New recovery codes</h2>
  <p class="hint">The old ones are worth nothing any more.</p>
  ${passwordField(reader.email, 'recovery-password')}
  <button>Make new codes</button>
</form>
<form class="card" action="/security/codes/end" method="post">
  ${reader.token}
  <h2>No codes any more</h2>
  ${passwordField(reader.email, 'end-password')}
  <button class="quiet">Turn codes off</button>
</form>`
}

export function scanPage(reader: FormReader, { secret, uri }: { secret: string; uri: string }): Html {
  return page(
    reader,
    'Set up your app',
    html`
<p>Let your authenticator app scan this, or type the letters below it.</p>
${qrCode(uri, 'The secret as a code to scan')}
<p class="secret"><code>${secret.replace(/(.{4})(?=.)/g, '$1 ')}</code></p>
${codeForm(reader)}`,
  )
}

export function confirmCodePage(reader: FormReader, problem: string): Html {
  return page(
    reader,
    'Set up your app',
    html`
${problemBox(problem)}
${codeForm(reader)}
<p><a href="/security/codes">Begin anew</a></p>`,
  )
}

function codeForm(reader: FormReader): Html {
  return html`
<form class="card" action="/security/codes/confirm" method="post">
  ${reader.token}
  ${field('code', 'Code', '', {}, { autocomplete: 'one-time-code', hint: 'The six digits that the app shows now.' })}
  <button>Turn codes on</button>
</form>`
}

export function recoveryCodesPage(reader: Member, codes: readonly string[]): Html {
  return page(
    reader,
    'Your recovery codes',
    html`
<p>Write these down and keep them where your phone is not. Each opens your account once, when the app is gone. They are shown now and never again.</p>
<ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
<p><a class="button" href="/security">I have written them down</a></p>`,
  )
}

export function closePage(reader: FormReader, problem = ''): Html {
  return page(
    reader,
    'Close your account',
    html`
<p>Your posts and comments stay, by somebody who left. Your address, your profile and your sign-ins are deleted.</p>
${problemBox(problem)}
<form class="card danger-zone" action="/security/close" method="post" data-confirm="Close your account for good?">
  ${reader.token}
  ${passwordField(reader.email, 'password')}
  <button>Close my account for good</button>
</form>`,
  )
}

function page(reader: Member, title: string, content: Html): Html {
  const back = title === 'How you sign in' ? '' : html`\n<p><a href="/security">Back to how you sign in</a></p>`
  return layout(reader, title, html`<h1>${title}</h1>\n${content}${back}`)
}
