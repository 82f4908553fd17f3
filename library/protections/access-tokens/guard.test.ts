import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { BulwarkError } from '../../core/errors.ts'
import type { Guard } from '../../core/guard.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { accessTokens } from './guard.ts'
import type { Issuer } from './issuing/issuers.ts'

const NOW = 1_800_000_000_000
const S = NOW / 1000
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const SECRET = 'b0uD9qTz4xWm7KfLr2Vn8sYc1HjPe6Ga'

const jwk = (key: KeyObject, more: object): object => ({ ...key.export({ format: 'jwk' }), ...more })
const keys = {
  keys: [jwk(rsa.publicKey, { kid: 'r', alg: 'RS256', use: 'sig' }), jwk(ed.publicKey, { kid: 'e' })],
}
const issuer: Issuer = { issuer: 'https://id.example', audience: ['https://api.example'], keys }
const good = { iss: issuer.issuer, aud: 'https://api.example', sub: 'ann', iat: S - 10, exp: S + 60 }

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (header: object, payload: object, key: KeyObject = ed.privateKey): string => {
  const text = `${part({ alg: 'EdDSA', kid: 'e', ...header })}.${part(payload)}`
  return `${text}.${sign(key.asymmetricKeyType === 'rsa' ? 'sha256' : null, Buffer.from(text), key).toString('base64url')}`
}
const hs = (secret: string | Buffer, payload: object, alg = 'HS256'): string => {
  const text = `${part({ alg })}.${part(payload)}`
  return `${text}.${createHmac(alg === 'HS256' ? 'sha256' : 'sha512', secret)
    .update(text)
    .digest('base64url')}`
}

function guardFor(...issuers: Issuer[]): Guard {
  return accessTokens({ issuers }, setup({ now: () => NOW }))
}

async function ask(guard: Guard, header: string | undefined, contract?: object, deferred = false): Promise<string> {
  const x = exchange({ headers: { authorization: header }, contract, deferred })
  const verdict = (await guard.onRequest?.(x)) ?? (await guard.onRoute?.(Object.assign(x, { decided: true })))
  if (verdict !== undefined) return 'risk' in verdict ? `${verdict.status} ${verdict.risk}: ${verdict.reason}` : 'reply'
  return `passes as ${(guard.offers?.['token']?.(x) as { sub?: string } | undefined)?.sub ?? 'nobody'}`
}

const guard = guardFor(issuer)
const pem = rsa.publicKey.export({ type: 'spki', format: 'pem' })
const { aud: _, ...noAud } = good
const { exp: __, ...noExp } = good

