import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ProbeResult, probes } from '@bulwark/prober'
import { expect, test } from 'vitest'
import { parseArguments, UsageError } from './arguments.ts'
import { stopperOf } from './duel.ts'
import { tryHonestly } from './honest.ts'
import { linesOf } from './lines.ts'
import { toHtml } from './page.ts'
import { toPicture } from './picture.ts'
import { type Attack, type DemoResult, evidenceOf, failuresOf, toJson } from './result.ts'
import { attackLine, closing } from './screen.ts'

const PLAIN = { colour: false }

test('options are read, and what is wrong with them is said', () => {
  expect(parseArguments(['--once', '--json', 'r.json', '--only', 'csrf,xss', '--only', 'cors'])).toEqual({
    once: true,
    json: 'r.json',
    only: ['csrf', 'xss', 'cors'],
    help: false,
  })
  for (const wrong of [['--twice'], ['word'], ['--json'], ['--json', ''], ['--only', 'csrf,']])
    expect(() => parseArguments(wrong), wrong.join(' ')).toThrow(UsageError)
})

test('an attack is stopped by the guard that refused it wherever it was tried', () => {
  const probe = probed('csrf/form', 'disproven', ['/a', '/b'])
  const refused = (guard: string, path: string) => ({ guard, outcome: 'denied' as const, request: about(path) })
  expect(stopperOf(probe, [refused('body-limits', '/a'), refused('body-limits', '/b')])).toBe('body-limits')
  expect(stopperOf(probe, [refused('body-limits', '/a'), refused('body-limits', '/a')])).toBe('csrf')
  expect(stopperOf(probe, [{ ...refused('cors', '/a'), outcome: 'observed' }])).toBe('csrf')
  expect(stopperOf(probe, [])).toBe('csrf')
})

test('a run fails when an attack got through, when nothing can be said, and when honest people are turned away', () => {
  expect(failuresOf(run([]), 1)).toEqual([])
  expect(failuresOf(run([]), 2)[0]).toContain('Only 1 attacks broke the unsafe blog')
  expect(failuresOf(run([{ protected: probed('a/b', 'proven', ['/']) }]), 1)[0]).toContain('a/b got through')
  expect(failuresOf(run([{ protected: probed('a/b', 'inconclusive', ['/']) }]), 1)[0]).toContain('nothing can be said')
  expect(failuresOf(run([{ honest: 'fails', requests: ['POST / 403'] }]), 1)[0]).toContain('POST / 403')
  const stopped = { why: 'target', message: 'It is gone.' } as const
  const ended = run([])
  expect(failuresOf({ ...ended, protected: { ...ended.protected, stopped } }, 1)[0]).toContain('It is gone.')
})

test('the words about a broken place are its method, its path and the status that came back', () => {
  expect(evidenceOf(probed('a/b', 'proven', ['/x']))).toBe('GET /x → 200')
  expect(evidenceOf(probed('a/b', 'disproven', ['/x']))).toBe('')
})

