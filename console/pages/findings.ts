import { type Html, html } from 'bulwark'
import { type FindingsFile, SEVERITIES, type ShownFinding } from '../findings.ts'
import { count, layout, type Place, time } from './layout.ts'

export function findingsPage(place: Place, files: readonly FindingsFile[]): Html {
  return layout(
    place,
    'findings',
    'Findings',
    html`
<h1>Findings</h1>
<p class="lead">What <code>bulwark scan</code> and <code>bulwark probe</code> have found, the worst first.</p>
${
  files.length === 0
    ? html`<p>The console was given no files. Let a build write <code>bulwark scan --json</code> and <code>bulwark probe --json</code> into files, and name them.</p>`
    : ''
}
${files.map(filePart)}`,
  )
}

function filePart(file: FindingsFile): Html {
  if ('problem' in file) return html`<h2>${file.name}</h2>\n<p class="bad">${file.problem}</p>`
  const { name, tool, at, target, findings, more, counts } = file
  const words = SEVERITIES.filter((each) => counts[each] > 0).map((each) => `${counts[each]} ${each}`)
  return html`
<h2>${name}</h2>
<p class="hint">${tool}${target === undefined ? '' : ` on ${target}`}, written ${time(at)}</p>
<p>${words.length === 0 ? html`<span class="good">Nothing was found.</span>` : words.join(', ')}</p>
<ol class="list">${findings.map(findingItem)}</ol>
${more > 0 ? html`<p class="hint">And ${count(more, 'more finding')} in the file.</p>` : ''}`
}

function findingItem({ severity, risk, foundBy, message, remedy, place, proof, isCall }: ShownFinding): Html {
  return html`
  <li>
    <p class="what"><span class="mark ${severity}">${severity}</span> <strong>${risk}</strong> ${message}</p>
    <p class="parts"><code>${place}</code> <span>${foundBy}</span></p>
    ${remedy === '' ? '' : html`<p>${remedy}</p>`}
    ${proof === undefined ? '' : html`<details><summary>${isCall ? 'See it again' : 'The line'}</summary><pre tabindex="0">${proof}</pre></details>`}
  </li>`
}
