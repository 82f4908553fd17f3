import { type Html, html } from 'bulwark'
import type { Problems } from '../../shared/fields.ts'
import { layout } from './layout.ts'
import { field, problemBox } from './parts.ts'

export function registerPage(fields: { name: string; email: string }, problems: Problems = {}): Html {
  return layout(
    undefined,
    'Register',
    html`
<h1>Register</h1>
<form class="card" action="/register" method="post">
  ${field('name', 'Name', fields.name, problems, { autocomplete: 'nickname', hint: 'Shown with what you write.' })}
  ${field('email', 'E-mail', fields.email, problems, { type: 'email', autocomplete: 'username' })}
  ${field('password', 'Password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 15 characters, such as a sentence.' })}
  <button>Register</button>
</form>
<p>Already here? <a href="/sign-in">Sign in</a>.</p>`,
  )
}

/** Where the link of the letter leads. In another browser than the one that registered, the password is asked for. */
export function verifyPage(token: string, problem = '', asksForPassword = false): Html {
  return layout(
    undefined,
    'Confirm your address',
    html`
<h1>Confirm your address</h1>
${problemBox(problem)}
<form class="card" action="/verify-email" method="post">
  <input type="hidden" name="token" value="${token}">
  ${
    asksForPassword
      ? field(
          'password',
          'Password',
          '',
          {},
          { type: 'password', autocomplete: 'current-password', hint: 'The one that you have just chosen.' },
        )
      : ''
  }
  <button>Yes, this is my address</button>
</form>`,
  )
}

export function forgotPage(problems: Problems = {}): Html {
  return layout(
    undefined,
    'Forgot your password?',
    html`
<h1>Forgot your password?</h1>
<p>We send you a link that lets you choose a new one.</p>
<form class="card" action="/forgot" method="post">
  ${field('email', 'E-mail', '', problems, { type: 'email', autocomplete: 'username' })}
  <button>Send the link</button>
</form>`,
  )
}

export function resetPage(token: string, problems: Problems = {}): Html {
  return layout(
    undefined,
    'Choose a new password',
    html`
<h1>Choose a new password</h1>
<form class="card" action="/reset" method="post">
  <input type="hidden" name="token" value="${token}">
  ${field('password', 'New password', '', problems, { type: 'password', autocomplete: 'new-password', hint: 'At least 15 characters, such as a sentence.' })}
  <button>Save the password</button>
</form>`,
  )
}
