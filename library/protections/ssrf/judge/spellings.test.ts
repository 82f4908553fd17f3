import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isNamedBy, namesIn } from './hosts.ts'
import { Spellings } from './spellings.ts'

const WORDS =
  '127 0 1 27 . . localhost redis b.example .example a.b.example x http:// HTTP: // \\ / @ : ? # % %31 %2e %ef%bc%91 １ ① 。 [ ] ::1 ::ffff:7f00:1 0x7f 0177 2130706433 ｒｅｄｉｓ é \u0301 𝟏 ſ " < ) - _ ! user:pw@ :// 0.0.1 08'
const sign = fc.constantFrom(
  ...WORDS.split(' '),
  ' ',
  '\t',
  '\n',
  '\u00ad',
  '\u200b',
  '\ufeff',
  '%c2%ad',
  '%f0%9d%9f%8f',
)
const machine = fc.constantFrom<readonly [string, string]>(
  ['127.0.0.1', '127.0.0.1'],
  ['localhost', '127.0.0.1'],
  ['redis', '10.0.0.7'],
  ['a.b.example', '10.0.0.7'],
  ['::1', '::1'],
)
const prose = fc.constantFrom('', '', 'z '.repeat(1030), 'q://x '.repeat(40))

test('no text that names a machine is ruled out', () => {
  let named = 0
  const some = fc.array(sign, { maxLength: 4 }).map((all) => all.join(''))
  fc.assert(
    fc.property(
      machine,
      prose,
      fc.oneof(fc.constantFrom('', 'http://', '\\\\', 'a@'), some),
      fc.boolean(),
      some,
      ([host, address], before, left, isNear, right) => {
        const text = `${before}${left}${isNear ? host : ''}${right}`
        const isNamed = [...namesIn(text)].some((each) => each?.host === host)
        if (isNamed) named++
        if (isNamed) expect(new Spellings(host, address).mayBeIn(text)).toBe(true)
      },
    ),
    { numRuns: 4000 },
  )
  expect(named).toBeGreaterThan(100)
})

test('what only looks like a machine is not read as a URL', () => {
  const spelled = new Spellings('127.0.0.1', '127.0.0.1')
  for (const text of ['1/a', '1 a', 'x127.0.0.1', '127.0.0.1.x', '127.0.0.10', '1.2.3', '%31', '[::2]', '127.0.0.1.1'])
    expect.soft(spelled.mayBeIn(text), text).toBe(false)
  const redis = new Spellings('redis', '10.0.0.7')
  for (const text of ['xredis', 'redis1/a', 'redis.x', 'a redis, b', '110.0.0.7'])
    expect.soft(redis.mayBeIn(text), text).toBe(false)
})

test('whoever names the app itself without end is stopped', () => {
  const links = Array.from({ length: 20_000 }, (_, i) => `http://localhost:${i}/`)
  expect(isNamedBy(links, 'localhost', '127.0.0.1', () => true)).toBe(true)
  expect(isNamedBy(links.slice(0, 1000), 'localhost', '127.0.0.1', () => true)).toBe(false)
})

test.each([
  '0x7f.1',
  '0177.0.0.1',
  '2130706433',
  '27.0.0.1',
  '[::ffff:7f00:1]',
  '127.0.0.1.',
  `${'a '.repeat(2000)}q://b ${'a '.repeat(200)}r://127.0.0.1`,
])('%j is a spelling of 127.0.0.1', (text) => expect(new Spellings('127.0.0.1', '127.0.0.1').mayBeIn(text)).toBe(true))

test('an address of IPv6 is found in brackets', () => {
  expect(new Spellings('::1', '::1').mayBeIn('http://[0:0:0:0:0:0:0:1]/')).toBe(true)
  expect(new Spellings('redis', '::1').mayBeIn('http://[::1]/')).toBe(true)
})
