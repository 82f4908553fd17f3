import { type Html, html, type ProtectedApp } from 'bulwark'
import { routesOf, type ShownRoute } from '../routes.ts'
import { toVisible } from '../visible.ts'
import { count, layout, type Place } from './layout.ts'

export function routesPage(place: Place, apps: readonly ProtectedApp[]): Html {
  return layout(
    place,
    'routes',
    'Routes',
    html`
<h1>Routes</h1>
<p class="lead">Who may call what, as the app declares it. <code>bulwark routes</code> writes the same down for reviews.</p>
${apps.length === 0 ? html`<p>No app in this process is protected by a policy.</p>` : ''}
${apps.map(appPart)}`,
  )
}

function appPart(app: ProtectedApp): Html {
  const routes = routesOf(app)
  return html`<h2>${toVisible(app.name)}</h2>${routes === undefined ? unknown() : 'failure' in routes ? html`<p class="bad">The routes cannot be told: ${routes.failure}</p>` : known(routes)}`
}

function unknown(): Html {
  return html`<p>The framework does not tell its routes to the process that runs them. <code>bulwark routes</code> finds them.</p>`
}

function known(routes: readonly ShownRoute[]): Html {
  const open = routes.filter(({ isUndeclared }) => isUndeclared).length
  return html`
<p>${count(routes.length, 'route')}${open > 0 ? html`, <strong class="bad">${open} undeclared: nobody may call them</strong>` : ''}.</p>
<ul class="list">${routes.map(routeItem)}</ul>`
}

function routeItem({ method, path, at, allow, isUndeclared, who, declares }: ShownRoute): Html {
  return html`
  <li class="${isUndeclared ? 'undeclared' : ''}">
    <p><code><strong>${method}</strong> ${path}</code></p>
    <p class="parts"><span>${isUndeclared ? html`<strong class="bad">undeclared</strong>` : (allow ?? 'no permission asked')}: ${who.join(', ')}</span>
      ${declares.map((each) => html`<span>${each}</span> `)} ${at === undefined ? '' : html`<span class="mono">${at}</span>`}</p>
  </li>`
}
