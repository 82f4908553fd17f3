import type { Member } from '../../shared/people.ts'
import type { Likeness, Numbers } from '../../shared/statistics.ts'
import { layout } from './layout.ts'

export function statisticsPage(
  reader: Member | undefined,
  { posts, comments, people }: Numbers,
  alike: readonly Likeness[],
): string {
  return layout(
    reader,
    'In numbers',
    `
<h1>The blog in numbers</h1>
<p>${posts} posts and ${comments} comments by ${people} people.</p>
<h2>Posts that are alike</h2>
${alike.length === 0 ? `<p>There is nothing to compare yet.</p>` : `<ol class="list">${alike.map(pair).join('')}</ol>`}`,
  )
}

function pair({ one, other, share }: Likeness): string {
  return `
  <li class="row">
    <p><a href="/posts/${one.id}">${one.title}</a> and <a href="/posts/${other.id}">${other.title}</a></p>
    <span>${Math.round(share * 100)}% alike</span>
  </li>`
}
