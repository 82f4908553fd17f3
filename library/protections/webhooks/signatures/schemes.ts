import { createHmac } from 'node:crypto'

/** How a sender signs. */
export type SchemeName = 'standard' | 'stripe' | 'github' | 'slack'

/** What a delivery says of itself, before it is believed. */
export interface Delivery {
  /** What the sender calls it, where that is signed as well. */
  readonly id: string | undefined
  /** Seconds since the epoch, where the signature covers a time. */
  readonly at: number | undefined
  /** What stands in front of the body in what is signed. */
  readonly prefix: string
  /** The signatures, in hexadecimal or base64 as the scheme has it. */
  readonly signatures: readonly string[]
}

export interface Scheme {
  readonly encoding: 'hex' | 'base64'
  /** Whether signatures cover a time. */
  readonly isTimed: boolean
  /** The bytes of a secret as it is written; `undefined` when it is none of this scheme. */
  key(secret: string): Buffer | undefined
  /** Reads the headers; `undefined` when something is missing. */
  read(header: (name: string) => string | undefined): Delivery | undefined
}

/** A sender puts one signature for each of its keys, and never more than a few. */
const MOST_SIGNATURES = 8
const STANDARD_KEY = /^(?:whsec_)?([\w+/]{32,}={0,2})$/

/** Sources: standardwebhooks.com 1.0; docs.stripe.com/webhooks; docs.github.com (validating deliveries); docs.slack.dev (verifying requests). */
export const SCHEMES: Readonly<Record<SchemeName, Scheme>> = {
  standard: {
    encoding: 'base64',
    isTimed: true,
    key(secret) {
      const text = STANDARD_KEY.exec(secret)?.[1]
      return text === undefined ? undefined : Buffer.from(text, 'base64')
    },
    read(header) {
      // Svix, from which the specification comes, sends its own names.
      const family = header('webhook-id') === undefined ? 'svix' : 'webhook'
      const [id, time, list] = [header(`${family}-id`), header(`${family}-timestamp`), header(`${family}-signature`)]
      // A full stop inside of the id would move the border between what is signed.
      if (id === undefined || id === '' || id.includes('.') || time === undefined || list === undefined)
        return undefined
      const signatures = list.split(' ').flatMap((entry) => (entry.startsWith('v1,') ? [entry.slice(3)] : []))
      return timed(time, (at) => ({ id, at, prefix: `${id}.${time}.`, signatures }))
    },
  },
  stripe: {
    encoding: 'hex',
    isTimed: true,
    key: (secret) => Buffer.from(secret, 'utf8'),
    read(header) {
      const parts = (header('stripe-signature') ?? '').split(',').map((part) => part.trim())
      const times = parts.filter((part) => part.startsWith('t='))
      const signatures = parts.flatMap((part) => (part.startsWith('v1=') ? [part.slice(3)] : []))
      const [time] = times
      if (time === undefined || times.length > 1) return undefined
      return timed(time.slice(2), (at) => ({ id: undefined, at, prefix: `${time.slice(2)}.`, signatures }))
    },
  },
  github: {
    encoding: 'hex',
    isTimed: false,
    key: (secret) => Buffer.from(secret, 'utf8'),
    read(header) {
      const text = header('x-hub-signature-256')
      if (text?.startsWith('sha256=') !== true) return undefined
      return { id: undefined, at: undefined, prefix: '', signatures: [text.slice(7)] }
    },
  },
  slack: {
    encoding: 'hex',
    isTimed: true,
    key: (secret) => Buffer.from(secret, 'utf8'),
    read(header) {
      const [text, time] = [header('x-slack-signature'), header('x-slack-request-timestamp')]
      if (text?.startsWith('v0=') !== true || time === undefined) return undefined
      return timed(time, (at) => ({ id: undefined, at, prefix: `v0:${time}:`, signatures: [text.slice(3)] }))
    },
  },
}

/** The signature of a body (HMAC-SHA-256). */
export function signatureOf(scheme: Scheme, key: Uint8Array, prefix: string, body: readonly Uint8Array[]): string {
  const mac = createHmac('sha256', key).update(prefix)
  for (const chunk of body) mac.update(chunk)
  return mac.digest(scheme.encoding)
}

function timed(time: string, make: (at: number) => Delivery): Delivery | undefined {
  if (!/^\d{9,11}$/.test(time)) return undefined
  const delivery = make(Number(time))
  return delivery.signatures.length > MOST_SIGNATURES ? undefined : delivery
}