const cases: readonly (readonly [string, string, RegExp])[] = [
  ['a good token', token({}, good), /^passes as ann/],
  ['one of another algorithm of the list', token({ alg: 'RS256', kid: 'r' }, good, rsa.privateKey), /^passes as ann/],
  ['one without a key id', token({ kid: undefined }, good), /^passes as ann/],
  ['one for several audiences', token({}, { ...good, aud: ['x', 'https://api.example'] }), /^passes as ann/],
  ['one that expired within the tolerance', token({}, { ...good, exp: S - 4 }), /^passes as ann/],
  ['an access token by name', token({ typ: 'application/at+JWT' }, good), /^passes as ann/],
  ['one of another key', token({}, good, other.privateKey), /^401 forged-token/],
  ['one that brings its key along', token({ jwk: jwk(other.publicKey, {}) }, good, other.privateKey), /brings along$/],
  [
    'one that names where its key is',
    token({ jku: 'https://evil.example/k' }, good, other.privateKey),
    /brings along$/,
  ],
  ['one without a signature', `${part({ alg: 'none' })}.${part(good)}.`, /^401 forged-token.*algorithm/],
  ['one with its signature taken off', `${token({}, good).replace(/\.[^.]*$/, '')}.`, /^401 forged-token/],
  ['one signed with the public key', hs(String(pem), good), /^401 forged-token.*algorithm/],
  ['one of an empty secret', hs('', good), /^401 forged-token.*algorithm/],
  ['one with a made-up algorithm', token({ alg: 'toString' }, good), /^401 forged-token.*algorithm/],
  ['one that names the key of another algorithm', token({ kid: 'r' }, good), /^401 forged-token/],
  ['one with extensions that must be understood', token({ crit: ['x'], x: 1 }, good), /^401 forged-token/],
  ['one whose payload is not encoded', token({ b64: false }, good), /^401 forged-token/],
  ['one that names a key that is none', token({ kid: { a: 1 } }, good), /^401 forged-token/],
  ['one of another issuer', token({}, { ...good, iss: 'https://evil.example' }), /^401 foreign-token/],
  ['one of an issuer named like a method', token({}, { ...good, iss: '__proto__' }), /^401 foreign-token/],
  ['one for another audience', token({}, { ...good, aud: 'https://shop.example' }), /^401 foreign-token.*audience/],
  ['one for an audience that ours begins with', token({}, { ...good, aud: 'https://api' }), /^401 foreign-token/],
  ['one for no audience', token({}, noAud), /^401 foreign-token.*audience/],
  ['one for an audience that is an object', token({}, { ...good, aud: { 0: 'https://api.example' } }), /^401 foreign/],
  ['one of another type', token({ typ: 'logout+jwt' }, good), /^401 foreign-token.*type/],
  ['one that has expired', token({}, { ...good, exp: S - 6 }), /^401 expired-token/],
  ['one that never expires', token({}, noExp), /^401 expired-token.*never/],
  ['one that expires in words', token({}, { ...good, exp: 'tomorrow' }), /^401 expired-token/],
  ['one that expires at nothing', token({}, { ...good, exp: null }), /^401 expired-token/],
  ['one that is not good yet', token({}, { ...good, nbf: S + 60 }), /^401 expired-token/],
  ['one of the future', token({}, { ...good, iat: S + 60 }), /^401 expired-token/],
  ['one whose subject is an object', token({}, { ...good, sub: { $ne: 1 } }), /^401 forged-token/],
  ['three parts of nothing', 'a.b.c', /^401 forged-token/],
  ['text that no token is', 'sk_live_1234567890', /^passes as nobody/],
  ['five parts', 'a.b.c.d.e', /^passes as nobody/],
]

for (const [what, text, verdict] of cases) {
  test(`${what}: ${verdict.source}`, async () => {
    expect(await ask(guard, `Bearer ${text}`)).toMatch(verdict)
  })
}

test('the scheme is of any case, and other schemes are none of ours', async () => {
  expect(await ask(guard, `bEARER ${token({}, good)}`)).toBe('passes as ann')
  expect(await ask(guard, `Basic ${token({}, noAud)}`)).toBe('passes as nobody')
  expect(await ask(guard, undefined)).toBe('passes as nobody')
})

describe('a route for bearers of a token', () => {
  test('asks for one', async () => {
    expect(await ask(guard, undefined, { token: true })).toMatch(/^401 missing-token/)
    expect(await ask(guard, 'Bearer sk_live_12', { token: true })).toMatch(/^401 missing-token/)
    expect(await ask(guard, `Bearer ${token({}, good)}`, { token: true })).toBe('passes as ann')
  })

  test.each([
    [{ ...good, scope: 'posts:read posts:write' }, 'passes as ann'],
    [{ ...good, scp: ['posts:write'] }, 'passes as ann'],
    [{ ...good, scope: 'posts:writer' }, '403 missing-token: the token does not have the scope that the route demands'],
    [good, '403 missing-token: the token does not have the scope that the route demands'],
    [
      { ...good, scope: ['posts:write'], scp: 1 },
      '403 missing-token: the token does not have the scope that the route demands',
    ],
  ])('and for its scope: %j', async (payload, verdict) => {
    expect(await ask(guard, `Bearer ${token({}, payload)}`, { token: { scope: 'posts:write' } })).toBe(verdict)
  })

  test('keeps the app from starting where nobody issues tokens', () => {
    const routes = [{ method: 'GET', path: '/a', at: undefined, contract: { token: true } as const }]
    expect(() => accessTokens({}, setup()).onRoutes?.(routes)).toThrow(/BULWARK_POLICY_INVALID[\s\S]*GET \/a/)
    expect(() => guard.onRoutes?.([{ ...routes[0]!, contract: { token: { scope: '' } } }])).toThrow(/empty scope/)
  })
})

