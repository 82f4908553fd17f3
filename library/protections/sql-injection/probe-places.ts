import type { Answer, Ask, Outcome, Route, Target } from '../../core/probe.ts'
import { isFormToken } from '../../toolbox/form-token.ts'

const REMEDY =
  'Pass values as parameters or write the query with sql`...`, and guard the database with guardDatabase().'
const PLACES = 12

/** One value of one route that may end in a query. */
export interface Place {
  readonly route: Route
  readonly field: string
  /** The honest value. */
  readonly value: string
  send(value: string): Promise<Answer>
}

export function placesOf(target: Target): Place[] {
  const places: Place[] = []
  for (const route of target.routes) {
    if (route.method === 'UPGRADE') continue
    for (const [field, value] of Object.entries(route.query ?? {})) {
      places.push({
        route,
        field,
        value,
        send: (next) => target.send(askOf(target, route, { ...route.query, [field]: next }, route.body?.fields)),
      })
    }
    if (route.method === 'GET') {
      const last = route.path.lastIndexOf('/')
      const segment = route.path.slice(last + 1)
      if (/^\d+$/.test(segment)) {
        const send = (value: string): Promise<Answer> =>
          target.send({
            path: route.path.slice(0, last + 1) + encodeURIComponent(value),
            signedIn: route.signedIn === true,
          })
        places.push({ route, field: 'the last part of the path', value: segment, send })
      }
      continue
    }
    if (route.body === undefined || route.body.type === 'text') continue
    for (const [field, value] of Object.entries(route.body.fields)) {
      if (/^(_?csrf|token)$/i.test(field) || isFormToken(field, value)) continue
      const fields = route.body.fields
      for (const [literal, inner] of literalsIn(value)) {
        const send = (next: string): Promise<Answer> => {
          const [before, after] = [value.slice(0, inner), value.slice(inner + literal.length)]
          return target.send(
            askOf(target, route, route.query, { ...fields, [field]: `${before}${JSON.stringify(next)}${after}` }),
          )
        }
        places.push({ route, field: `a value in ${field}`, value: JSON.parse(literal) as string, send })
      }
      places.push({
        route,
        field,
        value,
        send: (next) => target.send(askOf(target, route, route.query, { ...fields, [field]: next })),
      })
    }
  }
  return places.slice(0, PLACES)
}

/** The texts in a query of GraphQL, each with its place. */
function literalsIn(value: string): [literal: string, at: number][] {
  if (!/^\s*(query|mutation|\{)[\s\S]*\{[\s\S]*\}\s*$/.test(value)) return []
  return [...value.matchAll(/"[^"\\\n]{0,200}"/g)].slice(0, 3).map((match) => [match[0], match.index])
}

type Values = Readonly<Record<string, string>> | undefined

function askOf(target: Target, route: Route, query: Values, fields: Values): Ask {
  const { method, body, path, signIn } = route
  const ask: Ask = {
    method,
    path: query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: route.signedIn === true,
    // A sign-in that lets nobody try often would seem to hold.
    ...(signIn === true && { from: freshAddress() }),
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  return body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields }
}

/** An address that nothing has been counted for yet. */
function freshAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${80 + Math.floor(Math.random() * 20)}.${part()}.${part()}`
}

export function found(place: Place, message: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: place.route.method, path: place.route.path, message, remedy: REMEDY }
}

export function isAnswered({ status }: Answer): boolean {
  return status >= 200 && status < 400
}