test('no line on the screen is wider than 80 columns, and none can rewrite the screen', () => {
  const long = `/${'long/'.repeat(30)}\u001b[2J`
  const result = run([{ unsafe: probed('a/b', 'proven', [long]), stoppedBy: 'a-guard-with-a-very-long-name' }])
  // Two attacks that should have broken the twin: the failures are on the screen as well.
  const text = `${attackLine(result.attacks[0] as Attack, PLAIN)}\n${closing(result, 2, PLAIN)}`
  expect(text).toContain('! Only 1 attacks broke')
  expect(text).not.toContain('\u001b')
  for (const line of text.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(80)
  expect(attackLine(result.attacks[0] as Attack, { colour: true })).toContain('\u001b[31m')
})

test('a long name takes the blanks beside it, and what is cut off never is the mark of a second defence', () => {
  const names = { id: 'sign-in-throttle/user-enumeration', stoppedBy: 'prototype-pollution' }
  const [attack] = run([names]).attacks
  const line = attackLine(attack as Attack, PLAIN, { 'sign-in-throttle/user-enumeration': 'By chance.' })
  expect(line).toBe('sign-in-throttle/user-enumeration ✗ GET / → 200              ✓ prototype-poll… +')
  const short = attackLine(run([{ stoppedBy: 'prototype-pollution' }]).attacks[0] as Attack, PLAIN)
  expect(short.indexOf('✓')).toBe(line.indexOf('✓'))
  const long = attackLine(run([{ id: 'sign-in-throttle/one-address-many-accounts' }]).attacks[0] as Attack, PLAIN)
  expect(long.indexOf('✓')).toBe(line.indexOf('✓'))
})

test('an attack that got through stands out', () => {
  const [attack] = run([{ protected: probed('a/b', 'proven', ['/']), stoppedBy: undefined }]).attacks
  expect(attackLine(attack as Attack, PLAIN)).toContain('✗ GOT THROUGH')
})

test('lines count when they import from Bulwark or use what was imported', () => {
  const source = `import { html, type Html as Markup } from 'bulwark'
import { secure } from 'bulwark/express'
import { html as other } from './html.ts'

// html in a comment
const page: Markup = html\`<p>\`
app.get('/html', secure({ limit: '5/min' }), (req) => req.security.id)
const insecure = 1
`
  expect(linesOf(source)).toEqual({ all: 7, imports: 2, uses: 2 })
})

test('the report has one style that its policy names by hash, no script, and no markup of attackers', () => {
  const evil = { ...probed('a/b', 'proven', ['/<img src=x onerror=alert(1)>']), message: '<script>alert(1)</script>' }
  const page = toHtml(run([{ unsafe: evil }]))
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  expect(page).toContain(`default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;`)
  expect(page).not.toMatch(/<script|<img|\son\w+\s*=\s*["']|\sstyle=|https?:\/\/(?!127\.)[^"']*["']/)
  expect(page.match(/<details>/g)).toHaveLength(1)
  for (const tag of ['html', 'head', 'body', 'main', 'section', 'details', 'dl', 'p', 'pre', 'div'])
    expect(page.match(new RegExp(`<${tag}[ >]`, 'g'))?.length, tag).toBe(
      page.match(new RegExp(`</${tag}>`, 'g'))?.length,
    )
})

test('the picture is drawn from what programs are told', () => {
  const picture = toPicture(JSON.parse(JSON.stringify(toJson(run([{ stoppedBy: 'a' }])))))
  expect(picture).toContain('>✗ GET / → 200</text>')
  expect(picture).toContain('>1 of 1</text>')
  expect(picture).not.toContain('more</text>')
})

test('the picture on the front page tells of as many attacks as there are', async () => {
  const picture = await readFile(new URL('../../docs/demo.svg', import.meta.url), 'utf8')
  // When this fails: npm run demo -- --once --json demo.json, and node example/dist/demo/picture.js demo.json docs/demo.svg
  expect(picture).toMatch(
    new RegExp(`\\d+ of ${probes.length} attacks work on the unsafe twin, 0 on the protected one`),
  )
})

test('honest requests fail where the app turns people away or sends them back to the sign-in', async () => {
  const server = createServer((req, res) => {
    const status = req.url === '/closed' ? 403 : req.url === '/inside' ? 303 : 200
    res.writeHead(status, status === 303 ? { Location: '/sign-in?next=/inside' } : {}).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const routes = ['/', '/open', '/closed', '/inside'].map((path) => ({ method: 'GET', path }))
  const account = { signIn: { path: '/sign-in', type: 'form', fields: {} } } as const
  const attacks = ['/open', '/closed', '/inside'].map(
    (path): Attack => ({
      id: path,
      unsafe: probed('a/b', 'proven', [path]),
      protected: probed('a/b', 'disproven', [path]),
      stoppedBy: 'a',
      events: [],
    }),
  )
  const honest = await tryHonestly(attacks, { unsafe: origin, protected: origin }, routes, account)
  server.close()
  expect([...honest].map(([id, { honest: is }]) => [id, is])).toEqual([
    ['/open', 'passes'],
    ['/closed', 'fails'],
    ['/inside', 'fails'],
  ])
  expect(honest.get('/closed')?.requests).toEqual(['GET /closed 403 (unsafe 403)'])
})

function about(path: string): { id: string; method: string; path: string; ip: string } {
  return { id: 'i', method: 'GET', path, ip: '127.83.0.1' }
}

function probed(probe: string, verdict: ProbeResult['verdict'], paths: readonly string[]): ProbeResult {
  const evidence = { curl: 'curl /', request: 'GET / HTTP/1.1', response: 'HTTP/1.1 200 OK', repeats: 2 }
  const words = { message: 'It worked.', remedy: 'Stop it.' }
  return {
    probe,
    risk: 'danger',
    title: 'Danger',
    severity: 'high',
    kind: 'active',
    verdict,
    outcomes: paths.map((path) => ({ verdict, method: 'GET', path, ...words, evidence })),
    ...words,
    evidence,
    ms: 1,
    requests: 1,
  }
}

/** A run in which one attack broke the unsafe blog and was stopped at the other, but for the changes. */
function run([change]: readonly Partial<DemoResult['attacks'][number]>[]): DemoResult {
  const report = {
    target: 'http://127.0.0.1:1',
    started: 0,
    ms: 1,
    requests: 1,
    routes: [],
    results: [],
    totals: { proven: 0, disproven: 0, inconclusive: 0, 'not-applicable': 0, skipped: 0 },
    grade: { letter: 'A', score: 95, coverage: '' },
    findings: [],
    notes: [],
  }
  const attack = {
    id: 'a/b',
    unsafe: probed('a/b', 'proven', ['/']),
    protected: probed('a/b', 'disproven', ['/']),
    stoppedBy: 'a',
    events: [],
    honest: 'passes',
    requests: [],
    ...change,
  } as const
  return {
    attacks: [attack],
    unsafe: report,
    protected: report,
    lines: { all: 9, imports: 1, code: 1, views: 1 },
    ms: 1,
  }
}
