import { facts, type Scenario } from './cases.ts'

/** What a client has to bring along besides the request itself: the session and the token of the usual stack. */
export type Credentials = Readonly<Record<string, string>>

/** The port is the app's public one; the servers of the benchmark take any free one. */
const HOST = '127.0.0.1:8080'

/** What Chromium sends with every request to its own site. */
const browser: Readonly<Record<string, string>> = {
  Host: HOST,
  Connection: 'keep-alive',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept-Encoding': 'identity',
  'Accept-Language': 'en-GB,en;q=0.9',
  'Sec-Fetch-Site': 'same-origin',
}

const script: Readonly<Record<string, string>> = {
  ...browser,
  Accept: 'application/json',
  'Sec-Fetch-Mode': 'cors',
  'Sec-Fetch-Dest': 'empty',
}

/** The whole request as it goes over the wire; `more` wins over what a browser would send. */
export function requestOf(
  scenario: Scenario,
  credentials: Credentials = {},
  body: string = facts[scenario].body,
): string {
  const { method, path } = facts[scenario]
  return headOf(method, path, { ...own(scenario, body), ...credentials }) + body
}

/** A plain GET, as for the route that hands out tokens. */
export function getRequest(path: string): string {
  return scriptRequest('GET', path)
}

/** What a page of the app's own sends to it with `fetch`. */
export function scriptRequest(method: 'GET' | 'POST', path: string, body = ''): string {
  return headOf(method, path, { ...script, ...(body === '' ? {} : posted(body)) }) + body
}

function own(scenario: Scenario, body: string): Record<string, string> {
  if (scenario === 'get-html')
    return { ...browser, Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' }
  return scenario === 'get-json' ? script : { ...script, ...posted(body) }
}

function posted(body: string): Record<string, string> {
  return {
    Origin: `http://${HOST}`,
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
  }
}

function headOf(method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}
