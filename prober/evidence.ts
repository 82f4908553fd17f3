import type { Evidence } from '../library/core/finding.ts'
import type { Answer, RawAnswer } from '../library/core/probe.ts'
import { isSecretName } from './account.ts'
import { isRaw, type Sent } from './message.ts'

/** What evidence must know besides the answer. */
export interface About {
  readonly sent: Sent
  readonly repeats: number
  /** Words of the probe's own: what they stand in is no secret, and the answer is shown around the first of them. */
  readonly nonces: readonly string[]
  /** Values that must not be shown wherever they stand. */
  readonly secrets: readonly string[]
}

const HIDDEN = '[redacted]'

/** Characters of a body that are shown around what matters. */
const EXCERPT = 400

/** Bodies above this are described in the command line instead of repeated. */
const MOST_BODY = 2048

/** How to see the result again, with everything secret taken out. */
export function evidenceOf(answer: Answer | RawAnswer, about: About): Evidence {
  const { repeats, secrets } = about
  if (isRaw(answer)) {
    const parts = answer.ask.parts.map((part) => hideHeaders(part, about))
    const response = excerpt(answer.text, about) || `(${answer.failure ?? 'nothing'})`
    return {
      curl: hideSecrets(netcatOf(parts, answer.ask.pause ?? 0, about.sent), secrets),
      request: hideSecrets(abbreviate(parts.join('')), secrets),
      response: hideSecrets(hideHeaders(response, about), secrets),
      repeats,
    }
  }
  const { message, received } = about.sent
  const headers =
    message?.headers ?? Object.entries(answer.ask.headers ?? {}).map(([name, value]) => [name, String(value)] as const)
  const method = answer.ask.method ?? 'GET'
  const body = bodyText(message?.body, headers, about)
  const lines = headers.map(([name, value]) => `${name}: ${hideValue(name, value, about)}`)
  return {
    curl: hideSecrets(curlOf(method, answer.ask.path, headers, body, about), secrets),
    request: hideSecrets(
      [`${method} ${answer.ask.path} HTTP/1.1`, ...lines, '', body?.shown ?? ''].join('\n').trimEnd(),
      secrets,
    ),
    response: hideSecrets(responseOf(answer, received?.rawHeaders, received?.reason, about), secrets),
    repeats,
  }
}

function responseOf(
  answer: Answer,
  rawHeaders: readonly string[] | undefined,
  reason: string | undefined,
  about: About,
): string {
  if (answer.status === 0) return `(no answer: ${answer.failure ?? 'unknown'})`
  const lines = [`HTTP/1.1 ${answer.status}${reason ? ` ${reason}` : ''}`]
  const raw = rawHeaders ?? Object.entries(answer.headers).flat()
  for (let i = 0; i + 1 < raw.length; i += 2) lines.push(`${raw[i]}: ${hideValue(raw[i]!, raw[i + 1]!, about)}`)
  return `${lines.join('\n')}\n\n${excerpt(answer.text, about)}`.trimEnd()
}

interface ShownBody {
  readonly shown: string
  /** Whether the command line can carry it as it is. */
  readonly exact: boolean
}

function bodyText(
  body: Uint8Array | undefined,
  headers: readonly (readonly [string, string])[],
  about: About,
): ShownBody | undefined {
  if (!body || body.length === 0) return undefined
  const text = new TextDecoder().decode(body)
  if (/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text)) return { shown: `(${body.length} bytes)`, exact: false }
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const hidden = hideFields(text, type, about)
  if (body.length > MOST_BODY) {
    return { shown: `${hidden.slice(0, EXCERPT / 2)}... (${body.length} bytes)`, exact: false }
  }
  return { shown: hidden, exact: true }
}

function curlOf(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body: ShownBody | undefined,
  about: About,
): string {
  const { ground, from } = about.sent
  // A command line cannot carry these targets and headers: the bytes go through a bare socket instead.
  const odd = !/^\/[\u0021-\u007e]*$/.test(path) || headers.some(([name, value]) => /[\r\n\0]/.test(name + value))
  if (odd) {
    const lines = headers.map(([name, value]) => `${name}: ${hideValue(name, value, about)}\r\n`).join('')
    return netcatOf([`${method} ${path} HTTP/1.1\r\n${lines}\r\n${body?.shown ?? ''}`], 0, about.sent)
  }
  // --path-as-is and --globoff: curl would otherwise tidy up the very path that is the attack.
  const words = ['curl', '-i', '--path-as-is', '--globoff']
  if (ground.tls && ground.place === 'loopback') words.push('--insecure')
  if (from !== undefined) words.push('--interface', from)
  if (method === 'HEAD') words.push('--head')
  else if (method !== (body ? 'POST' : 'GET')) words.push('-X', quote(method))
  const implied = new Set(['content-length', 'connection', 'user-agent', 'accept', 'x-bulwark-probe'])
  if (headers.some(([name, value]) => name.toLowerCase() === 'host' && value === ground.host)) implied.add('host')
  for (const [name, value] of headers) {
    if (implied.has(name.toLowerCase())) continue
    words.push('-H', quote(value === '' ? `${name};` : `${name}: ${hideValue(name, value, about)}`))
  }
  if (body) words.push('--data-raw', quote(body.shown))
  words.push(quote(ground.origin + path))
  return words.join(' ')
}

