import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { BulwarkError, type Html, protectedApps } from 'bulwark'
import { type KeyRing, keyRing } from 'bulwark/keys'
import { assets } from './assets/assets.ts'
import { clientsOf } from './clients.ts'
import { isSecurityEvent } from './entry.ts'
import { openFeed } from './feed.ts'
import { parseFilter } from './filter.ts'
import { openFindings } from './findings.ts'
import { createMemory } from './memory.ts'
import { auditPage } from './pages/audit.ts'
import { clientsPage } from './pages/clients.ts'
import { findingsPage } from './pages/findings.ts'
import type { Place } from './pages/layout.ts'
import { livePage } from './pages/live.ts'
import { nowPage } from './pages/now.ts'
import { policyPage } from './pages/policy.ts'
import { routesPage } from './pages/routes.ts'
import { accessTo } from './routes.ts'
import { openTrail } from './trail.ts'
import { auditView, liveView } from './views.ts'

export interface ConsoleOptions {
  /** Where it is mounted, such as `/admin/bulwark`. */
  readonly base: string
  /** The folder of the audit trail, which all processes of the app write to. @default none */
  readonly audit?: string
  /** The keys of the app, as in the policy: without them nobody can tell whether the trail was changed. @default none */
  readonly keys?: string | readonly string[] | KeyRing
  /** Files with the results of `bulwark scan --json` and `bulwark probe --json`. @default none */
  readonly findings?: readonly string[]
  /** Events that are kept in memory, from 10 to 100000; each takes about a kilobyte. @default 2000 */
  readonly keep?: number
  /**
   * What keeps others out, in a few words, where no route of a policy with roles does: `'only reachable from the VPN'`. Shown on the page Policy.
   *
   * **Security**: without it the console answers only where a route asks for a permission, and 403 everywhere else.
   */
  readonly guardedBy?: string
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number
}

export interface Console {
  /** Answers every request below its base. A listener of `node:http`; Express takes it as the function of a route. */
  readonly listener: (req: IncomingMessage, res: ServerResponse) => void
  /** Stops listening for events, and ends the streams of those who look on. */
  close(): void
}

/** A browser runs the console's own script and nothing else, and lets no text become markup. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
}

/**
 * Opens the console: from now on it remembers events. Its pages are there once its listener is mounted below `base`.
 *
 * **Security**: it only reads. Mount it with a permission, `secure({ allow: 'bulwark:view' })`: what it shows helps an attacker (ASVS 13.4.5).
 * @throws BulwarkError `BULWARK_ADAPTER_MISUSED` for options that cannot be meant, `BULWARK_KEYS_WEAK` for weak keys
 */
