import { expect, test } from 'vitest'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { type Dialect, grammarOf } from './dialect.ts'
import { judge } from './judge.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const layers: Readonly<Record<string, (text: string) => string>> = {
  url: encodeURIComponent,
  base64,
  json: (text) => JSON.stringify({ a: [text] }),
  jwt: (text) => `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ sub: text })).toString('base64url')}.x`,
}
const DEEPEST = 4
/** All ways to put one layer around another, up to four of them. */
const nestings: string[][] = [[]]
for (let i = 0; (nestings[i] as string[]).length < DEEPEST; i++) {
  for (const name of Object.keys(layers)) nestings.push([...(nestings[i] as string[]), name])
}

/** Injections that their databases run. */
const attacks: readonly [Dialect, string, (text: string) => string][] = [
  ['postgres', "x' OR '1'='1", (text) => `SELECT id FROM users WHERE name = '${text}'`],
  ['mysql', '7 UNION SELECT password FROM users', (text) => `SELECT name FROM posts WHERE id = ${text}`],
]
const carriers: Readonly<Record<string, (text: string) => ClientTexts>> = {
  'a query': (text) => sent(`/?q=${encodeURIComponent(text)}`, '', ''),
  'a form': (text) => sent('/', 'application/x-www-form-urlencoded', `a=1&b=${encodeURIComponent(text)}`),
  JSON: (text) => sent('/', 'application/json', JSON.stringify({ a: [{ b: text }] })),
}

function sent(target: string, type: string, body: string): ClientTexts {
  const bytes = Buffer.from(body)
  return new ClientTexts({
    target,
    rawHeaders: type === '' ? [] : ['content-type', type],
    bodyForSinks: [bytes],
    bodyBytes: bytes.length,
    client: '203.0.113.7',
    header: (name) => (name === 'content-type' && type !== '' ? type : undefined),
  })
}

test.each(Object.entries(carriers))('in %s no nesting up to four deep hides an injection', (_, carrier) => {
  const hidden: string[] = []
  for (const nesting of nestings) {
    for (const [dialect, text, write] of attacks) {
      const packed = nesting.reduce((inner, name) => layers[name]?.(inner) ?? inner, text)
      if (judge(write(text), carrier(packed).texts(), grammarOf(dialect)) !== 'injection')
        hidden.push(nesting.join(' '))
    }
  }
  expect(nestings).toHaveLength(1 + 4 + 16 + 64 + 256)
  expect(hidden).toEqual([])
})
