import { createHash } from 'node:crypto'
import { BulwarkError } from '../../core/errors.ts'
import type { Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import { parseSize } from '../../toolbox/size.ts'
import { constantTimeEqual } from '../../toolbox/tokens.ts'
import { type Delivery, signatureOf } from './signatures/schemes.ts'
import { compileSender, invalid, type KnownSender, type Sender } from './signatures/senders.ts'

export interface WebhooksOptions extends CommonOptions {
  /** Whose deliveries count, by names that routes use. @default {} */
  readonly senders?: Readonly<Record<string, Sender>>
  /** How large a delivery may be; it is read as a whole before the app gets any of it. @default '256kb' */
  readonly largest?: string | number
}

/** A delivery that was found to be genuine. */
export interface Webhook {
  readonly sender: string
  /** What the sender calls it: the same again when it is sent again, so what it caused can be found. */
  readonly id: string | undefined
  /** Milliseconds since the epoch, where the signature covers a time. */
  readonly at: number | undefined
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** The route is for deliveries of this sender of `webhooks.senders`: what is not signed by it, is late or came before is refused. */
    readonly webhook?: string
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /** The delivery that this request is, on routes that declare `webhook`. */
    readonly webhook: Webhook | undefined
  }
}

const UNSIGNED: Denial = deny('forged-webhook', 'a delivery is not signed as the sender signs', 401)
const FORGED: Denial = deny('forged-webhook', 'no key of the sender has signed the delivery', 401)
const LATE: Denial = deny('replayed-webhook', 'a delivery is too old, or of the future', 401)
const REPEATED: Denial = deny('replayed-webhook', 'the delivery came before', 409)
const LARGE: Denial = deny('forged-webhook', 'a delivery is larger than deliveries may be', 413)

/**
 * Lets only genuine deliveries of the named sender through to routes that declare `webhook`: signed, in time, and once.
 *
 * **Security**: CWE-345, CWE-294, CWE-208; ASVS 4.1.5, 11.2.4. The bytes are judged as they came, before any parser has them.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_KEYS_WEAK`
 */
export function webhooks(options: WebhooksOptions, setup: Setup): Guard {
  const largest = parseSize(options.largest ?? '256kb')
  if (largest === undefined || largest === 0) {
    throw new BulwarkError('BULWARK_SIZE_INVALID', 'this is no size', {
      at: 'policy.webhooks.largest',
      fix: "write it like '256kb'",
    })
  }
  const senders = new Map<string, KnownSender>()
  for (const [name, sender] of Object.entries(options.senders ?? {})) {
    senders.set(name, compileSender(name, sender, setup))
  }

  const judge = async (x: Exchange, name: string, sender: KnownSender): Promise<Denial | undefined> => {
    const delivery = sender.scheme.read((header) => x.request.header(header))
    if (delivery === undefined) return UNSIGNED
    const { at } = delivery
    if (at !== undefined && Math.abs(setup.now() / 1000 - at) > sender.tolerance) return LATE
    const body = await x.request.bodyStart()
    if (sizeOf(body) > largest || x.request.bodyBytes > largest) return LARGE
    if (!isGenuine(delivery, sender, body)) return FORGED
    const key = `webhook:${contentOf(name, delivery, body)}`
    // A copy is good for as long as its time is: behind us by the tolerance, and ahead of us by as much.
    const ttl = sender.scheme.isTimed ? sender.tolerance * 2000 : sender.remember
    const isFirst = await setup.store.put(key, '1', { ttl, expected: 0 })
    if (isFirst === undefined) return REPEATED
    x.notes.set('webhooks', {
      webhook: { sender: name, id: delivery.id, at: at === undefined ? undefined : at * 1000 } satisfies Webhook,
      key,
    })
    return undefined
  }

  return {
    name: 'webhooks',
    phase: 'access',
    onRoute(x) {
      const name = x.contract?.webhook
      if (name === undefined) return undefined
      const sender = senders.get(name)
      return sender === undefined ? UNSIGNED : judge(x, name, sender)
    },
    onRoutes(routes) {
      for (const { method, path, contract } of routes) {
        if (contract?.webhook === undefined) continue
        if (!senders.has(contract.webhook)) {
          throw invalid(
            `a route is for deliveries of "${contract.webhook}", and nobody said who that is`,
            `${method} ${path}`,
            `name it: webhooks: { senders: { ${contract.webhook}: { as: 'stripe', secrets: process.env.WEBHOOK_SECRET } } }`,
          )
        }
        setup.bodies.kept = Math.max(setup.bodies.kept, largest + 1)
        if (setup.production && !setup.store.shared) {
          setup.report({
            guard: 'webhooks',
            risk: 'replayed-webhook',
            reason: 'deliveries are remembered in this process only, so another process would take a repeated one',
            fix: 'hand in a store that the processes share: store: redisStore(...)',
          })
        }
      }
    },
    onResponse(x) {
      // What the app could not take may come again, unchanged.
      const known = x.response.status >= 400 ? noteOf(x) : undefined
      if (known !== undefined) void forget(x, setup, known.key)
      return undefined
    },
    offers: { webhook: (x) => noteOf(x)?.webhook },
  }
}

interface Note {
  readonly webhook: Webhook
  readonly key: string
}

function noteOf(x: Exchange): Note | undefined {
  return x.contract?.webhook === undefined ? undefined : (x.notes.get('webhooks') as Note | undefined)
}

async function forget(x: Exchange, { store }: Setup, key: string): Promise<void> {
  try {
    await store.delete(key)
  } catch (error) {
    x.report({
      guard: 'webhooks',
      risk: 'replayed-webhook',
      reason: 'a delivery that the app could not take is remembered all the same: the store is away',
      outcome: 'failed',
      error,
    })
  }
}

/** Every key is tried with every signature, so that the time tells nothing about which one it was. */
function isGenuine(
  { prefix, signatures }: Delivery,
  { scheme, keys }: KnownSender,
  body: readonly Uint8Array[],
): boolean {
  let isSigned = false
  for (const key of keys) {
    const right = signatureOf(scheme, key, prefix, body)
    for (const signature of signatures) if (constantTimeEqual(signature, right)) isSigned = true
  }
  return isSigned
}

/** What a delivery is known by: everything that is signed, and not the signature, of which there may be several. */
function contentOf(name: string, { prefix }: Delivery, body: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(`${name}\n${prefix}\n`)
  for (const chunk of body) hash.update(chunk)
  return hash.digest('base64url')
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  let bytes = 0
  for (const chunk of chunks) bytes += chunk.length
  return bytes
}
