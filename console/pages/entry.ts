import { type Html, html } from 'bulwark'
import type { Entry } from '../entry.ts'
import { toIso } from './layout.ts'

/** One event. Its parts have names (`data-of`), by which the script fills in those that come later. */
export function entryItem(entry: Entry, base: string): Html {
  const { n, outcome, guard, reason, fix, incident, method = '', path, ip, user, error } = entry
  const iso = toIso(entry.at)
  return html`
  <li class="${outcome}" data-n="${n}">
    <p class="what"><span class="mark" data-of="outcome">${outcome}</span> <strong data-of="guard">${guard}</strong> <span data-of="reason">${reason}</span></p>
    <p class="parts">
      <time datetime="${iso}" data-of="when">${iso.slice(0, 19).replace('T', ' ')}</time>
      <code data-of="call" ?hidden=${path === undefined}>${path === undefined ? '' : `${method} ${path}`}</code>
      <a href="${base}/live?client=${ip ?? ''}" data-of="ip" ?hidden=${ip === undefined}>${ip ?? ''}</a>
      <span data-of="user" ?hidden=${user === undefined}>${user === undefined ? '' : `user ${user}`}</span>
      <span data-of="error" ?hidden=${error === undefined}>${error === undefined ? '' : `threw ${error}`}</span>
      <a class="mono" href="${base}/live?incident=${incident ?? ''}" data-of="incident" ?hidden=${incident === undefined}>${incident ?? ''}</a>
    </p>
    <p class="hint" data-of="fix" ?hidden=${fix === undefined}>${fix ?? ''}</p>
  </li>`
}

/** What the script makes a row of. */
export function entryShape(base: string): Html {
  const empty: Entry = { n: 0, at: 0, outcome: 'reported', guard: '', risk: '', reason: '' }
  return html`<template id="shape">${entryItem(empty, base)}</template>`
}