function netcatOf(parts: readonly string[], pause: number, { ground }: Sent): string {
  const texts = parts.slice(0, 4).map((part) => `printf '%b' ${quote(escapeBytes(abbreviate(part)))}`)
  const more = parts.length > 4 ? `; : '(${parts.length - 4} more parts)'` : ''
  const between = pause > 0 ? `; sleep ${pause / 1000}; ` : '; '
  const to = ground.tls
    ? `openssl s_client -quiet -connect ${ground.hostname}:${ground.port}`
    : `nc ${ground.hostname} ${ground.port}`
  return `{ ${texts.join(between)}${more}; sleep 1; } | ${to}`
}

/** Bytes as `printf %b` reads them. */
function escapeBytes(text: string): string {
  return text.replace(/[\\\u0000-\u001f\u007f-\u00ff]/g, (character) => {
    if (character === '\\') return '\\\\'
    if (character === '\r') return '\\r'
    if (character === '\n') return '\\n'
    return `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`
  })
}

/** One word for a POSIX shell. */
export function quote(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function abbreviate(text: string): string {
  return text.length > MOST_BODY ? `${text.slice(0, EXCERPT)}... (${text.length} characters)` : text
}

/** The part of a text around the probe's own word, or its beginning. */
function excerpt(text: string, { nonces }: About): string {
  const places = nonces.map((nonce) => text.indexOf(nonce)).filter((place) => place >= 0)
  const middle = places.length === 0 ? 0 : Math.min(...places)
  const start = Math.max(0, Math.min(middle - EXCERPT / 2, text.length - EXCERPT))
  const part = text.slice(start, start + EXCERPT).replace(/[\u0000-\u0008\u000b-\u001f]/g, '.')
  return `${start > 0 ? '... ' : ''}${part}${start + EXCERPT < text.length ? ' ...' : ''}`
}

function hideValue(name: string, value: string, about: About): string {
  const lower = name.toLowerCase()
  if (lower === 'cookie') return value.replace(/=([^;]*)/g, (_, one: string) => `=${hideUnlessOwn(one, about)}`)
  if (lower === 'set-cookie') return value.replace(/=([^;]*)/, (_, one: string) => `=${hideUnlessOwn(one, about)}`)
  if (lower === 'authorization' || lower === 'proxy-authorization') return value.replace(/\s.*$/s, ` ${HIDDEN}`)
  return /token|secret|api-?key/.test(lower) ? hideUnlessOwn(value, about) : value
}

function hideUnlessOwn(value: string, { nonces }: About): string {
  return value === '' || nonces.some((nonce) => value.includes(nonce)) ? value : HIDDEN
}

/** The head lines of a raw text. */
function hideHeaders(text: string, about: About): string {
  return text.replace(
    /^(cookie|set-cookie|authorization|proxy-authorization):[ \t]*(.*)$/gim,
    (_, name: string, value: string) => `${name}: ${hideValue(name, value, about)}`,
  )
}

/** Takes passwords and tokens out of a body; objects stay, because an operator in the place of a password is the attack itself. */
function hideFields(text: string, type: string, about: About): string {
  if (/json/i.test(type)) {
    return text.replace(/"((?:[^"\\]|\\.){1,64})"(\s*:\s*)"((?:[^"\\]|\\.)*)"/g, (whole, name, colon, value) =>
      isSecretName(name) ? `"${name}"${colon}"${hideUnlessOwn(value, about)}"` : whole,
    )
  }
  if (!/urlencoded/i.test(type)) return text
  return text.replace(/(^|&)([^=&]*)=([^&]*)/g, (whole, before, name, value) =>
    isSecretName(name) ? `${before}${name}=${hideUnlessOwn(value, about)}` : whole,
  )
}

/** Takes known secrets out of a text, however they were encoded. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  let shown = text
  for (const secret of secrets) {
    const form = new URLSearchParams([['', secret]]).toString().slice(1)
    const encoded = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), form]
    for (const one of new Set(encoded)) shown = shown.replaceAll(one, HIDDEN)
  }
  return shown
}
