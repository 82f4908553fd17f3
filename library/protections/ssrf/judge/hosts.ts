import { canonicalIp } from '../../../toolbox/ip.ts'
import { parseUrl } from '../../../toolbox/url.ts'
import { BETWEEN, LONGEST, LONGEST_LINK, MOST_LINKS, Spellings } from './spellings.ts'

/** A machine, and perhaps a port of it, that a text names. */
export interface NamedHost {
  /** In the one way to write it: lower case, decoded, addresses canonical and without brackets. */
  readonly host: string
  readonly port: number | undefined
}

/** So many names that nearly are the machine, or are the app itself, nobody sends by chance. */
const MOST_NAMES = 6000
const SCHEME = /^[\x00-\x20]*[a-z][a-z0-9+.-]*:/i
const SLASHES = /^[\x00-\x20]*[/\\]{2}/
/** What is called by HTTP may have one slash, none, or backslashes. */
const LAX = /(?<![a-z0-9+.-])(?:https?|wss?|ftp):(?!\/\/)[/\\]*/gi
const MOST_PARTS = 8
const LONGEST_LIST = 300

/** The one way to write the name of a machine, as every URL parser reads it: `0x7f.1` is `127.0.0.1`. */
export function canonicalHost(host: string): string {
  const bare = host.startsWith('[') ? host.slice(1, -1) : host
  const zone = bare.indexOf('%')
  const ip = canonicalIp(zone === -1 ? bare : bare.slice(0, zone))
  if (ip !== undefined) return ip
  return hostOf(parseUrl(`http://${host}`)) ?? host.toLowerCase()
}

/**
 * Whether one of the texts names the machine: as a URL, as the beginning of one, or as the end of the host's name.
 *
 * `isOwn` says which of the names mean the app itself and so nothing.
 */
export function isNamedBy(
  texts: readonly string[],
  host: string,
  address: string,
  isOwn: (named: NamedHost) => boolean,
): boolean {
  const spelled = new Spellings(host, address)
  let left = MOST_NAMES
  for (const text of texts) {
    if (!spelled.mayBeIn(text)) continue
    for (const named of namesIn(text)) {
      if (--left < 0) return true
      if (named === undefined) continue
      if ((named.host === host || named.host === address || endsWith(host, named.host)) && !isOwn(named)) return true
    }
  }
  return false
}

/** Somebody who chooses the end of a name chooses the machine: `api.` in front of it changes nothing. */
function endsWith(host: string, end: string): boolean {
  if (end.length < 4 || !end.includes('.') || host.length <= end.length || !host.endsWith(end)) return false
  return end.startsWith('.') || host.at(-end.length - 1) === '.' || /^\d/.test(end)
}

/** What each way to read a text as a URL makes of it. */
export function* namesIn(text: string): Iterable<NamedHost | undefined> {
  const head = text.length > LONGEST ? text.slice(0, LONGEST) : text
  if (SCHEME.test(head)) yield named(parseUrl(head))
  if (SLASHES.test(head)) yield named(parseUrl(head, 'http://x'))
  // A URL inside of another text, such as a feed, a document or the target of a redirect.
  let from = 0
  for (let i = 0; i < MOST_LINKS; i++) {
    const at = text.indexOf('://', from)
    if (at === -1) break
    const rest = text.slice(at + 3, at + LONGEST_LINK)
    yield named(parseUrl(`http://${/^[^\s"'<>()]*/.exec(rest)?.[0] ?? ''}`))
    from = at + 3
  }
  let links = 0
  for (const { 0: link, index } of head.matchAll(LAX)) {
    if (++links > MOST_LINKS) break
    const rest = head.slice(index + link.length, index + LONGEST_LINK)
    yield named(parseUrl(`http://${/^[^\s"'<>()]*/.exec(rest)?.[0] ?? ''}`))
  }
  // What an app puts `http://` in front of, whatever follows the name: `host`, `host:80`, `user@host/path`.
  const authority = /^[^/\\?#]*/.exec(head)?.[0] ?? ''
  if (authority.length <= 300 && (authority.includes('@') || !/\S +\S/.test(authority))) {
    yield named(parseUrl(`http://${head.replace(/^[\x00-\x20]+/, '')}`))
  }
  const list = head.trim()
  if (list.length <= LONGEST_LIST && !/\s/.test(list)) yield* partsOf(list)
}

/** Addresses without brackets, and what is one of several: `127.0.0.1|80`, `name,127.0.0.1`. A plain word names nothing there. */
function* partsOf(list: string): Iterable<NamedHost | undefined> {
  const six = list.includes(':') ? canonicalIp(list) : undefined
  if (six !== undefined) yield { host: six, port: undefined }
  if (!BETWEEN.test(list)) return
  for (const part of list.split(BETWEEN, MOST_PARTS)) {
    const ip = part.includes(':') ? canonicalIp(part) : undefined
    if (ip !== undefined) yield { host: ip, port: undefined }
    else if (/\.|^localhost\b|^\[/i.test(part)) yield named(parseUrl(`http://${part}`))
  }
}

function named(url: URL | undefined): NamedHost | undefined {
  const host = hostOf(url)
  if (host === undefined || url === undefined) return undefined
  return { host, port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port) }
}

function hostOf(url: URL | undefined): string | undefined {
  if (url === undefined || url.hostname === '') return undefined
  const { hostname } = url
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return canonicalIp(bare) ?? bare.replace(/\.$/, '')
}
