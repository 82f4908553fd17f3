/** A value that an option cannot have keeps an app from starting, and the error says which, where and what to write instead. */
import { describe, expect, test } from 'vitest'
import { openAudit } from '../library/audit/index.ts'
import type { Contract } from '../library/core/contract.ts'
import { BulwarkError } from '../library/core/errors.ts'
import { openKeyFile } from '../library/keys/open.ts'
import { knownContract } from '../library/known.ts'
import { createCalls } from '../library/protections/callers/index.ts'
import { safeFetch } from '../library/protections/ssrf/index.ts'
import { checkContract } from '../library/runtime/declared.ts'
import { compilePolicy, definePolicy, POLICY_KINDS, type Policy } from '../library/runtime/policy.ts'
import { Runtime } from '../library/runtime/runtime.ts'
import type { Kind } from '../library/toolbox/value-kinds.ts'

const NOBODY = () => undefined

/** What has to stand beside an option for it to be looked at, by the object that both are in. */
const BESIDE: Readonly<Record<string, object>> = {
  accessControl: { roles: { guest: ['post:read'] } },
  'accessTokens.issuers[0]': { issuer: 'https://id.example', audience: 'app', keys: 'https://id.example/keys' },
  callers: { self: 'blog' },
  'callers.known.any': { keys: 'https://blog.example/keys', may: ['post:read'] },
  'callers.targets.any': { url: 'https://mail.example' },
  cors: { allow: ['https://shop.example'] },
  'overload.atOnce': { atOnce: 5 },
  'sessions.takeOver': { secrets: ['3kOq0v7uVbY2xJcW9nRfT5sLdZ8hGmPa'], read: NOBODY, remove: NOBODY },
  'webhooks.senders.any': { secrets: `whsec_${Buffer.alloc(32, 'a%3').toString('base64')}` },
  'secure().overload': { atOnce: 5 },
  'secure().limit': { rate: '5/min' },
  'secure().files.any': { size: '1mb', types: ['image/png'] },
  'secure().cors': { allow: ['https://shop.example'] },
}

/** What each option gets once; what its kind allows may still be refused by its owner, with a good error. */
const VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['NaN', Number.NaN],
  ['-1', -1],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['an empty text', ''],
  ['a text', 'x y'],
  ['an object', {}],
  ['a list', []],
  ['a list of nothing', [null]],
  ['a list of undefined', [undefined]],
  ['a list of an empty text', ['']],
  ['a list of objects', [{}]],
  ['a function', NOBODY],
  ['true', true],
  ['a symbol', Symbol('x')],
  ['a bigint', 7n],
  ["off('')", { off: '' }],
]

/** Nobody could mean these, so no option takes them, but for the few that say so. */
const NONSENSE: ReadonlySet<string> = new Set([
  'null',
  'NaN',
  '-1',
  'Infinity',
  'an empty text',
  'a list of an empty text',
  'a list of nothing',
  'a list of undefined',
  'a symbol',
  'a bigint',
  "off('')",
])

const TAKES_ALL_THE_SAME: ReadonlySet<string> = new Set([
  // Personal words are cut into pieces, and of an empty one nothing is left.
  'passwords.words: a list of an empty text',
  // Of tokens that say no type.
  'accessTokens.issuers[0].types: a list of an empty text',
  // For keys that are not locked.
  'accessTokens.issuers[0].tls.passphrase: an empty text',
  'callers.known.any.tls.passphrase: an empty text',
  'callers.targets.any.tls.passphrase: an empty text',
])

/** Texts of which only a browser, or the app, knows what they mean. */
const FREE_TEXT: ReadonlySet<string> = new Set([
  'accessTokens.issuers[0].issuer',
  'accessTokens.issuers[0].audience',
  'accessTokens.issuers[0].tls.passphrase',
  'callers.known.any.tls.passphrase',
  'callers.targets.any.tls.passphrase',
  'headers.cacheControl',
  'secure().responseHeaders.cacheControl',
])

