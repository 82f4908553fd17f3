import { type Answer, ask } from './ask.ts'
import { type Case, facts, type Scenario, type Stack } from './cases.ts'
import { type Credentials, getRequest, requestOf } from './requests.ts'

/** What the usual stack asks of a client before it may POST; nothing for the others. */
export async function credentialsOf(port: number, stack: Stack): Promise<Credentials> {
  if (stack !== 'usual') return {}
  const { status, headers, body } = await ask(port, getRequest('/token'))
  const token = status === 200 ? (JSON.parse(body) as { token?: unknown }).token : undefined
  const cookies = headers.get('set-cookie') ?? []
  if (typeof token !== 'string' || cookies.length === 0) throw new Error(`/token answered ${status} without a token`)
  return { Cookie: cookies.map((cookie) => cookie.split(';')[0]).join('; '), 'X-CSRF-Token': token }
}

/** Throws unless the scenario is answered in full and the headers say that the stack is really there, or really not. */
export async function checkAnswer(
  port: number,
  stack: Stack,
  scenario: Scenario,
  credentials: Credentials,
): Promise<void> {
  const request = requestOf(scenario, credentials)
  const first = await ask(port, request)
  const second = await ask(port, request)
  const faults = [...faultsOf(first, stack, scenario), ...faultsOfNonces(first, second, stack, scenario)]
  if (faults.length > 0) throw new Error(`${facts[scenario].title}: ${faults.join('; ')}`)
}

/** Throws unless a protected stack refuses a forged and an invalid POST, and the bare one takes the forged one. */
export async function checkRefusals(port: number, { framework, stack }: Case): Promise<void> {
  const forged = await ask(
    port,
    requestOf('post-json', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }),
  )
  const expected = stack === 'bare' ? 201 : 403
  if (forged.status !== expected) throw new Error(`a forged POST got ${forged.status}, not ${expected}`)
  if (stack === 'bare') return
  const invalid = await ask(port, requestOf('post-json', await credentialsOf(port, stack), '{"title":7}'))
  const refusal = framework === 'fastify' ? 400 : 422
  if (invalid.status !== refusal) throw new Error(`an invalid POST got ${invalid.status}, not ${refusal}`)
}

/** What is wrong with one answer, in the words of a sentence. */
export function faultsOf(answer: Answer, stack: Stack, scenario: Scenario): readonly string[] {
  const { status, type, prefix, suffix } = facts[scenario].expected
  const { headers, body } = answer
  const has = (name: string, part: string): boolean => headers.get(name)?.some((one) => one.includes(part)) === true
  const faults: string[] = []
  if (answer.status !== status) faults.push(`the status is ${answer.status}, not ${status}`)
  if (!has('content-type', type)) faults.push(`the content type is not ${type}`)
  if (!body.startsWith(prefix) || !body.endsWith(suffix)) faults.push('the body is not the expected one')
  if (stack === 'bare') {
    if (headers.has('content-security-policy')) faults.push('the bare stack sends a Content-Security-Policy')
    return faults
  }
  const framed = headers.has('x-frame-options') || has('content-security-policy', 'frame-ancestors')
  if (!headers.has('content-security-policy')) faults.push('there is no Content-Security-Policy')
  if (!has('x-content-type-options', 'nosniff')) faults.push('there is no X-Content-Type-Options')
  if (!headers.has('referrer-policy')) faults.push('there is no Referrer-Policy')
  if (!framed) faults.push('nothing forbids framing')
  if (headers.has('x-powered-by')) faults.push('X-Powered-By is sent')
  if (stack === 'usual' && !headers.has('ratelimit') && !headers.has('x-ratelimit-remaining'))
    faults.push('the rate limit does not count')
  return faults
}

/** On a protected page: the policy names the nonce of the script, and no two answers share one. */
export function faultsOfNonces(first: Answer, second: Answer, stack: Stack, scenario: Scenario): readonly string[] {
  if (stack === 'bare' || scenario !== 'get-html') return []
  const nonce = nonceIn(first.body)
  if (nonce.length < 22) return ['the nonce has fewer than 128 bits']
  if (nonce === nonceIn(second.body)) return ['two answers share a nonce']
  const named = first.headers.get('content-security-policy')?.some((policy) => policy.includes(`'nonce-${nonce}'`))
  return named ? [] : ['the Content-Security-Policy does not name the nonce of the page']
}

function nonceIn(body: string): string {
  return /<script nonce="([^"]*)">/.exec(body)?.[1] ?? ''
}
