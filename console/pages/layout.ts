import { type Html, html } from 'bulwark'
import { assetPath } from '../assets/assets.ts'

/** What every page knows. */
export interface Place {
  /** Where the console is mounted. */
  readonly base: string
  readonly now: number
  /** When the console was opened. */
  readonly since: number
  /** Whether there is an audit trail to look into. */
  readonly hasAudit: boolean
}

export const PAGES = ['now', 'live', 'clients', 'routes', 'policy', 'audit', 'findings'] as const
export type PageName = (typeof PAGES)[number]

const TITLES: Readonly<Record<PageName, string>> = {
  now: 'Now',
  live: 'Live',
  clients: 'Clients',
  routes: 'Routes',
  policy: 'Policy',
  audit: 'Audit',
  findings: 'Findings',
}

export function layout(place: Place, name: PageName | undefined, title: string, content: Html): Html {
  const { base } = place
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Bulwark console</title>
<link rel="stylesheet" href="${assetPath(base, 'console.css')}">
${name === 'live' ? html`<script src="${assetPath(base, 'console.js')}" defer></script>` : ''}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
  <a class="brand" href="${base}">Bulwark</a>
  <nav aria-label="Console">${PAGES.map((page) => navLink(base, page, page === name))}</nav>
</header>
<main id="content">
${content}
</main>
<footer class="bottom">
  <p>Reads only: what shall change is changed in the app’s source. Times are UTC.</p>
</footer>
</body>
</html>
`
}

/** Said on every page that shows what one process has seen. */
export function processNote({ since, hasAudit }: Place): Html {
  const rest = hasAudit ? 'The audit trail shows all of them.' : 'Only an audit trail would show all of them.'
  return html`<p class="hint">Seen by this process (pid ${process.pid}) since ${time(since)}. Other processes of the app each show their own. ${rest}</p>`
}

export function time(at: number): Html {
  const iso = toIso(at)
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`
}

export function toIso(at: number): string {
  // What is no time for JavaScript would throw.
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : ''
}

export function count(many: number, word: string): string {
  return `${many} ${word}${many === 1 ? '' : 's'}`
}

function navLink(base: string, page: PageName, isHere: boolean): Html {
  const href = page === 'now' ? base : `${base}/${page}`
  return isHere
    ? html`<a href="${href}" aria-current="page">${TITLES[page]}</a>`
    : html`<a href="${href}">${TITLES[page]}</a>`
}
