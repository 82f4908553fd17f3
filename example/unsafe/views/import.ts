import type { Problems } from '../../shared/fields.ts'
import type { Member } from '../../shared/people.ts'
import { layout } from './layout.ts'
import { decorativeToken, field } from './parts.ts'

export function importPage(reader: Member, entry: string, problems: Problems = {}): string {
  return layout(
    reader,
    'Bring a post along',
    `
<h1>Bring a post along</h1>
<p class="hint">What you wrote elsewhere comes into the form for new posts. Nothing is published before you say so.</p>
<form class="card" action="/import" method="post">
  ${decorativeToken}
  ${field('entry', 'The post', entry, problems, { rows: 10, hint: 'An entry of a feed (Atom), or JSON with a title and a body.' })}
  <button>Bring it along</button>
</form>`,
  )
}