interface Place {
  /** As in `cookies.readable`, or `secure().limit.rate`. */
  readonly path: string
  readonly kind: Kind
  readonly build: (value: unknown) => unknown
}

function* placesIn(kind: Kind, path: string, build: Place['build']): Generator<Place> {
  if (path !== '' && path !== 'secure()') yield { path, kind, build }
  for (const [key, inner] of Object.entries(kind.keys ?? {})) {
    const beside = BESIDE[path]
    yield* placesIn(inner, path === '' ? key : `${path}.${key}`, (value) => build({ ...beside, [key]: value }))
  }
  if (kind.each) yield* placesIn(kind.each, `${path}.any`, (value) => build({ any: value }))
  if (kind.list?.keys) yield* placesIn(kind.list, `${path}[0]`, (value) => build([value]))
}

function allows(kind: Kind, value: unknown): boolean {
  if (typeof value === 'string')
    return kind.text === true || (kind.text !== undefined && Object.hasOwn(kind.text, value))
  if (typeof value === 'number') return kind.number === true
  if (typeof value === 'boolean') return kind.flag === true || (kind.yes === true && value)
  if (typeof value === 'function') return kind.function === true
  if (Array.isArray(value))
    return kind.list !== undefined && value.every((item) => item !== undefined && kind.list && allows(kind.list, item))
  if (typeof value !== 'object' || value === null) return false
  return kind.any === true || kind.keys !== undefined || kind.each !== undefined
}

