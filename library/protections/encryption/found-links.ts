import type { Route, Target } from '../../core/probe.ts'

/** A link of the app with a query, and its parameters exactly as they were written. */
export interface FoundLink {
  readonly path: string
  readonly parameters: readonly { readonly name: string; readonly value: string }[]
  readonly signedIn: boolean
}

const MOST_PAGES = 8
const MOST_LINKS = 24

/** The links that pages of the app show, and routes whose sample request has a query. */
export async function linksOf(target: Target): Promise<readonly FoundLink[]> {
  const found = new Map<string, FoundLink>()
  const add = (link: string, signedIn: boolean): void => {
    const parsed = parseLink(link, target.origin, signedIn)
    if (parsed !== undefined && found.size < MOST_LINKS && !found.has(shapeOf(parsed)))
      found.set(shapeOf(parsed), parsed)
  }
  const pages = target.routes.filter(({ method, html }) => method === 'GET' && html === true).slice(0, MOST_PAGES)
  for (const { path, signedIn = false } of pages) {
    const { text } = await target.send({ path, signedIn })
    for (const [, link = ''] of text.matchAll(/\s(?:href|src|action)\s*=\s*["']([^"'<>\s]+\?[^"'<>\s]+)["']/gi)) {
      add(link.replaceAll('&amp;', '&').replaceAll('&#x3D;', '=').replaceAll('&#38;', '&'), signedIn)
    }
  }
  for (const route of target.routes) {
    const sample = sampleOf(route)
    if (sample !== undefined) add(sample, route.signedIn === true)
  }
  return [...found.values()]
}

/** The target of the request with some parameters exchanged. */
export function withParameters(link: FoundLink, change: (name: string, value: string) => string): string {
  return `${link.path}?${link.parameters.map(({ name, value }) => `${name}=${change(name, value)}`).join('&')}`
}

function sampleOf({ method, path, query }: Route): string | undefined {
  if (method !== 'GET' || query === undefined) return undefined
  return `${path}?${new URLSearchParams(query)}`
}

function parseLink(link: string, origin: string, signedIn: boolean): FoundLink | undefined {
  const own = link.startsWith(`${origin}/`) ? link.slice(origin.length) : link
  if (!/^\/(?!\/)/.test(own)) return undefined
  const [target = ''] = own.split('#')
  const question = target.indexOf('?')
  const parameters = target
    .slice(question + 1)
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return equals === -1 ? { name: pair, value: '' } : { name: pair.slice(0, equals), value: pair.slice(equals + 1) }
    })
  return { path: target.slice(0, question), parameters, signedIn }
}

/** Links that differ only in their values are one link. */
function shapeOf({ path, parameters }: FoundLink): string {
  return `${path.replace(/\d+/g, '0')}?${parameters.map(({ name }) => name).join('&')}`
}
