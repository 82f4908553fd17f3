import { type Html, html } from 'bulwark'
import { layout } from './layout.ts'
import { field, problemBox } from './parts.ts'

export function signInPage(
  fields: { email: string; next: string },
  lastWay: 'password' | 'passkey',
  problem = '',
): Html {
  return layout(
    undefined,
    'Sign in',
    html`
<h1>Sign in</h1>
${problemBox(problem)}
<form class="card" action="/sign-in" method="post">
  <input type="hidden" name="next" value="${fields.next}">
  ${field('email', 'E-mail', fields.email, {}, { type: 'email', autocomplete: 'username webauthn' })}
  ${field('password', 'Password', '', {}, { type: 'password', autocomplete: 'current-password' })}
  <button>Sign in</button>
</form>
<div class="passkey" data-next="${fields.next}" hidden>
  <p><button class="${lastWay === 'passkey' ? '' : 'quiet'}" type="button">Sign in with a passkey</button></p>
  <p class="problem" role="alert"></p>
</div>
<p><a href="/forgot">Forgot your password?</a> Or <a href="/register">register</a>.</p>
<script src="/assets/passkeys.js" defer></script>`,
  )
}

export function codePage(next: string, problem = ''): Html {
  return layout(
    undefined,
    'Enter your code',
    html`
<h1>Enter your code</h1>
${problemBox(problem)}
<form class="card" action="/sign-in/code" method="post">
  <input type="hidden" name="next" value="${next}">
  ${field('code', 'Code', '', {}, { autocomplete: 'one-time-code', hint: 'The six digits that your authenticator app shows, or a recovery code.' })}
  <button>Go on</button>
</form>`,
  )
}
