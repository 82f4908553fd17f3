import type { Problems } from '../../shared/fields.ts'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { authorBox, decorativeToken, field } from './parts.ts'

export function profilePage(
  reader: Member,
  { searches, others }: { readonly searches: readonly string[]; readonly others: readonly string[] },
  problems: Problems = {},
  saved = false,
): string {
  return layout(
    reader,
    'Your profile',
    `
<h1>Your profile</h1>
${saved ? `<p class="good" role="status">Saved.</p>` : ''}
<form class="card" action="/profile" method="post">
  ${decorativeToken}
  ${field('displayName', 'Display name', reader.displayName, problems, { autocomplete: 'name' })}
  ${field('website', 'Website', reader.website, problems, { type: 'url', autocomplete: 'url', hint: 'Begins with https:// or http://' })}
  ${field('bio', 'About you', reader.bio, problems, { rows: 4, hint: 'Shown under your posts.' })}
  <p class="field">
    <label for="theme">Colours</label>
    <select id="theme" name="theme">
      ${themes.map(([value, label]) => `<option value="${value}" ${value === reader.theme ? 'selected' : ''}>${label}</option>`).join('')}
    </select>
  </p>
  <button>Save</button>
</form>
${authorBox(reader.displayName, reader.website, reader.bio)}
${others.length === 0 ? '' : `<p class="hint">Also at this website: ${others.join(', ')}.</p>`}
<p class="hint">You sign in as ${reader.email}. See <a href="/security">how you sign in</a> and
<a href="/sessions">where you are signed in</a>, or <a href="/profile/data?person=${reader.id}">take your data with you</a>.</p>
${
  searches.length === 0
    ? ''
    : `
<h2>Searches you keep</h2>
<ul>${searches.map((words) => `<li><a href="/search?q=${words}">${words}</a></li>`).join('')}</ul>`
}`,
  )
}

const themes = [
  ['device', 'Like my device'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const