test('an exempt route gets tokens of others, every other route does not, and they count for nothing', async () => {
  const own = guardFor(issuer)
  const exempt = { token: off('the partner signs with keys of its own') }
  const header = `Bearer ${token({}, { ...good, iss: 'https://partner.example' }, other.privateKey)}`
  expect(await ask(own, header, exempt, true)).toBe('passes as nobody')
  expect(await ask(own, header, {}, true)).toMatch(/^401 foreign-token/)
  expect(await ask(own, header, {})).toMatch(/^401 foreign-token/)
})

describe('a shared secret', () => {
  const { keys: _keys, ...bare } = issuer
  test('verifies what it signed, the old one too, with its own algorithm alone', async () => {
    const own = guardFor({ ...bare, secret: [SECRET, `old-${SECRET}`] })
    expect(await ask(own, `Bearer ${hs(SECRET, good)}`)).toBe('passes as ann')
    expect(await ask(own, `Bearer ${hs(`old-${SECRET}`, good)}`)).toBe('passes as ann')
    expect(await ask(own, `Bearer ${hs('secret', good)}`)).toMatch(/^401 forged-token/)
    expect(await ask(own, `Bearer ${hs(SECRET, good, 'HS512')}`)).toMatch(/^401 forged-token.*algorithm/)
    expect(await ask(own, `Bearer ${token({}, good)}`)).toMatch(/^401 forged-token.*algorithm/)
  })

  test('that can be guessed keeps the app from starting', () => {
    expect(() => guardFor({ ...bare, secret: 'secret' })).toThrow(/BULWARK_KEYS_WEAK[\s\S]*issuers\[0\]\.secret/)
    const sample = 'your-super-secret-jwt-token-with-at-least-32-characters-long'
    expect(() => accessTokens({ issuers: [{ ...bare, secret: sample }] }, setup({ production: true }))).toThrow(
      /BULWARK_KEYS_WEAK/,
    )
    const facts = setup()
    accessTokens({ issuers: [{ ...bare, secret: sample }] }, facts)
    expect(facts.reports).toMatchObject([{ risk: 'guessable-token-secret' }])
    expect(() => guardFor({ ...bare, secret: SECRET, algorithms: ['HS512'] })).toThrow(/shorter than 64 bytes/)
  })
})

const wrong: readonly (readonly [string, Partial<Record<keyof Issuer, unknown>>, RegExp])[] = [
  ['no issuer', { issuer: '' }, /issuers\[0\]\.issuer/],
  ['no audience', { audience: [] }, /issuers\[0\]\.audience/],
  ['neither keys nor a secret', { keys: undefined }, /keys or by a secret/],
  ['both keys and a secret', { secret: SECRET }, /keys or by a secret/],
  ['a secret algorithm for keys', { algorithms: ['RS256', 'HS256'] }, /issuers\[0\]\.algorithms/],
  ['no signature', { algorithms: ['none'] }, /issuers\[0\]\.algorithms/],
  ['no algorithm', { algorithms: [] }, /issuers\[0\]\.algorithms/],
  ['keys over plain HTTP', { keys: 'http://id.example/keys' }, /issuers\[0\]\.keys/],
  ['keys behind a password in the address', { keys: 'https://a:b@id.example/keys' }, /issuers\[0\]\.keys/],
  ['keys from a file', { keys: 'file:///keys.json' }, /issuers\[0\]\.keys/],
  ['a set that is none', { keys: {} }, /issuers\[0\]\.keys/],
  ['an hour of tolerance', { tolerance: '1h' }, /issuers\[0\]\.tolerance/],
  ['a time that is none', { fresh: 'soon' }, /BULWARK_DURATION_INVALID[\s\S]*issuers\[0\]\.fresh/],
]

test.each(wrong)('%s is refused at start-up', (_what, part_, message) => {
  const changed = { ...issuer, ...part_ } as Issuer
  expect(() => guardFor(changed)).toThrow(BulwarkError)
  expect(() => guardFor(changed)).toThrow(message)
})

test('an issuer that is named twice is refused at start-up', () => {
  expect(() => guardFor(issuer, issuer)).toThrow(/issuers\[1\]/)
})

test('without issuers nothing is looked at', () => {
  expect(accessTokens({}, setup()).onRequest).toBeUndefined()
})
