import { createHash, generateKeyPairSync, webcrypto } from 'node:crypto'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secure, securityOf } from '../../adapters/node.ts'
import { BulwarkError } from '../../core/errors.ts'
import { off } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { type Authority, type Leaf, makeAuthority, modernTls } from '../../transport/index.ts'
import { type CallersOptions, callers } from './guard.ts'
import { createCalls } from './index.ts'

const KEYS = 'b0uD9qTz4xWm7KfLr2Vn8sYc1HjPe6Ga'
const keySet = createCalls({ self: 'blog', keys: KEYS, targets: {} }).keySet()

describe('an identity header', () => {
  const gateway: CallersOptions = {
    known: { gateway: { certificate: 'gateway.internal', may: [] }, cron: { certificate: 'cron.internal', may: [] } },
    identityHeaders: { from: ['gateway'], names: ['X-Tenant'] },
  }
  const verdict = (
    options: CallersOptions,
    headers: Record<string, string>,
    certificateNames: string[] = [],
  ): unknown => callers(options, setup()).onRequest?.(exchange({ headers, certificateNames }))

  test.each(['x-user', 'x-forwarded-user', 'remote-user', 'x-internal', 'x-tenant'])('%s is refused', (name) => {
    expect(verdict(gateway, { [name]: 'ann' })).toMatchObject({ risk: 'forged-identity', status: 403 })
    expect(verdict(gateway, { [name]: '' })).toMatchObject({ risk: 'forged-identity' })
  })

  test('passes from the one who may set it, and from nobody else who is known', () => {
    expect(verdict(gateway, { 'x-user': 'ann' }, ['gateway.internal'])).toBeUndefined()
    expect(verdict(gateway, { 'x-user': 'ann' }, ['cron.internal'])).toMatchObject({ risk: 'forged-identity' })
    expect(verdict(gateway, { 'x-user': 'ann' }, ['gateway.internal.evil.example'])).toMatchObject({ status: 403 })
  })

  test('is nobody’s business before anything is set, and after it is turned off', () => {
    expect(callers({}, setup()).onRequest).toBeUndefined()
    const guard = callers({ ...gateway, identityHeaders: off('the gateway takes them away') }, setup())
    expect(guard.onRequest).toBeUndefined()
  })

  test('other headers pass', () => {
    expect(verdict(gateway, { 'x-request-id': '1', 'x-user-agent': 'a' })).toBeUndefined()
  })
})

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['a name that is none', { self: 'Notify 1' }, /policy\.callers\.self/],
  ['a caller that nothing tells apart', { self: 'a', known: { b: { may: [] } } }, /nothing tells/],
  ['a caller without permissions', { self: 'a', known: { b: { keys: keySet } } }, /known\.b\.may/],
  ['signed calls to nobody', { known: { b: { keys: keySet, may: [] } } }, /policy\.callers\.self/],
  ['keys over plain HTTP', { self: 'a', known: { b: { keys: 'http://b.internal/', may: [] } } }, /known\.b\.keys/],
  ['keys that are none', { self: 'a', known: { b: { keys: {}, may: [] } } }, /known\.b\.keys/],
  ['a wildcard', { known: { b: { certificate: '*.internal', may: [] } } }, /known\.b\.certificate/],
  ['no certificate', { known: { b: { certificate: [], may: [] } } }, /known\.b\.certificate/],
  [
    'a certificate of two',
    { known: { b: { certificate: 'x.internal', may: [] }, c: { certificate: 'x.internal', may: [] } } },
    /two callers/,
  ],
  ['a stranger who may set headers', { identityHeaders: { from: ['gateway'] } }, /identityHeaders\.from/],
  ['a header that is none', { identityHeaders: { names: ['x user'] } }, /identityHeaders\.names/],
  ['a target with a path', { self: 'a', targets: { b: 'https://b.internal/api' } }, /targets\.b/],
  ['a target over plain HTTP', { self: 'a', targets: { b: 'http://b.internal' } }, /targets\.b/],
  ['targets without a name', { targets: { b: 'https://b.internal' } }, /policy\.callers\.self/],
  ['five minutes of tolerance', { self: 'a', tolerance: '5m' }, /tolerance/],
  ['a size that is none', { largestCall: 'big' }, /BULWARK_SIZE_INVALID/],
]

test.each(wrong)('%s is refused at start-up', (_what, options, message) => {
  const make = (): unknown => callers(options as CallersOptions, setup({ keys: [KEYS] }))
  expect(make).toThrow(BulwarkError)
  expect(make).toThrow(message)
})

test('targets without keys are refused at start-up', () => {
  const options = { self: 'a', targets: { b: { url: 'http://b.mesh', insecureHttp: true } } }
  expect(() => callers(options, setup())).toThrow(/BULWARK_KEYS_MISSING/)
})

test('a route that nobody may call keeps the app from starting', () => {
  const guard = callers({ known: { b: { certificate: 'b.internal', may: ['a:read'] } } }, setup())
  const route = (caller: string) => [{ method: 'GET', path: '/a', at: undefined, contract: { caller } }]
  guard.onRoutes?.(route('a:read'))
  expect(() => guard.onRoutes?.(route('a:write'))).toThrow(/"a:write"[\s\S]*GET \/a/)
  expect(guard.facts).toEqual({ self: undefined, callers: { b: ['a:read'] } })
})

