import { readFileSync } from 'node:fs'
import v8 from 'node:v8'
import type { VictimApp } from '../../core/victim.ts'

/** A tea room that takes back what it once handed out, in every form that data can have and should not. */
export function victim(app: VictimApp): void {
  app.post(
    '/guest',
    (req, res) => {
      const guest = unserialize(String(req.body.guest)) as { name?: unknown }
      res.json({ welcome: `${guest.name}` })
    },
    { body: { type: 'json', fields: { guest: '{"name":"Ada","table":4}' } } },
  )
  app.get(
    '/again',
    (req, res) => {
      const guest = unserialize(Buffer.from(req.query.guest ?? '', 'base64').toString()) as { name?: unknown }
      res.send(`<p>Back again, ${escaped(guest.name)}?</p>`)
    },
    { query: { guest: Buffer.from('{"name":"Ada","table":4}').toString('base64') }, html: true },
  )
  app.post(
    '/menu',
    (req, res) => {
      const menu = load(String(req.body.menu))
      res.send(`<h1>${escaped(menu.title)}</h1>`)
    },
    { body: { type: 'form', fields: { menu: 'title: Teas of the week\nsize: small' } } },
  )
  app.get(
    '/cart',
    (req, res) => {
      const cart = v8.deserialize(Buffer.from(req.query.cart ?? '', 'base64')) as { tea?: unknown } // spots: deserialization/tainted-revival
      res.send(`<p>In your cart: ${escaped(cart.tea)}</p>`)
    },
    { query: { cart: v8.serialize({ tea: 'Assam' }).toString('base64') }, html: true },
  )
  app.post(
    '/order',
    (req, res) => {
      res.json({ ordered: textOf(String(req.body.order)) })
    },
    { body: { type: 'json', fields: { order: '<order><tea>Assam</tea></order>' } } },
  )
}

const FUNCTION = '_$$ND_FUNC$$_'

/** JSON in which some texts are functions: what the older packages for it do. */
function unserialize(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'string' && value.startsWith(FUNCTION) ? toFunction(value.slice(FUNCTION.length)) : value,
  )
}

/** As much of YAML as a menu needs, functions included, as its most popular parser had it until version 4. */
function load(text: string): Record<string, unknown> {
  const lines = text.split('\n').map((line) => /^(\w+):\s*(?:!!js\/function\s+'(.*)'|(.*))$/.exec(line.trim()))
  return Object.fromEntries(
    lines.flatMap((found) => (found ? [[found[1], found[2] ? { toString: toFunction(found[2]) } : found[3]]] : [])),
  )
}

function toFunction(code: string): unknown {
  // biome-ignore lint/security/noGlobalEval: this is how it is done, and why it is wrong
  return eval(`(${code})`)
}

/** The text of a document, with the entities that it declares put in, files included: what libxml does when it is told to. */
function textOf(xml: string): string {
  const entities = new Map<string, string>()
  for (const [, name = '', file, value = ''] of xml.matchAll(
    /<!ENTITY\s+(\w+)\s+(?:SYSTEM\s+"([^"]*)"|"([^"]*)")\s*>/g,
  )) {
    entities.set(name, file === undefined ? value : contentOf(file))
  }
  const root = xml.slice(Math.max(0, xml.search(/<[a-z]/)))
  return expand(root, entities, 0).replace(/<[^>]*>/g, '')
}

function expand(text: string, entities: ReadonlyMap<string, string>, depth: number): string {
  if (depth > 5) return text
  return text.replace(/&(\w+);/g, (whole, name: string) => {
    const value = entities.get(name)
    return value === undefined ? whole : expand(value, entities, depth + 1)
  })
}

function contentOf(address: string): string {
  try {
    return readFileSync(new URL(address), 'utf8')
  } catch {
    return ''
  }
}

function escaped(value: unknown): string {
  return `${value}`.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
