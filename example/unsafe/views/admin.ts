import type { Member, Role } from '../../shared/people.ts'
import type { Comment } from '../../shared/posts.ts'
import { layout } from './layout.ts'
import { day } from './parts.ts'

export function adminPage(reader: Member | undefined, people: readonly Member[], comments: readonly Comment[]): string {
  return layout(
    reader,
    'People',
    `
<h1>People</h1>
<ul class="list">${people.map((person) => personItem(person, person.id === reader?.id)).join('')}</ul>
<h2>Newest comments</h2>
${comments.length === 0 ? `<p>There are none.</p>` : ''}
<ul class="list">${comments.map(commentItem).join('')}</ul>`,
  )
}

function personItem(person: Member, isOwn: boolean): string {
  const { id, email, displayName, role, created } = person
  return `
  <li class="row">
    <p><strong>${displayName}</strong> <span class="hint">${email}, here since ${day(created)}</span></p>
    ${
      isOwn
        ? `<p class="hint">This is you, ${role}.</p>`
        : `
    <div class="actions">
      <form action="/admin/people/${id}/role" method="post">
        <label class="hidden" for="role-${id}">Role of ${displayName}</label>
        <select id="role-${id}" name="role">${ROLES.map(
          (each) => `<option value="${each}" ${each === role ? 'selected' : ''}>${each}</option>`,
        ).join('')}</select>
        <button class="quiet">Change<span class="hidden"> the role of ${displayName}</span></button>
      </form>
      <form action="/admin/people/${id}/sign-out" method="post">
        <button class="quiet">Sign out<span class="hidden"> ${displayName} everywhere</span></button>
      </form>
      <form class="danger" action="/admin/people/${id}/delete" method="post">
        <button class="quiet">Close<span class="hidden"> the account of ${displayName}</span></button>
      </form>
    </div>`
    }
  </li>`
}

function commentItem({ id, post, authorName, body, created }: Comment): string {
  return `
  <li class="row">
    <p>${body.slice(0, 200)} <span class="hint">${authorName}, ${day(created)}, <a href="/posts/${post}">on this post</a></span></p>
    <form class="danger" action="/comments/${id}/delete" method="post">
      <button class="quiet">Delete<span class="hidden"> the comment of ${authorName}</span></button>
    </form>
  </li>`
}

const ROLES: readonly Role[] = ['author', 'admin']
