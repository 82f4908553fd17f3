import { createHmac, createPublicKey, type JsonWebKey, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request as requestPlain } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { type Calls, type CallsSettings, createCalls } from 'bulwark'
import { localProvider, openKeyFile } from 'bulwark/keys'

/** What somebody has who got into one machine after the other: everything but a way around. */
export interface Loot {
  /** The replicas of the notification program. */
  readonly targets: readonly [string, string]
  readonly ca: string
  readonly certificates: Readonly<Record<'blog' | 'audit' | 'gateway' | 'stranger' | 'expired', Pair>>
  /** A copy of the blog's key file, and the key that opens it. */
  readonly keyFile: string
  readonly masterKey: string
  readonly blogKeys: { readonly keys: readonly JsonWebKey[] }
  readonly tokenKeys: { readonly keys: readonly JsonWebKey[] }
  /** Tokens that the issuer has really made: a good one of Grace's, and some that are for others, for nobody, or of yesterday. */
  readonly tokens: Readonly<Record<'good' | 'foreign' | 'unaddressed' | 'expired' | 'unscoped', string>>
  /** Deliveries of the mail provider that were taken before, and one that was held up for ten minutes. */
  readonly deliveries: Readonly<Record<'taken' | 'late', Recorded>>
}

interface Pair {
  readonly cert: string
  readonly key: string
}

