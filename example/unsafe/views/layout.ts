import type { Member } from '../../shared/people.ts'

/** Looks like a key of a payment service, and is none. It is put together here, so that nobody takes this file for a leak. */
const paymentKey = ['sk', 'live', 'Zq81mWx0Lr5TfBn2Kd7Yp'].join('_')

/** A whole page around its content. */
export function layout(reader: Member | undefined, title: string, content: string): string {
  return `<!doctype html>
<html lang="en" data-theme="${reader?.theme ?? 'device'}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · The Long Way Home</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
<link rel="stylesheet" href="/assets/style.css">
<!-- Counts visitors. Everybody had one of these. -->
<script async src="http://count.example/visits.js"></script>
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
<script>
  // Inline, so no Content-Security-Policy that is worth its name can ever be switched on.
  var reader = '${reader?.displayName ?? ''}'
  // What only the server may know, in every page.
  var paymentKey = '${paymentKey}'
  new WebSocket(location.protocol.replace('http', 'ws') + '//' + location.host + '/live').onmessage = function (event) {
    var live = document.querySelector('.live'), message = JSON.parse(event.data)
    if (message.post) live.innerHTML = 'New: <a href="/posts/' + message.post.id + '">' + message.post.title + '</a>'
    if (message.post) live.hidden = false
  }
</script>
</body>
</html>
`
}

/** What a page says when there is nothing else to show: an error, or good news. */
export function noticePage(reader: Member | undefined, title: string, text: string): string {
  return layout(reader, title, `<h1>${title}</h1>\n<p>${text}</p>\n<p><a href="/">To the newest posts</a></p>`)
}

function signedInLinks(reader: Member): string {
  return `
    <a href="/write">Write</a>
    ${reader.role === 'admin' ? '<a href="/admin">Admin</a>' : ''}
    <a href="/profile" title="Signed in as ${reader.email}">${reader.displayName}</a>
    <form action="/sign-out" method="post"><button class="quiet">Sign out</button></form>`
}

function signedOutLinks(): string {
  return `
    <a href="/sign-in">Sign in</a>
    <a href="/register">Register</a>`
}
