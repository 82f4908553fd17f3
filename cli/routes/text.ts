import { clean, count, type Page, paint } from '../reporters/text.ts'
import type { LoadedApp, LoadedRoute } from './load.ts'
import { accessOf, EVERYBODY, routesIn } from './snapshot.ts'

/** The route-by-role matrix of one app; as a list where it would not fit the page. */
export function toRoutesText(app: LoadedApp, page: Page): string {
  const routes = routesIn(app)
  const open = routes.filter(({ allow }) => allow === undefined)
  const head = paint(`${clean(app.name)}: ${count(routes.length, 'route')}`, 'bold', page)
  const body = app.roles.length === 0 ? toPlain(app, routes) : (toMatrix(app, routes, page) ?? toList(app, routes))
  return [head, '', ...body, '', ...notes(app, open)].join('\n')
}

function notes({ roles, routes }: LoadedApp, open: readonly LoadedRoute[]): string[] {
  if (routes === undefined)
    return ['Its routes cannot be known: export the app, or look at what a server of node:http does itself.', '']
  if (roles.length === 0) {
    const rest = routes.some(isForOthers) ? 'every route that names nobody else' : 'every route'
    return [`The policy names no roles, so everybody may call ${rest}.`, '']
  }
  if (open.length === 0) return []
  return [
    `${count(open.length, 'route')} without allow: nobody may call them, and the app does not start. Declare each with secure({ allow }).`,
    '',
  ]
}

function toPlain(app: LoadedApp, routes: readonly LoadedRoute[]): string[] {
  const width = Math.max(...routes.map(({ path }) => path.length), 0)
  return routes.map((route) => {
    const { method, path, at, caller } = route
    const others = `${caller === undefined ? '' : `${caller}: `}${othersIn(app, route)}`
    return `${method.padEnd(6)} ${clean(path).padEnd(width)}  ${clean(isForOthers(route) ? others : (at ?? ''))}`.trimEnd()
  })
}

/** Whether somebody else than people may call the route. */
function isForOthers({ caller, webhook, token }: LoadedRoute): boolean {
  return (caller ?? webhook ?? token) !== undefined
}

/** The programs, senders and bearers that may call the route; `-` where people may. */
function othersIn(app: LoadedApp, route: LoadedRoute): string {
  if (!isForOthers(route)) return '-'
  const { who } = accessOf(app, { ...route, allow: 'anyone' })
  return [...who].map(([name, word]) => (word === 'yes' ? name : `${name} [${word}]`)).join(', ') || 'nobody'
}

function toMatrix(app: LoadedApp, routes: readonly LoadedRoute[], page: Page): string[] | undefined {
  const hasOthers = routes.some(isForOthers)
  const rows = routes.map((route) => {
    const { allow } = accessOf(app, route)
    // What people need stands under their roles; who they need to come through stands in a column of its own.
    const { caller: _, webhook: __, token: ___, ...plain } = route
    const { who } = accessOf(app, plain)
    const isAlone = isForOthers(route) && route.allow === 'anyone'
    const cells = app.roles.map((role) => (isAlone ? '-' : (who.get(EVERYBODY) ?? who.get(role) ?? '-')))
    const isOpen = route.allow === undefined
    const others = hasOthers ? [othersIn(app, route)] : []
    return [route.method, clean(route.path), isOpen ? clean(route.at ?? allow) : allow, ...cells, ...others]
  })
  const table = [['', '', '', ...app.roles, ...(hasOthers ? ['programs'] : [])], ...rows]
  const widths = (table[0] as string[]).map((_, i) => Math.max(...table.map((row) => (row[i] as string).length)))
  if (widths.reduce((sum, width) => sum + width + 2, -2) > page.width) return undefined
  return table.map((row, y) => {
    const isOpen = y > 0 && routes[y - 1]?.allow === undefined
    const line = row
      .map((cell, i) => cell.padEnd(widths[i] as number))
      .join('  ')
      .trimEnd()
    return isOpen ? paint(line, 'red', page) : line
  })
}

function toList(app: LoadedApp, routes: readonly LoadedRoute[]): string[] {
  return routes.flatMap((route) => {
    const { allow, who } = accessOf(app, route)
    const roles = [...who].map(([role, word]) => (word === 'yes' ? role : `${role} [${word}]`)).join(', ')
    const from = route.allow === undefined ? `${allow}  ${clean(route.at ?? '')}` : `${allow}: ${roles || 'nobody'}`
    return [`${route.method} ${clean(route.path)}`, `       ${from}`.trimEnd()]
  })
}