export interface Recorded {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What one attempt gave: the status and the text, or why there was no answer. */
export interface Attempt {
  readonly name: string
  readonly status: number
  readonly text: string
}

interface Sent {
  readonly as?: Pair | undefined
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly replica?: 0 | 1
}

const loot: Loot = JSON.parse(readFileSync(process.env['INTRUDER_LOOT'] ?? '', 'utf8'))
const { blog, audit, gateway, stranger, expired } = loot.certificates
const ring = await openKeyFile({ file: loot.keyFile, provider: localProvider(loot.masterKey) })
const attempts: Attempt[] = []

/** Over a connection of its own, so that nothing of one attempt helps another. */
async function send({
  as,
  method = 'POST',
  path = '/notices',
  headers = {},
  body = '',
  replica = 0,
}: Sent): Promise<Omit<Attempt, 'name'>> {
  const agent = new Agent({ ca: loot.ca, ...as, keepAlive: false })
  try {
    const asked = request(loot.targets[replica] + path, {
      method,
      agent,
      headers: { ...JSON_BODY, ...headers },
      timeout: 5000,
    })
    asked.end(body)
    const [answer] = await once(asked, 'response')
    return { status: answer.statusCode, text: await textOf(answer) }
  } catch (error) {
    return { status: 0, text: error instanceof Error ? error.message : String(error) }
  } finally {
    agent.destroy()
  }
}

async function attempt(name: string, sent: Sent): Promise<void> {
  attempts.push({ name, ...(await send(sent)) })
}

const JSON_BODY = { 'content-type': 'application/json' }
const notice = (): string => JSON.stringify({ number: randomUUID(), to: '1', text: 'INTRUDER' })

/** Has a call signed, and keeps it: whoever listens on the way has the same. */
async function record(
  settings: Partial<CallsSettings> & { readonly to?: string } = {},
  user = '2',
  path = '/notices',
  method = 'POST',
): Promise<Recorded> {
  let seen: Recorded | undefined
  const listener = createServer(async (req, res) => {
    seen = { headers: { authorization: req.headers.authorization ?? '' }, body: await textOf(req) }
    res.end()
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { to = 'notify', ...more } = settings
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  const calls: Calls = createCalls({ self: 'blog', keys: ring, targets: { [to]: url }, ...more })
  await calls.callService(to, {
    method,
    path,
    ...(method === 'POST' && { json: JSON.parse(notice()) }),
    onBehalfOf: user,
  })
  listener.close()
  listener.closeAllConnections()
  if (seen === undefined) throw new Error('Nothing was recorded.')
  return seen
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const read = (token: string, at: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString())
const tokenOf = ({ headers }: Recorded): string => headers['authorization']?.replace('Service-Call ', '') ?? ''
const as = (token: string, scheme = 'Service-Call'): Record<string, string> => ({ authorization: `${scheme} ${token}` })
const hs256 = (text: string, secret: string): string =>
  `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
const pemOf = (key: JsonWebKey | undefined): string =>
  createPublicKey({ key: key ?? {}, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()

async function connections(): Promise<void> {
  await attempt('no certificate', { body: notice() })
  await attempt('a certificate of another authority', { as: stranger, body: notice() })
  await attempt('an expired certificate', { as: expired, body: notice() })
  const plain = await new Promise<Omit<Attempt, 'name'>>((resolve) => {
    const asked = requestPlain(
      `${loot.targets[0].replace('https', 'http')}/notices`,
      { method: 'POST', headers: JSON_BODY },
      async (answer) => {
        resolve({ status: answer.statusCode ?? 0, text: await textOf(answer) })
      },
    )
    asked.on('error', ({ message }) => resolve({ status: 0, text: message })).end(notice())
  })
  attempts.push({ name: 'plain HTTP', ...plain })
}

async function identities(): Promise<void> {
  await attempt('the certificate of another program', { as: audit, body: notice() })
  await attempt('a stolen certificate, and nothing signed', { as: blog, body: notice() })
  const own = await record({ keys: randomBytes(32).toString('base64url') })
  await attempt('signed by a key of its own', { as: blog, ...own })
  await attempt('signed by somebody who is not known', { as: blog, ...(await record({ self: 'shop' })) })
  await attempt('signed with the stolen key, over the certificate of another program', {
    as: audit,
    ...(await record()),
  })
  const names = ['x-user', 'x-forwarded-user', 'x-internal', 'x-service-name', 'x-client-cert', 'x-user-role']
  const forged = Object.entries({ gateway, audit, blog }).flatMap(([who, pair]) =>
    names.map((header) =>
      attempt(`${header} forged, as ${who}`, {
        as: pair,
        method: 'GET',
        headers: { [header]: header.includes('user') ? '1' : 'blog' },
      }),
    ),
  )
  await Promise.all(forged)
  await attempt('what the program itself may not do', {
    as: blog,
    method: 'GET',
    path: '/count',
    ...(await record({}, '2', '/count', 'GET')),
  })
}

async function calls(): Promise<void> {
  const genuine = await record()
  await attempt('another body', { as: blog, ...genuine, body: notice() })
  await attempt('no body', { as: blog, ...genuine, body: '' })
  await attempt('another path', { as: blog, ...genuine, path: '/count' })
  await attempt('another query', { as: blog, ...genuine, path: '/notices?all=1' })
  await attempt('another method', { as: blog, ...genuine, method: 'PUT' })
  const [head = '', , signature = ''] = tokenOf(genuine).split('.')
  for (const [name, claims] of Object.entries({
    'another user': { sub: '1' },
    'another actor': { act: { sub: 'gateway' } },
    'another caller': { iss: 'gateway' },
  })) {
    const forged = `${head}.${part({ ...read(tokenOf(genuine), 1), ...claims })}.${signature}`
    await attempt(`${name} in a signed call`, { as: blog, ...genuine, headers: as(forged) })
  }
  const header = read(tokenOf(genuine), 0)
  const claims = part({ ...read(tokenOf(genuine), 1), sub: '1', jti: randomUUID() })
  await attempt('a call that says that it needs no signature', {
    as: blog,
    ...genuine,
    headers: as(`${part({ ...header, alg: 'none' })}.${claims}.`),
  })
  const [key] = loot.blogKeys.keys
  for (const secret of [pemOf(key), String(key?.x), 'secret']) {
    await attempt(`a call signed with HS256 and ${secret.slice(0, 12)}`, {
      as: blog,
      ...genuine,
      headers: as(hs256(`${part({ ...header, alg: 'HS256' })}.${claims}`, secret)),
    })
  }
  await attempt('a call of a while ago', { as: blog, ...(await record({ now: () => Date.now() - 60_000 })) })
  await attempt('a call of the future', { as: blog, ...(await record({ now: () => Date.now() + 60_000 })) })
  await attempt('a call for another program', { as: blog, ...(await record({ to: 'shop' })) })
  await attempt('a call as a token of a person', {
    as: gateway,
    method: 'GET',
    path: '/mine',
    headers: as(tokenOf(genuine), 'Bearer'),
  })
}

async function replays(): Promise<void> {
  const genuine = await record()
  // The only one that counts: it is the blog's own, and arrives once. What shows that the loot is real.
  await attempt('CONTROL a call that was held back', { as: blog, ...genuine })
  await attempt('the same call again', { as: blog, ...genuine })
  await attempt('the same call at the other replica', { as: blog, ...genuine, replica: 1 })
  const one = await record()
  const copies = await Promise.all(
    Array.from({ length: 100 }, (_, i) => send({ as: blog, ...one, replica: i % 2 === 0 ? 0 : 1 })),
  )
  attempts.push({
    name: 'REPLAYS 100 copies at once',
    status: copies.filter(({ status }) => status === 201).length,
    text: [...new Set(copies.map(({ status }) => status))].sort().join(),
  })
}

async function tokens(): Promise<void> {
  const { good, ...others } = loot.tokens
  const mine = (name: string, token: string): Promise<void> =>
    attempt(name, { as: gateway, method: 'GET', path: '/mine', headers: as(token, 'Bearer') })
  await mine('CONTROL a good token', good)
  for (const [name, token] of Object.entries(others)) await mine(`a token that is ${name}`, token)
  const [header, claims] = [read(good, 0), { ...read(good, 1), sub: '1' }]
  for (const alg of ['none', 'None', 'NONE'])
    await mine(`a token with alg ${alg}`, `${part({ ...header, alg })}.${part(claims)}.`)
  await mine('a token with another person in it', `${good.split('.')[0]}.${part(claims)}.${good.split('.')[2]}`)
  const [key] = loot.tokenKeys.keys
  for (const secret of [pemOf(key), pemOf(key).trimEnd(), 'secret', 'password', 'changeme', '']) {
    await mine(
      `a token signed with HS256 and ${secret.slice(0, 12)}`,
      hs256(`${part({ ...header, alg: 'HS256' })}.${part(claims)}`, secret || ' '),
    )
  }
  await mine('no token', 'e30.e30.')
}

async function deliveries(): Promise<void> {
  const deliver = (name: string, { headers, body }: Recorded): Promise<void> =>
    attempt(name, { as: gateway, path: '/webhooks/mail', headers, body })
  const { taken, late } = loot.deliveries
  const forged = { ...taken, body: JSON.stringify({ address: 'INTRUDER@example.org' }) }
  await deliver('a delivery without a signature', { headers: {}, body: forged.body })
  await deliver('a delivery with the signature of another', forged)
  await deliver('a delivery that came before', taken)
  await deliver('a delivery of ten minutes ago', late)
}

for (const part of [connections, identities, calls, replays, tokens, deliveries]) await part()
ring.close()
process.stdout.write(JSON.stringify(attempts))