export function openConsole(options: ConsoleOptions): Console {
  const { base, keep = 2000, now = Date.now, guardedBy, keys, audit } = options
  check(options)
  const ring = keys === undefined ? undefined : isRing(keys) ? keys : keyRing(keys)
  const memory = createMemory(keep)
  const boot = randomBytes(6).toString('hex')
  const feed = openFeed(memory, boot, now)
  const findings = openFindings(options.findings ?? [])
  const trail = audit === undefined ? undefined : openTrail(audit, ring)
  const since = now()
  const place = (): Place => ({ base, now: now(), since, hasAudit: trail !== undefined })

  const onEvent = (message: unknown): void => {
    if (isSecurityEvent(message)) memory.add(message)
  }
  subscribe('bulwark:event', onEvent)

  type Answer = (query: URLSearchParams) => Html | Promise<Html>
  const pages: Readonly<Record<string, Answer>> = {
    '': () => nowPage(place(), memory, protectedApps()),
    '/live': async (query) => livePage(place(), await liveView(memory, trail, query)),
    '/clients': () => clientsPage(place(), clientsOf(memory.newest())),
    '/routes': () => routesPage(place(), protectedApps()),
    '/policy': () => policyPage(place(), protectedApps(), guardedBy),
    '/audit': async (query) => auditPage(place(), await auditView(trail, query)),
    '/findings': async () => findingsPage(place(), await findings()),
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value)
    if (req.method !== 'GET' && req.method !== 'HEAD') {
      res.setHeader('Allow', 'GET, HEAD')
      return say(res, 405, 'The console only reads.')
    }
    const access = guardedBy === undefined ? accessTo(protectedApps(), base) : 'closed'
    if (access !== 'closed') return say(res, 403, REFUSALS[access])
    // Below a router of Express `url` begins where the router was mounted.
    const target = (req as { readonly originalUrl?: string }).originalUrl ?? req.url ?? '/'
    const [path = '', ...query] = target.split('?')
    const name = nameBelow(path, base)
    const asset = name?.startsWith('/') ? assets.get(name.slice(1)) : undefined
    if (asset !== undefined) return send(res, asset.type, asset.text, 'private, max-age=3600')
    const parsed = new URLSearchParams(query.join('?'))
    if (name === '/live/stream')
      return feed.open(req, res, parseFilter(parsed), numberOf(parsed, 'after') ?? memory.seen)
    const page = name !== undefined && Object.hasOwn(pages, name) ? pages[name] : undefined
    if (page === undefined) return say(res, 404, 'The console has no such page.')
    send(res, 'text/html; charset=utf-8', `${await page(parsed)}`, 'no-store')
  }

  return {
    listener(req, res) {
      answer(req, res).catch((error: unknown) => {
        process.emitWarning(`the console could not answer: ${String(error)}`, { code: 'BULWARK_CONSOLE' })
        if (res.headersSent) res.destroy()
        else say(res, 500, 'The console could not show this page. The warnings of the process say why.')
      })
    },
    close() {
      unsubscribe('bulwark:event', onEvent)
      feed.close()
    },
  }
}

const REFUSALS = {
  open: "This route asks nobody for a permission. Mount the console with secure({ allow: 'bulwark:view' }), or say guardedBy.",
  unknown:
    "No route of a policy with roles is known here. Mount the console with secure({ allow: 'bulwark:view' }), or say guardedBy.",
} as const

const KNOWN: readonly string[] = [
  'base',
  'audit',
  'keys',
  'findings',
  'keep',
  'guardedBy',
  'now',
] satisfies (keyof ConsoleOptions)[]

function check(options: ConsoleOptions): void {
  const { base, keep = 2000, guardedBy } = options
  const unknown = Object.keys(options).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', `the console has no option "${unknown}"`, {
      at: `openConsole({ ${unknown} })`,
      fix: `it may have: ${KNOWN.join(', ')}`,
    })
  }
  if (!/^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/.test(base)) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'the base of the console is no path', {
      at: 'openConsole({ base })',
      fix: 'write where it is mounted, without a slash at the end: "/admin/bulwark"',
    })
  }
  if (!Number.isInteger(keep) || keep < 10 || keep > 100_000) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'this many events cannot be kept', {
      at: 'openConsole({ keep })',
      fix: 'a whole number from 10 to 100000',
    })
  }
  if (guardedBy !== undefined && guardedBy.trim().length < 3) {
    throw new BulwarkError('BULWARK_ADAPTER_MISUSED', 'nothing is said of what keeps others out', {
      at: 'openConsole({ guardedBy })',
      fix: "say what does, such as 'only reachable from the VPN', or leave it out",
    })
  }
}

function nameBelow(path: string, base: string): string | undefined {
  if (path === base || path === `${base}/`) return ''
  return path.startsWith(`${base}/`) ? path.slice(base.length) : undefined
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

function isRing(keys: string | readonly string[] | KeyRing): keys is KeyRing {
  return typeof keys === 'object' && 'usable' in keys
}

/** Node itself leaves out the body where a HEAD is answered. */
function send(res: ServerResponse, type: string, text: string, cache: string): void {
  res.setHeader('Content-Type', type)
  res.setHeader('Cache-Control', cache)
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(text)
}

function say(res: ServerResponse, status: number, text: string): void {
  res.statusCode = status
  send(res, 'text/plain; charset=utf-8', `${text}\n`, 'no-store')
}
