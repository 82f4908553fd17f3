import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Evidence } from '../library/core/finding.ts'
import type { Answer, Ask, RawAnswer } from '../library/core/probe.ts'
import { evidenceOf, hideSecrets, quote } from './evidence.ts'
import { page, reach, type Served, serve } from './lab.ts'

const run = promisify(execFile)
const hasCurl = spawnSync('curl', ['--version']).status === 0
const echo = (): Promise<Served> => serve((seen, res) => page(res, `You sent ${seen.body || seen.url}`))

async function evidence(
  victim: Served,
  ask: Ask,
  more: { nonces?: string[]; secrets?: string[] } = {},
): Promise<Evidence> {
  const { target, run: all } = await reach(victim.origin)
  const answer: Answer = await target.send(ask)
  const sent = all.record.get(answer)
  if (!sent) throw new Error('nothing was recorded')
  return evidenceOf(answer, { sent, repeats: 2, nonces: more.nonces ?? [], secrets: more.secrets ?? [] })
}

describe('the command line', () => {
  test.runIf(hasCurl).each<[string, Ask]>([
    ['a path that curl would tidy up', { path: '/a/../b//c?x=[1-3]&y={a,b}&z=$HOME`id`' }],
    ['quotes of every kind', { method: 'POST', path: `/it's"`, form: { a: `'"$(id)\\n` }, headers: { 'X-A': `b'c"` } }],
    ['JSON', { method: 'PUT', path: '/', json: { a: "it's", b: ['@/etc/hosts', 1] } }],
    [
      'a body that begins with @',
      { method: 'POST', path: '/', body: '@/etc/hosts', headers: { 'content-type': 'text/plain' } },
    ],
    ['an empty header and a foreign host', { path: '/', headers: { host: 'evil.example', 'X-Empty': '' } }],
    ['a method of its own', { method: 'PROPFIND', path: '/' }],
  ])('repeats %s exactly', async (_, ask) => {
    const victim = await echo()
    const { curl } = await evidence(victim, ask)
    await run('sh', ['-c', `${curl} --silent`])
    const [first, second] = victim.seen
    expect(second).toMatchObject({ method: first?.method, url: first?.url, body: first?.body })
    for (const name of ['content-type', 'host', 'x-a', 'x-empty']) {
      expect(second?.headers[name]).toBe(first?.headers[name])
    }
  })

  test('repeats what curl cannot send through a bare socket', async () => {
    const victim = await echo()
    const { curl } = await evidence(victim, { path: '/', headers: { 'X-A': "b'c\r\nX-Injected: y\\es" } })
    expect(curl).toMatch(/^\{ printf '%b' /)
    await run('sh', ['-c', curl.replace(/; sleep 1; }.*$/, '; }')]).then(({ stdout }) => {
      expect(stdout).toMatch(/^GET \/ HTTP\/1\.1\r\nHost: /)
      expect(stdout).toContain("X-A: b'c\r\nX-Injected: y\\es\r\n")
    })
  })

  test('describes large and binary bodies by their length', async () => {
    const victim = await echo()
    const large = await evidence(victim, { method: 'POST', path: '/', body: 'x'.repeat(3000) })
    expect(large.curl).toContain('(3000 bytes)')
    expect(large.curl.length).toBeLessThan(500)
    expect((await evidence(victim, { method: 'POST', path: '/', body: new Uint8Array([0, 1, 255]) })).curl).toContain(
      '(3 bytes)',
    )
  })
})

test('the answer is shown around the word of the probe', async () => {
  const victim = await serve((seen, res) => page(res, `${'a'.repeat(5000)} [${seen.url}] ${'b'.repeat(5000)}`))
  const { response } = await evidence(victim, { path: '/bwnonce' }, { nonces: ['bwnonce'] })
  expect(response).toMatch(/^HTTP\/1\.1 200 OK\ncontent-type: text\/html/)
  const body = response.split('\n\n')[1] ?? ''
  expect(body).toMatch(/^\.\.\. a+ \[\/bwnonce\] b+ \.\.\.$/)
  expect(body.length).toBeLessThan(420)
})