/** What is wrong with how `start` takes the value, if anything. */
function blame(place: Place, label: string, value: unknown, start: (built: unknown) => unknown): string | undefined {
  const where = `${place.path}: ${label}`
  try {
    start(place.build(value))
  } catch (error) {
    if (!(error instanceof BulwarkError)) return `${where} ends in ${String(error)}`
    if (error.at === undefined || error.fix === '')
      return `${where} is refused without a place or a fix: ${error.message}`
    const first = place.path.split(/[.[]/)[place.path.startsWith('secure()') ? 1 : 0] ?? ''
    if (where === 'runtimeVersion.refuse: true' && error.code === 'BULWARK_RUNTIME_VULNERABLE') return undefined
    return error.at.includes(first) || /^POST +\/law/.test(error.at) ? undefined : `${where} is blamed on ${error.at}`
  }
  if (NONSENSE.has(label) && !TAKES_ALL_THE_SAME.has(where)) return `${where} is taken`
  if (TAKES_ALL_THE_SAME.has(where)) return undefined
  if (label === 'a text' && allows(place.kind, value) && !FREE_TEXT.has(place.path)) return `${where} is taken`
  return allows(place.kind, value) ? undefined : `${where} is taken`
}

const QUIET = { onEvent: NOBODY } as const
const KEYS = Buffer.from('kqz7Vb1xTn84LwYc0RfGh2JdMsPeUa95', 'latin1').toString('base64')
const startPolicy = (policy: unknown): unknown => compilePolicy({ ...QUIET, keys: KEYS, ...(policy as Policy) })

describe('a policy', () => {
  const places = [...placesIn(POLICY_KINDS, '', (value) => value)]

  test.each(Object.keys(POLICY_KINDS.keys ?? {}))('takes for %s only what it may be', (key) => {
    const own = places.filter(({ path }) => path.split(/[.[]/)[0] === key)
    expect(own).not.toEqual([])
    const wrong = own.flatMap((place) => VALUES.map(([label, value]) => blame(place, label, value, startPolicy)))
    expect(wrong.filter((one) => one !== undefined)).toEqual([])
  })

  test('takes what is undefined for left out, at every place', () => {
    const wrong: string[] = []
    for (const { path, build } of places.filter(
      ({ path }) =>
        !/[\].](?:any|keys|url|issuer|audience|may|atOnce|secrets|read|remove)$/.test(path) && !path.endsWith(']'),
    )) {
      try {
        startPolicy(build(undefined))
      } catch (error) {
        wrong.push(`${path}: ${String(error)}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('is looked at where it is written', () => {
    expect(() => definePolicy({ mode: 'obseve' } as never)).toThrow(
      /policy\.mode cannot be "obseve".*\n.*did you mean 'observe'\?/s,
    )
  })

  test('that turns something off with false is told how', () => {
    expect(() => definePolicy({ csrf: false } as never)).toThrow(/off\('why'\) turns it off/)
  })
})

describe('the contract of a route', () => {
  const runtime = new Runtime({ ...QUIET, accessControl: { roles: { guest: ['post:read'] } } })
  const start = (contract: unknown): void => {
    runtime.checkRoutes([
      { method: 'POST', path: '/law', at: 'law.ts:1', contract: checkContract(contract as Contract) },
    ])
  }
  const places = [
    ...placesIn({ keys: knownContract }, 'secure()', (value) => ({ allow: 'anyone', ...(value as object) })),
  ]

  test.each(Object.keys(knownContract))('takes for %s only what it may be', (key) => {
    const own = places.filter(({ path }) => path.split(/[.[]/)[1] === key)
    const wrong = own.flatMap((place) => VALUES.map(([label, value]) => blame(place, label, value, start)))
    expect(wrong.filter((one) => one !== undefined)).toEqual([])
  })

  test('names the line that wrote it', () => {
    expect(() => checkContract({ csrf: false } as never)).toThrow(
      expect.objectContaining({
        at: expect.stringMatching(/^secure\(\)\.csrf \(laws\/wrong-values\.test\.ts:\d+/),
      }) as Error,
    )
  })
})

describe('the options of what is not in a policy', () => {
  const starts: Readonly<Record<string, readonly [string, (options: never) => unknown, readonly string[]]>> = {
    openAudit: ['openAudit()', openAudit, ['folder', 'keys', 'app', 'events', 'perMinute', 'onTrouble', 'now']],
    createCalls: ['createCalls()', createCalls, ['self', 'keys', 'targets', 'now']],
    openKeyFile: ['openKeyFile()', openKeyFile, ['file', 'provider', 'reload', 'onProblem', 'now']],
    safeFetch: [
      'safeFetch()',
      (options) => safeFetch('http://app.example/', options),
      ['method', 'headers', 'body', 'allow', 'schemes', 'ports', 'redirects', 'timeout', 'maxBytes', 'lookup'],
    ],
  }
  const places = Object.entries(starts).flatMap(([name, [at, start, keys]]) =>
    keys.map((key) => ({ name, at, start, key })),
  )

  test.each(places)('$name refuses what $key cannot be', async ({ at, start, key }) => {
    for (const value of [null, Symbol('x'), 7n]) {
      await expect((async () => start({ [key]: value } as never))()).rejects.toThrow(
        expect.objectContaining({ code: 'BULWARK_POLICY_INVALID', at: `${at}.${key}` }) as Error,
      )
    }
  })

  test('a text is no list of ports, and an object no keys', async () => {
    await expect(safeFetch('http://app.example/', { ports: '8443' } as never)).rejects.toThrow(/a list of numbers/)
    expect(() => createCalls({ self: 'app', keys: {}, targets: {} } as never)).toThrow(/this is no ring of keys/)
  })
})

describe('the law itself', () => {
  const [place] = placesIn({ keys: { size: { number: true } } }, '', (value) => value)
  const start = (at: string, fix: string) => () => {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'this is no size', { at, fix })
  }

  test.each<[string, unknown, () => unknown, RegExp | undefined]>([
    ['null', null, () => undefined, /size: null is taken/],
    ['true', true, () => undefined, /size: true is taken/],
    ['NaN', Number.NaN, start('policy.app', 'write 5'), /is blamed on policy\.app/],
    ['NaN', Number.NaN, start('policy.size', ''), /without a place or a fix/],
    ['NaN', Number.NaN, () => (undefined as unknown as string).trim(), /ends in TypeError/],
    ['NaN', Number.NaN, start('policy.size', 'write 5'), undefined],
  ])('finds a planted breach: %s', (label, value, start, told) => {
    const found = blame(place!, label, value, start)
    if (told === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(told)
  })
})
