import type { Answer, Ask, Route, Target } from '../../core/probe.ts'

/** One value of one route that may be made into something. */
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
    if (route.method === 'UPGRADE' || route.signIn === true) continue
    for (const [field, value] of Object.entries(route.query ?? {})) {
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, { ...route.query, [field]: next }, route.body?.fields))
      places.push({ route, field, value, send })
    }
    if (route.method === 'GET' || route.body === undefined) continue
    const { fields } = route.body
    for (const [field, value] of Object.entries(fields)) {
      const send = (next: string): Promise<Answer> =>
        target.send(askOf(target, route, route.query, { ...fields, [field]: next }))
      places.push({ route, field, value, send })
    }
  }
  return places.filter(({ value }) => value.length > 3)
}

type Values = Readonly<Record<string, string>> | undefined

function askOf(target: Target, route: Route, query: Values, fields: Values): Ask {
  const { method, body, path } = route
  const ask: Ask = {
    method,
    path: query && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: route.signedIn === true,
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  if (body?.type === 'json') return { ...ask, json: fields }
  if (body?.type === 'form') return { ...ask, form: fields }
  const text = Object.values(fields).join('\n')
  const type = /^\s*</.test(text) ? 'text/xml' : 'text/plain'
  return { ...ask, body: text, headers: { ...ask.headers, 'content-type': type } }
}
