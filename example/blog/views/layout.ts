import { type Html, html } from 'bulwark'
import type { Member } from '../../shared/people.ts'

/** A whole page around its content. */
export function layout(reader: Member | undefined, title: string, content: Html): Html {
  return html`<!doctype html>
<html lang="en" data-theme="${reader?.theme ?? 'device'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · The Long Way Home</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
<script src="/assets/blog.js" defer></script>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
  <a class="brand" href="/">The Long Way Home</a>
  <form class="find" action="/search" role="search">
    <label class="hidden" for="find">Search the blog</label>
    <input id="find" type="search" name="q" placeholder="Search">
    <button>Search</button>
  </form>
  <nav aria-label="Account">${reader ? signedInLinks(reader) : signedOutLinks()}</nav>
</header>
<p class="live" role="status" hidden></p>
<main id="content">
${content}
</main>
<footer class="bottom">
  <p>A small blog with people and posts, also <a href="/statistics">in numbers</a>. Mails end up in the <a href="/outbox">outbox</a>.</p>
</footer>
</body>
</html>
`
}

/** What a page says when there is nothing else to show: an error, or good news. */
export function noticePage(reader: Member | undefined, title: string, text: string): Html {
  return layout(reader, title, html`<h1>${title}</h1>\n<p>${text}</p>\n<p><a href="/">To the newest posts</a></p>`)
}

export function leavingPage(reader: Member | undefined, url: URL): Html {
  return layout(
    reader,
    'Leaving the blog',
    html`
<h1>You are leaving the blog</h1>
<p>The link goes to <strong>${url.host}</strong>, which is not ours. Follow it if you know the place.</p>
<p><a class="button" href="${url.href}" rel="nofollow noreferrer ugc">Go to ${url.host}</a></p>`,
  )
}

function signedInLinks(reader: Member): Html {
  return html`
    <a href="/write">Write</a>
    ${reader.role === 'admin' ? html`<a href="/admin">Admin</a>` : ''}
    <a href="/profile" title="Signed in as ${reader.email}">${reader.displayName}</a>
    <form action="/sign-out" method="post"><button class="quiet">Sign out</button></form>`
}

function signedOutLinks(): Html {
  return html`
    <a href="/sign-in">Sign in</a>
    <a href="/register">Register</a>`
}
