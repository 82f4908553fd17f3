import { deny } from '../../../core/guard.ts'
import type { Sink, Untrusted } from '../../../core/sink.ts'
import { canonicalIp } from '../../../toolbox/ip.ts'
import { parseUrl } from '../../../toolbox/url.ts'
import { innerKindOf } from '../judge/addresses.ts'
import type { Allowed } from '../judge/allow.ts'
import { canonicalHost, isNamedBy, type NamedHost } from '../judge/hosts.ts'

/** One connection that the app is about to make or to use. */
export type SsrfCall =
  | { readonly host: string; readonly address: string; readonly port: number }
  | { readonly path: string }

export interface SsrfSink extends Sink<SsrfCall> {
  /** An answer sent the app on. What the client named leads to the next place, too. */
  redirected(from: string, to: string, untrusted: Untrusted): void
}

const INNER = deny('ssrf', 'the app was about to call an inner address that the client had named')
const METADATA = deny('ssrf', 'a name that stands for the metadata of this machine was about to be called')
const PATH = deny('ssrf', 'the app was about to connect to a socket of this machine that the client had named')
/** Names that providers give their metadata, as the app's own libraries use them. */
const PROVIDERS: ReadonlySet<string> = new Set(['metadata', 'metadata.google.internal', 'instance-data'])

export function ssrfSink(allowed: Allowed): SsrfSink {
  /** Where redirects led that began at a place which the client had named. */
  const led = new WeakMap<Untrusted, Set<string>>()
  return {
    name: 'ssrf',
    judge(call, untrusted) {
      if ('path' in call) return isPathNamed(call.path, untrusted) ? PATH : undefined
      const kind = innerKindOf(call.address)
      if (kind === undefined || allowed.has(call.host, call.address, call.port)) return undefined
      const host = canonicalHost(call.host)
      const isLiteral = canonicalIp(host) !== undefined
      // No app has a name of its own for it: somebody's name server answers what it should not.
      if (kind === 'metadata' && !isLiteral && !PROVIDERS.has(host)) return METADATA
      return isNamed(host, call.address, call.port, untrusted, led) ? INNER : undefined
    },
    redirected(from, to, untrusted) {
      const start = parseUrl(from)
      const next = start && parseUrl(to, start)
      if (start === undefined || next === undefined || next.host === start.host) return
      const host = canonicalHost(start.hostname)
      if (!isNamed(host, host, Number(start.port), untrusted, led)) return
      const places = led.get(untrusted) ?? new Set()
      led.set(untrusted, places.add(canonicalHost(next.hostname)))
    },
  }
}

function isNamed(
  host: string,
  address: string,
  port: number,
  untrusted: Untrusted,
  led: WeakMap<Untrusted, Set<string>>,
): boolean {
  if (led.get(untrusted)?.has(host) === true) return true
  // Links to the app itself are in many requests. They name this place only when it is the app.
  const own = untrusted.host.toLowerCase()
  const isOwn = ({ host: name, port: there }: NamedHost): boolean =>
    there !== port && (own === `${name}:${there}` || own === name || own === `[${name}]:${there}`)
  const ip = canonicalIp(address) ?? address
  return isNamedBy(untrusted.named(), host, ip, isOwn) || isInRest(untrusted.rest(), host)
}

/** What there was no room to take apart may hold any name in plain. */
function isInRest(rest: string, host: string): boolean {
  return rest !== '' && host.length > 3 && rest.toLowerCase().includes(host)
}

function isPathNamed(path: string, untrusted: Untrusted): boolean {
  return untrusted
    .named()
    .some((text) => text.length > 3 && /[/\\]/.test(text) && (text.includes(path) || path.includes(text)))
}
