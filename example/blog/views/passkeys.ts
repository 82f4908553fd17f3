import { type Html, html } from 'bulwark'
import type { PasskeyListing } from 'bulwark/accounts'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { field, moment, passwordField, problemBox } from './parts.ts'

export function passkeysPage(reader: Member, passkeys: readonly PasskeyListing[], problem = ''): Html {
  return layout(
    reader,
    'Passkeys',
    html`
<h1>Passkeys</h1>
<p>A passkey is kept by your device and opens your account with your finger, your face or its lock. No other site can ask for it.</p>
${problemBox(problem)}
${passkeys.length === 0 ? html`<p>You have none yet.</p>` : html`<ul class="list">${passkeys.map(passkeyItem)}</ul>`}
<form class="card passkey-new" action="/security/passkeys" method="post" hidden>
  <h2>Add one</h2>
  ${field('name', 'What to call it', '', {}, { hint: 'Such as: the blue phone.' })}
  ${passwordField(reader.email, 'passkey-password')}
  <button>Add a passkey</button>
  <p class="problem" role="alert"></p>
</form>
<noscript><p>Adding a passkey needs JavaScript.</p></noscript>
<p><a href="/security">Back to how you sign in</a></p>
<script src="/assets/passkeys.js" defer></script>`,
  )
}

function passkeyItem({ id, name, created, lastUsed }: PasskeyListing): Html {
  return html`
  <li class="row">
    <p><strong>${name}</strong> <span class="hint">since ${moment(created)}, ${lastUsed === undefined ? 'never used' : html`last used ${moment(lastUsed)}`}</span></p>
    <form class="danger" action="/security/passkeys/${id}/delete" method="post" data-confirm="Remove the passkey ${name}?">
      <button class="quiet">Remove<span class="hidden"> the passkey ${name}</span></button>
    </form>
  </li>`
}
