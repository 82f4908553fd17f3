import { createHmac, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { BulwarkError } from '../../core/errors.ts'
import type { Guard } from '../../core/guard.ts'
import type { Setup } from '../../core/policy.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { type Webhook, webhooks } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { SCHEMES, type SchemeName, signatureOf } from './signatures/schemes.ts'
import type { Sender } from './signatures/senders.ts'
import { forgetful, SECRET, signed, victim } from './victim.ts'

const [forged, replayed] = probes

prove('webhooks', {
  victim,
  probes: [forged!],
  rules,
  sources: ['victim.ts', 'fixtures/careless.js', 'fixtures/hurried.js'],
  policy: { webhooks: { senders: { billing: { secrets: SECRET } } } },
  before: async () => ({ headers: signed(), fields: {} }),
})

describe('a delivery that was recorded', () =>
  prove('webhooks', {
    victim: forgetful,
    probes: [replayed!],
    policy: { webhooks: { senders: { billing: { secrets: SECRET } } } },
  }))

test.each([
  [
    'standard',
    SECRET,
    'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.',
    '{"test": 2432232314}',
    'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  ],
  [
    'github',
    "It's a Secret to Everybody",
    '',
    'Hello, World!',
    '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  ],
  [
    'slack',
    '8f742231b10e8888abcd99yyyzzz85a5',
    'v0:1531420618:',
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    'a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  ],
] as const)('%s signs as its sender’s documentation shows', (name, secret, prefix, body, signature) => {
  const scheme = SCHEMES[name]
  expect(signatureOf(scheme, scheme.key(secret)!, prefix, [Buffer.from(body)])).toBe(signature)
})

const NOW = 1_800_000_000_000
const TIME = String(NOW / 1000)
const OLD = randomBytes(32).toString('base64')
const PLAIN = 'b0uD9qTz4xWm7KfLr2Vn8sYc1HjPe6Ga'
const BODY = '{"order":"17"}'

function guardFor(sender: Sender, facts: Setup = setup({ now: () => NOW })): Guard {
  return webhooks({ senders: { billing: sender }, largest: '1kb' }, facts)
}

async function ask(guard: Guard, headers: Record<string, string | undefined>, body = BODY): Promise<string> {
  const x = exchange({ method: 'POST', headers, body, contract: { webhook: 'billing' } })
  const verdict = await guard.onRoute?.(x)
  if (verdict !== undefined) return 'risk' in verdict ? `${verdict.status} ${verdict.risk}` : 'reply'
  const webhook = guard.offers?.['webhook']?.(x) as Webhook | undefined
  return `passes as ${webhook?.sender}`
}

function mac(key: string | Buffer, text: string, encoding: 'hex' | 'base64' = 'hex'): string {
  return createHmac('sha256', key).update(text).digest(encoding)
}

/** The headers of a genuine delivery. */
function genuine(as: SchemeName, time = TIME, secret?: string): Record<string, string> {
  switch (as) {
    case 'standard': {
      const key = Buffer.from((secret ?? SECRET).replace('whsec_', ''), 'base64')
      const signature = `v1,${mac(key, `msg_1.${time}.${BODY}`, 'base64')}`
      return { 'webhook-id': 'msg_1', 'webhook-timestamp': time, 'webhook-signature': signature }
    }
    case 'stripe':
      return { 'stripe-signature': `t=${time},v0=${'00'.repeat(32)},v1=${mac(secret ?? PLAIN, `${time}.${BODY}`)}` }
    case 'slack':
      return {
        'x-slack-request-timestamp': time,
        'x-slack-signature': `v0=${mac(secret ?? PLAIN, `v0:${time}:${BODY}`)}`,
      }
    case 'github':
      return { 'x-hub-signature-256': `sha256=${mac(secret ?? PLAIN, BODY)}` }
  }
}

const schemes: readonly SchemeName[] = ['standard', 'stripe', 'slack', 'github']
const senderOf = (as: SchemeName): Sender => ({ as, secrets: as === 'standard' ? SECRET : PLAIN })

describe.each(schemes)('%s', (as) => {
  const isTimed = as !== 'github'

  test('a genuine delivery passes once', async () => {
    const guard = guardFor(senderOf(as))
    expect(await ask(guard, genuine(as))).toBe('passes as billing')
    expect(await ask(guard, genuine(as))).toBe('409 replayed-webhook')
  })

  test('of twenty copies at once one passes', async () => {
    const guard = guardFor(senderOf(as))
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(guard, genuine(as))))
    expect(answers.filter((answer) => answer.startsWith('passes'))).toHaveLength(1)
  })

  test('every header that is missing or altered refuses it, and so does every altered byte', async () => {
    const guard = guardFor(senderOf(as))
    const headers = genuine(as)
    for (const [name, value] of Object.entries(headers)) {
      expect(await ask(guard, { ...headers, [name]: undefined }), name).toBe('401 forged-webhook')
      expect(await ask(guard, { ...headers, [name]: '' }), name).toBe('401 forged-webhook')
      expect(await ask(guard, { ...headers, [name]: `${value.slice(0, -1)}!` }), name).toBe('401 forged-webhook')
    }
    expect(await ask(guard, headers, `${BODY} `)).toBe('401 forged-webhook')
    expect(await ask(guard, headers, '')).toBe('401 forged-webhook')
    expect(await ask(guard, genuine(as, TIME, as === 'standard' ? OLD : `x${PLAIN}`))).toBe('401 forged-webhook')
  })

  test('both keys count while they are exchanged, and the old one no more when it is taken away', async () => {
    const [now, old] = as === 'standard' ? [SECRET, OLD] : [PLAIN, `old-${PLAIN}`]
    const guard = guardFor({ as, secrets: [now, old] })
    expect(await ask(guard, genuine(as, TIME, old))).toBe('passes as billing')
    expect(await ask(guardFor({ as, secrets: now }), genuine(as, TIME, old))).toBe('401 forged-webhook')
    // The same delivery under the other key is the same delivery.
    expect(await ask(guard, genuine(as, TIME, now))).toBe('409 replayed-webhook')
  })

  if (isTimed) {
    test.each([
      [-301, '401 replayed-webhook'],
      [-299, 'passes as billing'],
      [299, 'passes as billing'],
      [301, '401 replayed-webhook'],
    ])('%i seconds from now: %s', async (seconds, verdict) => {
      expect(await ask(guardFor(senderOf(as)), genuine(as, String(NOW / 1000 + seconds)))).toBe(verdict)
    })

    test('another time does not fit the signature', async () => {
      const other = String(NOW / 1000 - 1)
      const headers = Object.entries(genuine(as)).map(([name, value]) => [name, value.replace(TIME, other)])
      expect(await ask(guardFor(senderOf(as)), Object.fromEntries(headers))).toBe('401 forged-webhook')
    })
  }

  test('a delivery that the app could not take may come again', async () => {
    const guard = guardFor(senderOf(as))
    const x = exchange({
      method: 'POST',
      headers: genuine(as),
      body: BODY,
      contract: { webhook: 'billing' },
      response: { status: 500 },
    })
    expect(await guard.onRoute?.(x)).toBeUndefined()
    guard.onResponse?.(x)
    await new Promise((done) => setImmediate(done))
    expect(await ask(guard, genuine(as))).toBe('passes as billing')
  })
})

test('a copy that is refused does not make the app forget the first one', async () => {
  const guard = guardFor(senderOf('stripe'))
  expect(await ask(guard, genuine('stripe'))).toBe('passes as billing')
  const copy = exchange({
    method: 'POST',
    headers: genuine('stripe'),
    body: BODY,
    contract: { webhook: 'billing' },
    response: { status: 409 },
  })
  expect(await guard.onRoute?.(copy)).toMatchObject({ status: 409 })
  guard.onResponse?.(copy)
  await new Promise((done) => setImmediate(done))
  expect(await ask(guard, genuine('stripe'))).toBe('409 replayed-webhook')
})

test('an id that moves the border of what is signed is refused', async () => {
  const key = Buffer.from(SECRET.slice(6), 'base64')
  const headers = {
    'webhook-id': `msg_1.${TIME}`,
    'webhook-timestamp': TIME,
    'webhook-signature': `v1,${mac(key, `msg_1.${TIME}.${TIME}.${BODY}`, 'base64')}`,
  }
  expect(await ask(guardFor(senderOf('standard')), headers)).toBe('401 forged-webhook')
})

test('signatures beyond a few, and two times, are refused', async () => {
  const list = Array.from({ length: 50 }, () => 'v1=00').join(',')
  const guard = guardFor(senderOf('stripe'))
  const right = genuine('stripe')['stripe-signature']
  expect(await ask(guard, { 'stripe-signature': `${right},${list}` })).toBe('401 forged-webhook')
  expect(await ask(guard, { 'stripe-signature': `t=${TIME},${right}` })).toBe('401 forged-webhook')
})

test('what is larger than deliveries may be is refused', async () => {
  expect(await ask(guardFor(senderOf('github')), genuine('github'), 'x'.repeat(1025))).toBe('413 forged-webhook')
})

test('Svix sends the same under its own names', async () => {
  const headers = Object.entries(genuine('standard')).map(([name, value]) => [name.replace('webhook', 'svix'), value])
  expect(await ask(guardFor(senderOf('standard')), Object.fromEntries(headers))).toBe('passes as billing')
})

test('other routes are left alone, and a store that is away lets nothing through', async () => {
  const facts = setup({ now: () => NOW })
  const away = { ...facts, store: { ...facts.store, put: () => Promise.reject(new Error('gone')) } }
  const guard = guardFor(senderOf('github'), away)
  expect(guard.onRoute?.(exchange({ method: 'POST', body: BODY }))).toBeUndefined()
  await expect(ask(guard, genuine('github'))).rejects.toThrow('gone')
})

test('routes of a sender that nobody named keep the app from starting; the others get room for the body', () => {
  const facts = setup({ production: true })
  const guard = webhooks({ senders: { billing: senderOf('stripe') } }, facts)
  const route = (webhook: string) => [{ method: 'POST', path: '/in', at: undefined, contract: { webhook } }]
  expect(() => guard.onRoutes?.(route('code'))).toThrow(/"code"[\s\S]*POST \/in/)
  guard.onRoutes?.(route('billing'))
  expect(facts.bodies.kept).toBe(256 * 1024 + 1)
  expect(facts.reports).toMatchObject([{ risk: 'replayed-webhook' }])
})

const wrong: readonly (readonly [string, unknown, RegExp])[] = [
  ['no secret', { as: 'stripe', secrets: [] }, /billing\.secrets/],
  ['an undefined secret', { as: 'stripe', secrets: [undefined] }, /billing\.secrets\[0\]/],
  ['a short secret', { as: 'github', secrets: 'secret' }, /BULWARK_KEYS_WEAK[\s\S]*billing\.secrets\[0\]/],
  ['a standard secret that is no base64', { secrets: 'whsec_not base64!' }, /billing\.secrets\[0\]/],
  ['a sender that signs in no known way', { as: 'constructor', secrets: PLAIN }, /billing\.as/],
  ['a day of tolerance', { secrets: SECRET, tolerance: '1d' }, /billing\.tolerance/],
  ['a time that is none', { secrets: SECRET, remember: 'long' }, /BULWARK_DURATION_INVALID/],
]

test.each(wrong)('%s is refused at start-up', (_what, sender, message) => {
  expect(() => guardFor(sender as Sender)).toThrow(BulwarkError)
  expect(() => guardFor(sender as Sender)).toThrow(message)
})

test('a size that is none is refused at start-up', () => {
  expect(() => webhooks({ largest: 'big' }, setup())).toThrow(/BULWARK_SIZE_INVALID/)
})
