import { describe, expect, test } from 'vitest'
import { type Answer, parseAnswer } from './ask.ts'
import { facts, page } from './cases.ts'
import { faultsOf, faultsOfNonces } from './checks.ts'
import { requestOf } from './requests.ts'

const protectedHead = {
  'content-security-policy': "default-src 'self'; frame-ancestors 'none'; script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA=='",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

function answer(headers: Record<string, string>, body: string = facts['get-json'].expected.prefix): Answer {
  const all = { 'content-type': 'application/json', ...headers }
  return { status: 200, headers: new Map(Object.entries(all).map(([name, value]) => [name, [value]])), body }
}

function html(nonce: string): Answer {
  return answer({ 'content-type': 'text/html', ...protectedHead }, page(nonce))
}

describe('an answer of a stack', () => {
  test('is right when body and security headers are there', () => {
    expect(faultsOf(answer(protectedHead), 'bulwark', 'get-json')).toEqual([])
    expect(faultsOf(answer({ ...protectedHead, ratelimit: 'r=1' }), 'usual', 'get-json')).toEqual([])
    expect(faultsOf(answer({}), 'bare', 'get-json')).toEqual([])
  })

  test.each(Object.keys(protectedHead))('is wrong without %s', (name) => {
    const rest = Object.fromEntries(Object.entries(protectedHead).filter(([one]) => one !== name))
    expect(faultsOf(answer(rest), 'bulwark', 'get-json')).not.toEqual([])
  })

  test('is wrong when neither the policy nor X-Frame-Options forbids framing', () => {
    const framed = { ...protectedHead, 'content-security-policy': "default-src 'self'" }
    expect(faultsOf(answer(framed), 'bulwark', 'get-json')).toEqual(['nothing forbids framing'])
    expect(faultsOf(answer({ ...framed, 'x-frame-options': 'DENY' }), 'bulwark', 'get-json')).toEqual([])
  })

  test('is wrong when the usual stack does not count, or X-Powered-By is there', () => {
    expect(faultsOf(answer(protectedHead), 'usual', 'get-json')).toEqual(['the rate limit does not count'])
    const talkative = answer({ ...protectedHead, 'x-powered-by': 'Express' })
    expect(faultsOf(talkative, 'bulwark', 'get-json')).toEqual(['X-Powered-By is sent'])
  })

  test('is wrong when the bare stack is not bare', () => {
    expect(faultsOf(answer(protectedHead), 'bare', 'get-json')).toHaveLength(1)
  })

  test('is wrong with another status, type or body', () => {
    expect(faultsOf({ ...answer({}, 'Too Many Requests'), status: 429 }, 'bare', 'get-json')).toEqual([
      'the status is 429, not 200',
      'the body is not the expected one',
    ])
    expect(faultsOf(answer({ 'content-type': 'text/plain' }), 'bare', 'get-json')).toHaveLength(1)
  })
})

describe('the nonce of a page', () => {
  const nonce = 'AAAAAAAAAAAAAAAAAAAAAA=='

  test('is named by the policy and differs from answer to answer', () => {
    expect(faultsOfNonces(html(nonce), html('BBBBBBBBBBBBBBBBBBBBBB=='), 'bulwark', 'get-html')).toEqual([])
  })

  test.each([
    ['is missing', html(''), html('')],
    ['is repeated', html(nonce), html(nonce)],
    ['is not the one of the policy', html('CCCCCCCCCCCCCCCCCCCCCC=='), html(nonce)],
  ])('is a fault when it %s', (_, first, second) => {
    expect(faultsOfNonces(first, second, 'bulwark', 'get-html')).toHaveLength(1)
  })
})

test('an answer is read whole, with repeated headers, or not yet', () => {
  const text = 'HTTP/1.1 201 Created\r\nSet-Cookie: a=1\r\nset-cookie: b=2: 3\r\nContent-Length: 2\r\n\r\nok'
  expect(parseAnswer(text.slice(0, -1))).toBeUndefined()
  expect(parseAnswer(text.slice(0, 20))).toBeUndefined()
  const read = parseAnswer(text)
  expect(read).toMatchObject({ status: 201, body: 'ok' })
  expect(read?.headers.get('set-cookie')).toEqual(['a=1', 'b=2: 3'])
})

test('a request is what a browser sends, and credentials win over it', () => {
  const request = requestOf('post-json', { Origin: 'https://evil.example', Cookie: 'a=1' })
  const [head = '', body = ''] = request.split('\r\n\r\n')
  expect(head.split('\r\n')[0]).toBe('POST /api/posts HTTP/1.1')
  expect(head.match(/^Origin: .*$/gm)).toEqual(['Origin: https://evil.example'])
  expect(head).toContain(`Content-Length: ${body.length}`)
  expect(body).toBe(facts['post-json'].body)
})
