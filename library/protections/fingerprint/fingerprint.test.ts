import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { fingerprint } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

const PAGE = 'fingerprint/default-error-page'

prove('fingerprint', {
  victim,
  probes,
  rules,
  stoppedByFramework: {
    'node:http': { [PAGE]: 'node:http has no error page of its own' },
    'Hono 4': { [PAGE]: 'its page says "404 Not Found", as many do, and neither the path nor its name' },
  },
  alsoStoppedBy: { [PAGE]: 'the runtime answers unknown paths and malformed requests itself' },
})

const loud = { 'x-powered-by': 'PHP/5.3', server: 'Apache/2.2', 'x-generator': 'Drupal 7', 'x-runtime': '0.1' }

test('headers that name software are removed, and others stay', () => {
  const x = exchange({ response: { headers: { ...loud, 'content-type': 'text/html' } } })
  fingerprint({}, setup()).onResponse!(x)
  expect([...x.sent.keys()]).toEqual(['x-runtime', 'content-type'])
})

test('further headers are removed where the policy names them', () => {
  const x = exchange({ response: { headers: loud } })
  fingerprint({ alsoRemove: ['X-Runtime'] }, setup()).onResponse!(x)
  expect([...x.sent.keys()]).toEqual([])
})

test('observe leaves the headers and reports them once', () => {
  const guard = fingerprint({ mode: 'observe' }, setup())
  const exchanges = [1, 2].map(() => exchange({ response: { headers: loud } }))
  for (const x of exchanges) guard.onResponse!(x)
  expect(exchanges.map(({ sent }) => sent.size)).toEqual([4, 4])
  expect(exchanges.flatMap(({ events }) => events.map(({ reason }) => reason))).toEqual([
    'the header X-Powered-By names the software that answers',
  ])
})

for (const name of [
  '',
  'X Runtime',
  'X-Runtime\r\n',
  'Content-Type',
  'set-cookie',
  'Location',
  'Access-Control-Allow-Origin',
]) {
  test(`"${name.trim()}" is refused at start-up as a header to remove`, () => {
    expect(() => fingerprint({ alsoRemove: [name] }, setup())).toThrow(/BULWARK_HEADER_INVALID[\s\S]*alsoRemove\[0\]/)
  })
}

const sources: readonly [string, string, readonly number[]][] = [
  ['a plain Express app', `import express from 'express'\nconst app = express()`, [2]],
  ['an Express app that says so on purpose', `app.enable('x-powered-by')\napp.set('x-powered-by', true)`, [1, 2]],
  [
    'an Express app that switches it off',
    `import express from 'express'\nconst app = express()\napp.disable('x-powered-by')`,
    [],
  ],
  [
    'an Express app with false',
    `import express from 'express'\nconst app = express()\napp.set('x-powered-by', false)`,
    [],
  ],
  [
    'an Express app with helmet',
    `import express from 'express'\nimport helmet from 'helmet'\nexpress().use(helmet())`,
    [],
  ],
  [
    'an Express app with Bulwark',
    `import express from 'express'\nimport { bulwark } from 'bulwark/express'\nexpress().use(bulwark())`,
    [],
  ],
  ['a map and a header', `map.set('server', address)\nres.setHeader('server', 'acme/1')`, [2]],
  ['a header that names nothing', `res.set('X-Powered-By', '')\nres.set('X-Server-Region', 'eu')`, []],
]
for (const [what, text, lines] of sources) {
  test(`the rule reads ${what}`, () => {
    const { findings } = scanText('app.js', text, rules)
    expect(findings.map(({ place }) => ('line' in place ? place.line : 0))).toEqual(lines)
  })
}
