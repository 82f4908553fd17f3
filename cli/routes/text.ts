import { clean, count, type Page, paint } from '../reporters/text.ts'
import type { LoadedApp, LoadedRoute } from './load.ts'
import { accessOf, EVERYBODY, routesIn } from './snapshot.ts'

/** The route-by-role matrix of one app; as a list where it would not fit the page. */
export function toRoutesText(app: LoadedApp, page: Page): string {
  const routes = routesIn(app)
  const open = routes.filter(({ allow }) => allow === undefined)
  const head = paint(`${clean(app.name)}: ${count(routes.length, 'route')}`, 'bold', page)
  const body = app.roles.length === 0 ? toPlain(routes) : (toMatrix(app, routes, page) ?? toList(app, routes))
  return [head, '', ...body, '', ...notes(app, open)].join('\n')
}

function notes({ roles, routes }: LoadedApp, open: readonly LoadedRoute[]): string[] {
  if (routes === undefined)
    return ['Its routes cannot be known: export the app, or look at what a server of node:http does itself.', '']
  if (roles.length === 0) return ['The policy names no roles, so everybody may call every route.', '']
  if (open.length === 0) return []
  return [
    `${count(open.length, 'route')} without allow: nobody may call them, and the app does not start. Declare each with secure({ allow }).`,
    '',
  ]
}

function toPlain(routes: readonly LoadedRoute[]): string[] {
  const width = Math.max(...routes.map(({ path }) => path.length), 0)
  return routes.map(({ method, path, at }) =>
    `${method.padEnd(6)} ${clean(path).padEnd(width)}  ${clean(at ?? '')}`.trimEnd(),
  )
}

function toMatrix(app: LoadedApp, routes: readonly LoadedRoute[], page: Page): string[] | undefined {
  const rows = routes.map((route) => {
    const { allow, who } = accessOf(app, route)
    const cells = app.roles.map((role) => who.get(EVERYBODY) ?? who.get(role) ?? '-')
    return [route.method, clean(route.path), allow === 'UNDECLARED' ? clean(route.at ?? allow) : allow, ...cells]
  })
  const table = [['', '', '', ...app.roles], ...rows]
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
    const from = allow === 'UNDECLARED' ? `UNDECLARED  ${clean(route.at ?? '')}` : `${allow}: ${roles || 'nobody'}`
    return [`${route.method} ${clean(route.path)}`, `       ${from}`.trimEnd()]
  })
}