test('in production a store of this process alone is reported', () => {
  const facts = setup({ production: true })
  callers({ self: 'a', known: { b: { keys: keySet, may: [] } } }, facts)
  expect(facts.reports).toMatchObject([{ risk: 'replayed-call' }])
})

describe('a call of ours', () => {
  const calls = createCalls({ self: 'blog', keys: KEYS, targets: { b: 'http://127.0.0.1:9' } })
  test.each([
    [{ path: 'messages' }],
    [{ path: '//evil.example/' }],
    [{ path: '/a b' }],
    [{ path: '/a#b' }],
    [{ path: '/a\r\nx: y' }],
    [{ path: '/', headers: { Cookie: 'session=1' } }],
    [{ path: '/', headers: { authorization: 'Bearer 1' } }],
    [{ path: '/', json: 1, body: '1' }],
  ])('is not made of %j', async (wrongRequest) => {
    await expect(calls.callService('b', wrongRequest)).rejects.toBeInstanceOf(BulwarkError)
  })

  test('goes to nobody whose place is not known', async () => {
    await expect(calls.callService('c', { path: '/' })).rejects.toThrow(/targets[\s\S]*add c/)
  })
})

describe('mutual TLS', () => {
  let authority: Authority
  let stranger: Authority
  let server: Server
  let port = 0
  const leaves = new Map<string, Leaf>()

  beforeAll(async () => {
    authority = await makeAuthority()
    stranger = await makeAuthority({ name: 'Somebody else' })
    for (const name of ['gateway.internal', 'cron.internal']) {
      leaves.set(name, await authority.issue([name], { usage: 'client' }))
    }
    leaves.set('forged', await stranger.issue(['gateway.internal'], { usage: 'client' }))
    leaves.set('spiffe', await spiffeLeaf(authority, 'spiffe://example.test/gateway'))
    leaves.set('other spiffe', await spiffeLeaf(authority, 'spiffe://example.test/gateway/2'))
    const { key, cert } = await authority.issue(['localhost', '127.0.0.1'])
    server = createServer(
      { ...modernTls({ key, cert }), ca: authority.cert, requestCert: true, rejectUnauthorized: false },
      secure({ caller: 'notify:send' }, (req, res) => void res.end(JSON.stringify(securityOf(req).caller))),
    )
    secure(server, {
      onEvent: () => {},
      callers: {
        self: 'notify',
        known: {
          gateway: { certificate: ['gateway.internal', 'spiffe://example.test/gateway'], may: ['notify:send'] },
          blog: { keys: keySet, certificate: 'cron.internal', may: ['notify:send'] },
        },
      },
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.close()
    server.closeAllConnections()
  })

  const ask = (who: string | undefined, headers: Record<string, string> = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      const leaf = who === undefined ? undefined : leaves.get(who)
      const own = leaf === undefined ? {} : { key: leaf.key, cert: leaf.cert }
      const sent = request({ host: '127.0.0.1', port, ca: authority.cert, agent: false, headers, ...own }, (answer) => {
        let text = ''
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => resolve(answer.statusCode === 200 ? text : String(answer.statusCode)))
      })
      sent.on('error', reject)
      sent.end()
    })
  const asGateway = '{"name":"gateway","by":"certificate"}'

  test('knows a caller by the host name or the SPIFFE id in the certificate', async () => {
    expect(await ask('gateway.internal')).toBe(asGateway)
    expect(await ask('spiffe')).toBe(asGateway)
  })

  test('knows nobody without a certificate, with one of another authority, or with another name', async () => {
    expect(await ask(undefined)).toBe('401')
    expect(await ask('forged')).toBe('401')
    expect(await ask('other spiffe')).toBe('401')
  })

  test('and a signature belong together where both are set', async () => {
    const tls = (name: string) => ({ ca: authority.cert, key: leaves.get(name)!.key, cert: leaves.get(name)!.cert })
    const callAs = async (name: string): Promise<unknown> => {
      const target = { url: `https://127.0.0.1:${port}`, tls: tls(name) }
      const answer = await createCalls({ self: 'blog', keys: KEYS, targets: { notify: target } }).callService(
        'notify',
        {
          path: '/',
        },
      )
      return answer.status === 200 ? answer.json() : answer.status
    }
    expect(await callAs('cron.internal')).toEqual({ name: 'blog', by: 'both' })
    expect(await callAs('gateway.internal')).toBe(401)
    // Half of what is demanded is nothing.
    expect(await ask('cron.internal')).toBe('401')
  })
})

/** A certificate with a SPIFFE id, which the authority does not make by itself. */
async function spiffeLeaf(authority: Authority, id: string): Promise<Leaf> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    Buffer.from(authority.key.replace(/-----[^-]+-----|\s/g, ''), 'base64'),
    algorithm,
    false,
    ['sign'],
  )
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: createHash('sha256').update(id).digest('hex').slice(0, 16).replace(/^./, '1'),
    subject: 'CN=spiffe',
    issuer: new x509.X509Certificate(authority.cert).subject,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
    signingKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: id }]),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2']),
    ],
  })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { key: String(key), cert: cert.toString('pem'), expires: 0, spki: '' }
}
