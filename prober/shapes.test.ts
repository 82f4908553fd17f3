import { expect, test } from 'vitest'
import type { Route } from '../library/core/probe.ts'
import { parseConfig } from './config.ts'
import { page, reach, serve } from './lab.ts'
import { Shapes, toFields } from './shapes.ts'

const nested = { booking: { room: 'blue', seats: 2, guests: [{ name: 'Kim', vip: true }] } }
const route: Route = {
  method: 'POST',
  path: '/bookings',
  body: { type: 'json', fields: toFields(nested), nested },
}

test('what lies inside of a document has a field of its own', () => {
  expect(toFields(nested)).toEqual({
    'booking.room': 'blue',
    'booking.seats': '2',
    'booking.guests.0.name': 'Kim',
    'booking.guests.0.vip': 'true',
  })
})

test('a document is sent as it was told, with what an attack has changed in its place', () => {
  const shapes = new Shapes([route])
  const sent = (json: unknown): unknown => shapes.shaped({ method: 'POST', path: '/bookings?a=b', json }).json
  const fields = route.body?.fields ?? {}
  expect(sent(fields)).toEqual(nested)
  expect(sent({ ...fields, 'booking.room': { $ne: '' }, 'booking.guests.0.name': `' or 1` })).toEqual({
    booking: { room: { $ne: '' }, seats: 2, guests: [{ name: `' or 1`, vip: true }] },
  })
  const { 'booking.room': _, ...fewer } = fields
  expect(sent(fewer)).toEqual({ booking: { seats: 2, guests: [{ name: 'Kim', vip: true }] } })
  // What the document does not know goes beside the rest, and inside of what it is all about.
  expect(sent({ ...fields, role: 'admin' })).toEqual({ booking: { ...nested.booking, role: 'admin' }, role: 'admin' })
  expect(Object.getPrototypeOf(sent({ ...fields, ['__proto__']: 1 }))).toBe(Object.prototype)
  expect(JSON.stringify(sent(JSON.parse(`{"__proto__":{"a":1}}`)))).toContain('"__proto__":{"a":1}')
  // Other documents and other places are what they are.
  expect(sent([1])).toEqual([1])
  expect(sent('text')).toBe('text')
  expect(shapes.shaped({ method: 'PUT', path: '/bookings', json: fields }).json).toBe(fields)
  expect(shapes.shaped({ method: 'POST', path: '/other', json: fields }).json).toBe(fields)
})

test('a form with files is sent with them, whatever a probe sends in it', async () => {
  const victim = await serve((_seen, res) => page(res, 'fine'))
  const files = { picture: { name: 'a.png', type: 'image/png', content: '\x89PNG' } }
  const form: Route = { method: 'POST', path: '/up', body: { type: 'form', fields: { title: 'Sea' }, files } }
  const { target, run } = await reach(victim.origin)
  run.shapes.add(form)
  await target.send({ method: 'POST', path: '/up', form: { title: 'See' } })
  await target.send({ method: 'POST', path: '/up', form: { title: 'raw' }, headers: { 'content-type': 'text/plain' } })
  await target.send({ method: 'POST', path: '/down', form: { title: 'See' } })
  const [first, second, third] = victim.seen
  expect(first?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
  expect(first?.body).toContain('name="title"\r\n\r\nSee\r\n')
  expect(first?.body).toContain('name="picture"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n')
  expect([second?.body, third?.body]).toEqual(['title=raw', 'title=See'])
})

test('a configuration tells documents and the limits of a run', () => {
  const body = { type: 'json', fields: nested }
  const config = parseConfig(
    JSON.stringify({ budget: { seconds: 300, requests: 900 }, routes: [{ method: 'POST', path: '/bookings', body }] }),
  )
  expect(config.budget).toEqual({ ms: 300_000, requests: 900 })
  expect(config.routes?.[0]?.body).toEqual({ ...route.body })
  const plain = { type: 'json', fields: { a: 'b' } }
  expect(parseConfig(JSON.stringify({ routes: [{ path: '/', body: plain }] })).routes?.[0]?.body).toEqual(plain)
  expect(parseConfig('{ "budget": { "seconds": 0.5 } }').budget).toEqual({ ms: 500 })
  for (const [wrong, at] of [
    ['{ "budget": { "seconds": 0 } }', 'budget.seconds'],
    ['{ "budget": { "requests": 1.5 } }', 'budget.requests'],
    ['{ "budget": { "ms": 1 } }', 'budget.ms'],
    ['{ "routes": [{ "path": "/", "body": { "type": "form", "fields": { "a": { "b": "c" } } } }] }', 'fields.a'],
    ['{ "routes": [{ "path": "/", "body": { "type": "json", "fields": [] } }] }', 'body.fields'],
  ] as const) {
    expect(() => parseConfig(wrong), wrong).toThrow(at)
  }
})
