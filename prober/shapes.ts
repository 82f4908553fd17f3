import { randomUUID } from 'node:crypto'
import type { Ask, Route, RouteBody, RouteFile } from '../library/core/probe.ts'

type Fields = Readonly<Record<string, string>>

/** Values of JSON. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

/**
 * How routes want to be written to. Probes change one field of a list of names and values; what is sent is what the route's own clients
 * would send: a document with the field in its depth, or a form of several parts with the files that go along.
 */
export class Shapes {
  readonly #bodies = new Map<string, RouteBody>()

  constructor(routes: readonly Route[] = []) {
    for (const route of routes) this.add(route)
  }

  add({ method, path, body }: Route): void {
    if (body?.nested !== undefined || body?.files !== undefined) this.#bodies.set(`${method} ${path}`, body)
  }

  /** The request in the shape of its route. What a probe has written itself, byte for byte or with a type of its own, stays. */
  shaped(ask: Ask): Ask {
    const [path = ''] = ask.path.split('?', 1)
    const body = this.#bodies.get(`${ask.method ?? 'GET'} ${path}`)
    if (body === undefined || ask.body !== undefined || hasType(ask)) return ask
    if (ask.form !== undefined && body.files !== undefined) return inParts(ask, ask.form, body.files)
    if (body.nested === undefined || !isRecord(ask.json)) return ask
    return { ...ask, json: nestedWith(body.nested as Json, body.fields, ask.json) }
  }
}

/** A document as names and values: `{ a: { b: 1 } }` is `a.b`. */
export function toFields(document: unknown): Fields {
  const fields: Record<string, string> = {}
  const visit = (value: unknown, name: string): void => {
    if (typeof value !== 'object' || value === null) fields[name] = value === null ? '' : `${value}`
    else for (const [key, inner] of Object.entries(value)) visit(inner, name === '' ? key : `${name}.${key}`)
  }
  visit(document, '')
  return fields
}

function nestedWith(document: Json, fields: Fields, sent: Readonly<Record<string, unknown>>): unknown {
  const build = (value: Json, name: string): unknown => {
    if (Array.isArray(value)) return value.map((inner, index) => build(inner, `${name}.${index}`)).filter(isThere)
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(([key, inner]) => [
        key,
        build(inner, name === '' ? key : `${name}.${key}`),
      ])
      return Object.fromEntries(entries.filter(([, inner]) => isThere(inner)))
    }
    // What no probe has touched keeps its type.
    return sent[name] === fields[name] && Object.hasOwn(sent, name) ? value : sent[name]
  }
  const built = build(document, '') as Record<string, unknown>
  const more = Object.entries(sent).filter(([name]) => !Object.hasOwn(fields, name))
  if (more.length === 0) return built
  const [[about, inner] = ['', undefined], second] = Object.entries(built)
  const isWrapped = second === undefined && isRecord(inner)
  return withAll(isWrapped ? { [about]: withAll(inner, more) } : built, more)
}

/** As `JSON.parse` would: `__proto__` is a name like any other. */
function withAll(
  record: Readonly<Record<string, unknown>>,
  more: readonly [string, unknown][],
): Record<string, unknown> {
  return Object.fromEntries([...Object.entries(record), ...more])
}

function isThere(value: unknown): boolean {
  return value !== undefined
}

function inParts({ form: _, ...ask }: Ask, fields: Fields, files: Readonly<Record<string, RouteFile>>): Ask {
  const boundary = `----${randomUUID()}`
  const quoted = (name: string): string => name.replace(/["\r\n]/g, (mark) => encodeURIComponent(mark))
  const part = (head: string, content: Uint8Array): Uint8Array[] => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`),
    content,
    Buffer.from('\r\n'),
  ]
  const parts = [
    ...Object.entries(fields).flatMap(([name, value]) => part(`name="${quoted(name)}"`, Buffer.from(value))),
    ...Object.entries(files).flatMap(([name, { name: file, type, content }]) =>
      part(
        `name="${quoted(name)}"; filename="${quoted(file)}"\r\nContent-Type: ${type}`,
        Buffer.from(content, 'latin1'),
      ),
    ),
  ]
  const type = { 'content-type': `multipart/form-data; boundary=${boundary}` }
  return {
    ...ask,
    headers: { ...ask.headers, ...type },
    body: Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]),
  }
}

function hasType({ headers = {} }: Ask): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
