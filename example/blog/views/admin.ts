import { type Html, html } from 'bulwark'
import type { Member, Role } from '../../shared/people.ts'
import type { Comment } from '../../shared/posts.ts'
import { layout } from './layout.ts'
import { day } from './parts.ts'

export function adminPage(
  reader: Member,
  search: string,
  people: readonly Member[],
  comments: readonly Comment[],
): Html {
  return layout(
    reader,
    'People',
    html`
<h1>People</h1>
<p><a href="/admin/bulwark">What Bulwark sees</a></p>
<form class="find" action="/admin">
  <label class="hidden" for="find-people">Name or address</label>
  <input id="find-people" type="search" name="find" value="${search}" placeholder="Name or address">
  <button>Find</button>
</form>
<ul class="list">${people.map((person) => personItem(person, person.id === reader.id))}</ul>
<h2>Newest comments</h2>
${comments.length === 0 ? html`<p>There are none.</p>` : ''}
<ul class="list">${comments.map(commentItem)}</ul>`,
  )
}

function personItem(person: Member, isOwn: boolean): Html {
  const { id, email, displayName, role, created } = person
  return html`
  <li class="row">
    <p><strong>${displayName}</strong> <span class="hint">${email}, here since ${day(created)}</span></p>
    ${
      isOwn
        ? html`<p class="hint you">This is you, ${role}.</p>`
        : html`
    <div class="actions">
      <form action="/admin/people/${id}/role" method="post">
        <label class="hidden" for="role-${id}">Role of ${displayName}</label>
        <select id="role-${id}" name="role">${ROLES.map(
          (each) => html`<option value="${each}" ?selected=${each === role}>${each}</option>`,
        )}</select>
        <button class="quiet">Change<span class="hidden"> the role of ${displayName}</span></button>
      </form>
      <form action="/admin/people/${id}/sign-out" method="post">
        <button class="quiet">Sign out<span class="hidden"> ${displayName} everywhere</span></button>
      </form>
      <form class="danger" action="/admin/people/${id}/delete" method="post" data-confirm="Close the account of ${displayName} for good?">
        <button class="quiet">Close<span class="hidden"> the account of ${displayName}</span></button>
      </form>
    </div>`
    }
  </li>`
}

function commentItem({ id, post, authorName, body, created }: Comment): Html {
  return html`
  <li class="row">
    <p>${body.slice(0, 200)} <span class="hint">${authorName}, ${day(created)}, <a href="/posts/${post}">on this post</a></span></p>
    <form class="danger" action="/comments/${id}/delete" method="post" data-confirm="Delete this comment for good?">
      <button class="quiet">Delete<span class="hidden"> the comment of ${authorName}</span></button>
    </form>
  </li>`
}

const ROLES: readonly Role[] = ['author', 'admin']
