import { type Html, html } from 'bulwark'
import type { Problems } from '../../shared/fields.ts'
import type { Member, Person } from '../../shared/people.ts'
import type { Comment, Post, PostPage } from '../../shared/posts.ts'
import { packDraft } from '../drafts.ts'
import { type FormReader, mayModerate } from '../readers.ts'
import { layout } from './layout.ts'
import { authorBox, day, field, paragraphs } from './parts.ts'

export function homePage(reader: Member | undefined, { posts, page, pages }: PostPage, visitors: number): Html {
  return layout(
    reader,
    page === 1 ? 'Newest posts' : `Posts, page ${page}`,
    html`
<h1 class="hidden">Newest posts</h1>
${posts.map(postSummary)}
<nav class="pager" aria-label="Pages">
  ${page > 1 ? html`<a rel="prev" href="/?page=${page - 1}">Newer</a>` : ''}
  <span>Page ${page} of ${pages}</span>
  ${page < pages ? html`<a rel="next" href="/?page=${page + 1}">Older</a>` : ''}
</nav>
<p class="hint">${visitors === 1 ? 'One visitor' : `${visitors} visitors`} since the last start.</p>`,
  )
}

export function searchPage(
  reader: Member | undefined,
  query: string,
  posts: readonly Post[],
  people: readonly Person[],
): Html {
  const found = posts.length === 1 ? '1 post' : `${posts.length} posts`
  return layout(
    reader,
    'Search',
    html`
<h1>Search</h1>
<p>${query ? html`${found} found for “${query}”.` : 'Type a word into the field above.'}
${query && reader ? html`<a href="/search/keep?q=${encodeURIComponent(query)}">Keep this search</a>` : ''}</p>
${people.length > 0 ? html`<p>Among people: ${people.map(({ displayName }) => displayName).join(', ')}.</p>` : ''}
${posts.map(postSummary)}`,
  )
}

export function postPage(
  reader: Member | undefined,
  post: Post,
  comments: readonly Comment[],
  draft = '',
  problems: Problems = {},
): Html {
  return layout(
    reader,
    post.title,
    html`
<article class="post">
  <h1>${post.title}</h1>
  <p class="by">${post.authorName}, ${day(post.created)}
  ${reader?.id === post.author ? html` · <a href="/posts/${post.id}/edit">Edit</a>` : ''}</p>
  ${paragraphs(post.body)}
</article>
${authorBox(post.authorName, post.authorWebsite, post.authorBio)}
<section aria-labelledby="comments">
  <h2 id="comments">${comments.length === 1 ? '1 comment' : `${comments.length} comments`}</h2>
  ${comments.map((comment) => commentOf(comment, reader && mayModerate(reader, comment, post)))}
  ${
    reader
      ? html`
  <form class="card" action="/posts/${post.id}/comments" method="post">
    ${field('body', 'Your comment', draft, problems, { rows: 4 })}
    <button>Comment</button>
  </form>
  <p>Or <a href="/write?draft=${packDraft(answerTo(post))}">answer with a post of your own</a>.</p>`
      : html`<p><a href="/sign-in?next=/posts/${post.id}">Sign in</a> to comment.</p>`
  }
</section>`,
  )
}

export function writePage(reader: FormReader, draft: Draft, problems: Problems = {}): Html {
  const isNew = draft.id === undefined
  return layout(
    reader,
    isNew ? 'Write' : 'Edit',
    html`
<h1>${isNew ? 'Write a post' : 'Edit your post'}</h1>
<p class="hint">Mind the <a href="/files/house-rules.txt">house rules</a>, or <a href="/download?file=house-rules.txt">keep them</a>.${isNew ? html` Written elsewhere? <a href="/import">Bring it along</a>.` : ''}</p>
<form class="card" action="${isNew ? '/posts' : `/posts/${draft.id}`}" method="post">
  ${isNew ? '' : reader.token}
  ${field('title', 'Title', draft.title, problems)}
  ${field('body', 'Text', draft.body, problems, { rows: 14, hint: 'An empty line begins a new paragraph.' })}
  <button>${isNew ? 'Publish' : 'Save'}</button>
</form>
${
  isNew
    ? ''
    : html`
<form class="danger" action="/posts/${draft.id}/delete" method="post" data-confirm="Delete this post for good?">
  ${reader.token}
  <button class="quiet">Delete this post</button>
</form>`
}`,
  )
}

export interface Draft {
  /** Missing for a new post. */
  readonly id?: number
  readonly title: string
  readonly body: string
}

/** How a post in answer to another one may begin. */
function answerTo({ title, authorName }: Post): Draft {
  return { title: `On “${title}”`, body: `In answer to ${authorName}: ` }
}

function postSummary(post: Post): Html {
  const opening = post.body.split(/\r?\n\s*\r?\n/)[0]
  return html`
<article class="summary">
  <h2><a href="/posts/${post.id}">${post.title}</a></h2>
  <p class="by">${post.authorName}, ${day(post.created)} · ${post.comments === 1 ? '1 comment' : `${post.comments} comments`}</p>
  <p>${opening}</p>
</article>`
}

function commentOf(comment: Comment, mayDelete = false): Html {
  return html`
  <article class="comment">
    <p class="by">${comment.authorName}, ${day(comment.created)}</p>
    ${paragraphs(comment.body)}
    ${
      mayDelete
        ? html`
    <form class="danger" action="/comments/${comment.id}/delete" method="post" data-confirm="Delete this comment for good?">
      <button class="quiet">Delete this comment</button>
    </form>`
        : ''
    }
  </article>`
}
