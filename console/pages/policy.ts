import { type Html, html, type ProtectedApp, type ShownKey, type ShownProtection } from 'bulwark'
import { toVisible } from '../visible.ts'
import { count, layout, type Place, time } from './layout.ts'

export function policyPage(place: Place, apps: readonly ProtectedApp[], guardedBy: string | undefined): Html {
  return layout(
    place,
    'policy',
    'Policy',
    html`
<h1>Policy</h1>
<p class="lead">What is in force in this process. It is changed in the app’s source, and nowhere else.</p>
${guardedBy === undefined ? '' : html`<p>Who may see this console is decided by: ${toVisible(guardedBy)}.</p>`}
${apps.length === 0 ? html`<p>No app in this process is protected by a policy.</p>` : ''}
${apps.map(appPart)}`,
  )
}

function appPart(app: ProtectedApp): Html {
  const { name, mode, onFailure, origins, protections } = app
  const weak = protections.filter(({ state }) => state !== 'enforce')
  const keys = app.keys()
  return html`
<h2>${toVisible(name)}</h2>
<ul>
  <li>${mode === 'observe' ? html`<strong class="warn">The policy only observes</strong>: nothing is stopped unless a protection says so.` : 'The policy enforces.'}</li>
  <li>When a guard or its store breaks, requests are ${onFailure === 'deny' ? 'refused' : html`<strong class="warn">let pass</strong>`}.</li>
  <li>${origins.length === 0 ? 'No public origin is named: the Host header is believed.' : html`Origins: <code>${origins.map((each) => toVisible(each)).join(' ')}</code>`}</li>
  <li>${keys.length === 0 ? 'No keys.' : html`${count(keys.length, 'key')}: ${keys.map(keyPart)}`}</li>
</ul>
<h3>Off or observing (${weak.length})</h3>
${weak.length === 0 ? html`<p>Nothing: every protection is in force.</p>` : html`<ul class="list">${weak.map(protectionItem)}</ul>`}
<details><summary>In force (${protections.length - weak.length})</summary>
<p>${protections
    .filter(({ state }) => state === 'enforce')
    .map((each) => each.name)
    .join(', ')}</p></details>`
}

function protectionItem({ name, state, reason }: ShownProtection): Html {
  return html`<li><p><span class="mark ${state}">${state}</span> <strong>${name}</strong> ${reason === undefined ? 'tells what it would stop, and stops nothing' : toVisible(reason)}</p></li>`
}

function keyPart({ id, state, created }: ShownKey): Html {
  return html`<span><code>${id}</code> ${state}${created === undefined ? '' : html` since ${time(created)}`}</span> `
}