describe('secrets', () => {
  const all = ({ curl, request, response }: Evidence): string => `${curl}\n${request}\n${response}`

  test('in headers are taken out, with the names and attributes left', async () => {
    const victim = await serve((_, res) =>
      page(res, 'x', { 'set-cookie': ['sid=s3cr3t-a; Path=/; HttpOnly', 'b=s3cr3t-b'] }),
    )
    const shown = await evidence(victim, {
      path: '/',
      headers: { Cookie: 'sid=s3cr3t-c; b=s3cr3t-d', Authorization: 'Bearer s3cr3t-e', 'X-Csrf-Token': 's3cr3t-f' },
    })
    expect(all(shown)).not.toContain('s3cr3t')
    expect(shown.response).toContain('sid=[redacted]; Path=/; HttpOnly')
    expect(shown.request).toContain('Cookie: sid=[redacted]; b=[redacted]')
    expect(shown.request).toContain('Authorization: Bearer [redacted]')
  })

  test('in forms and JSON are taken out, but neither operators nor the own words of the probe', async () => {
    const victim = await serve((_, res) => page(res, 'x'))
    const fields = { user: 'ada', password: "s3cr3t'1", 'user[password]': 's3cr3t2', _csrf: 's3cr3t3' }
    for (const ask of [{ form: fields }, { json: fields }]) {
      const shown = await evidence(victim, { method: 'POST', path: '/', ...ask })
      expect(all(shown)).not.toContain('s3cr3t')
      expect(shown.request).toContain('ada')
    }
    const operator = await evidence(victim, { method: 'POST', path: '/', json: { password: { $ne: 'bwx' } } })
    expect(operator.request).toContain('{"password":{"$ne":"bwx"}}')
    const own = await evidence(
      victim,
      { method: 'POST', path: '/', form: { password: "' or bwy=1" } },
      { nonces: ['bwy'] },
    )
    expect(own.request).toContain('bwy')
  })

  test('of the account are taken out wherever they stand and however they are encoded', async () => {
    const victim = await serve((seen, res) => page(res, `<p>${seen.body}</p> pass "word"/1`))
    const secrets = ['pass "word"/1']
    const shown = await evidence(
      victim,
      { method: 'POST', path: '/?pass%20%22word%22%2F1', json: { note: secrets[0] } },
      { secrets },
    )
    const form = await evidence(victim, { method: 'POST', path: '/', form: { note: 'pass "word"/1' } }, { secrets })
    expect(all(shown) + all(form)).not.toMatch(/word/)
    expect(hideSecrets('a pass "word"/1 b', secrets)).toBe('a [redacted] b')
  })

  test('in raw bytes are taken out as well', async () => {
    const victim = await serve((_, res) => page(res, 'x', { 'set-cookie': 'sid=s3cr3t-a' }))
    const { target, run: all } = await reach(victim.origin)
    const answer: RawAnswer = await target.raw({
      parts: ['GET / HTTP/1.1\r\nHost: x\r\nCookie: sid=s3cr3t-b\r\n\r\n'],
      hold: 60,
    })
    const sent = all.record.get(answer)
    expect(sent).toBeDefined()
    const shown = evidenceOf(answer, {
      sent: sent ?? { ground: all.wire.ground, from: undefined },
      repeats: 1,
      nonces: [],
      secrets: [],
    })
    expect(JSON.stringify(shown)).not.toContain('s3cr3t')
    expect(shown.response).toMatch(/set-cookie: sid=\[redacted\]/i)
    expect(shown.curl).toContain(`| nc 127.0.0.1 ${victim.port}`)
  })
})

test('an answer that never came is shown as such', async () => {
  const victim = await serve((_, _res, req) => req.socket.destroy())
  expect((await evidence(victim, { path: '/' })).response).toBe('(no answer: reset)')
})

test('words for the shell are quoted when they must be', () => {
  expect([quote('a/b:c'), quote("a'b"), quote(''), quote('$x')]).toEqual(['a/b:c', `'a'\\''b'`, "''", "'$x'"])
})
