import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Untrusted } from '../../../core/sink.ts'
import { ClientTexts } from '../../../firewall/untrusted.ts'
import { type PathSink, pathSink } from './sink.ts'

const ROOT = '/srv/files'

/** What a client sent as the values of a form. */
function sent(...values: string[]): Untrusted {
  const bytes = Buffer.from(values.map((value, i) => `v${i}=${encodeURIComponent(value)}`).join('&'))
  return new ClientTexts({
    target: '/download',
    rawHeaders: ['Host', 'app.example', 'Referer', 'https://app.example/files/list', 'Accept', '*/*'],
    bodyForSinks: [bytes],
    bodyBytes: bytes.length,
    client: '192.0.2.1',
    header: (name) => (name === 'content-type' ? 'application/x-www-form-urlencoded' : undefined),
  })
}

/** Puts pieces together as an app does, and uses the path. */
function use(
  how: 'join' | 'resolve' | 'raw',
  pieces: string[],
  untrusted: Untrusted,
  sink: PathSink = pathSink(),
): string {
  let used = pieces.join('')
  if (how !== 'raw') {
    sink.remember(pieces, how === 'resolve', untrusted)
    used = how === 'join' ? join(...pieces) : resolve(...pieces)
  }
  return sink.judge(used, untrusted) === undefined ? 'passes' : 'stopped'
}

describe('a name that leads out of the folder is stopped', () => {
  const steps: readonly [string, string][] = [
    ['one step', '../secret.txt'],
    ['many steps', '../../../../etc/passwd'],
    ['more steps than folders', `${'../'.repeat(40)}etc/passwd`],
    ['steps behind a folder', 'a/../../secret.txt'],
    ['steps behind the name of a file', 'tide.txt/../../secret.txt'],
    ['a doubled slash', '..//secret.txt'],
    ['a dot between', '.././secret.txt'],
    ['nothing but steps', '..'],
    ['a slash at the end', '../'],
    ['a slash at the beginning', '/../secret.txt'],
    ['the folder beside that begins alike', '../files-of-others/a.txt'],
    ['other letters', '../SECRET.txt'],
  ]
  for (const how of ['join', 'resolve', 'raw'] as const) {
    test.each(steps)(`${how}: %s`, (_what, name) => {
      if (how === 'resolve' && name.startsWith('/')) return
      const pieces = how === 'raw' ? [`${ROOT}/`, name] : [ROOT, name]
      expect(use(how, pieces, sent(name))).toBe('stopped')
    })
  }

  test.each([
    ['percent-encoded', '..%2f..%2fetc%2fpasswd', '../../etc/passwd'],
    ['percent-encoded twice', '%252e%252e%252fsecret', '../secret'],
    ['in base64', Buffer.from('../../etc/passwd').toString('base64'), '../../etc/passwd'],
    ['in JSON', '{"file":"../../etc/passwd"}', '../../etc/passwd'],
    ['with backslashes that the app turns', '..\\..\\etc\\passwd', '../../etc/passwd'],
    ['doubled for those who take it out once', '....//....//etc/passwd', '../../etc/passwd'],
    ['with blanks that the app cuts off', '  ../secret ', '../secret'],
    ['in letters that the app makes small', '../Secret', '../secret'],
    ['in full-width letters', '．．/secret', '../secret'],
  ])('%s', (_what, sends, becomes) => {
    expect(use('join', [ROOT, becomes], sent(sends))).toBe('stopped')
    expect(use('raw', [`${ROOT}/`, becomes], sent(sends))).toBe('stopped')
  })

  test('with an ending and a beginning of the app', () => {
    expect(use('join', [ROOT, '../secret.html'], sent('../secret'))).toBe('stopped')
    expect(use('raw', [`${ROOT}/page-`, '/../../secret', '.html'], sent('/../../secret'))).toBe('stopped')
  })

  test('in several values', () => {
    expect(use('join', [ROOT, '..', 'secret'], sent('..', 'secret'))).toBe('stopped')
    expect(use('join', [ROOT, 'a', '..', '..', 'b'], sent('a', '..', 'b'))).toBe('stopped')
  })

  test('when the folder is relative', () => {
    expect(use('join', ['files', '../../secret'], sent('../../secret'))).toBe('stopped')
    expect(use('raw', ['./files/', '../../secret'], sent('../../secret'))).toBe('stopped')
    expect(use('raw', ['../../secret'], sent('../../secret'))).toBe('stopped')
  })

  test('by a root of its own', () => {
    expect(use('resolve', [ROOT, '/etc/passwd'], sent('/etc/passwd'))).toBe('stopped')
    expect(use('resolve', [ROOT, '/etc'], sent('/etc'))).toBe('stopped')
    expect(use('raw', ['/etc/passwd'], sent('/etc/passwd'))).toBe('stopped')
    expect(use('raw', ['/etc/passwd.html'], sent('/etc/passwd'))).toBe('stopped')
    expect(use('raw', ['/etc/passwd'], sent('file:///etc/passwd'))).toBe('stopped')
    expect(use('raw', ['/etc/passwd'], sent('//etc/./passwd'))).toBe('stopped')
  })

  test('by a NUL', () => {
    expect(use('raw', [`${ROOT}/`, 'a.txt\0.png'], sent('a.txt\0.png'))).toBe('stopped')
  })

  test('and so is what lies below', () => {
    const untrusted = sent('../others')
    const sink = pathSink()
    sink.remember([ROOT, '../others'], false, untrusted)
    expect(sink.judge('/srv/others/letter.txt', untrusted)).toBeDefined()
    expect(sink.judge('/srv/others.txt', untrusted)).toBeDefined()
    expect(sink.judge('/srv/files/letter.txt', untrusted)).toBeUndefined()
    expect(sink.judge('/app/views/error.html', untrusted)).toBeUndefined()
  })

  test('above the app itself, only with a name of the client', () => {
    const untrusted = sent('../..', 'etc/passwd')
    const sink = pathSink()
    sink.remember([ROOT, '../..'], false, untrusted)
    expect(sink.judge('/', untrusted)).toBeDefined()
    expect(sink.judge('/etc/passwd', untrusted)).toBeDefined()
    expect(sink.judge('/app/views/error.html', untrusted)).toBeUndefined()
  })

  test('also where nobody saw how the path was put together', () => {
    expect(pathSink().judge('/etc/passwd', sent('../../etc/passwd'))).toBeDefined()
  })

  test('also when it stands in what there was no room to take apart', () => {
    const name = '../../etc/passwd'
    const values = Array.from({ length: 21_000 }, (_, i) => `word-${i}`).concat(name)
    expect(use('join', [ROOT, name], sent(...values))).toBe('stopped')
  })
})

describe('a part of what a client sent is stopped', () => {
  test.each([
    ['one of several', 'a.txt,../secret.txt', '../secret.txt'],
    ['the end', 'file:x-../../etc/passwd', '../../etc/passwd'],
    ['the beginning', '../../etc/passwd and more', '../../etc/passwd'],
    ['with an ending of the app', '<b>../secret</b>', '../secret.html'],
  ])('%s', (_what, text, name) => {
    expect(use('join', [ROOT, name], sent(text))).toBe('stopped')
    expect(use('raw', [`${ROOT}/`, name], sent(text))).toBe('stopped')
  })

  test('but not when it stays, nor when the code itself wrote it', () => {
    expect(use('raw', [`${ROOT}/`, 'a/../b.txt'], sent('x-a/../b.txt'))).toBe('passes')
    expect(use('raw', ['/srv/app/', '../views/index.html'], sent("import { x } from '../views/home.ts'"))).toBe(
      'passes',
    )
  })
})

describe('an honest path passes', () => {
  test.each([
    'tide.txt',
    'a..b.txt',
    '..hidden',
    'ends..',
    '...',
    '.../a',
    '.env.example',
    'v1.2..3/notes.md',
    'a b/c d.txt',
    '2024/11/report.pdf',
    'a/../b.txt',
    './a.txt',
    'été/ß.txt',
    'İstanbul/../a.txt',
  ])('%s', (name) => {
    for (const how of ['join', 'resolve'] as const) expect(use(how, [ROOT, name], sent(name))).toBe('passes')
    expect(use('raw', [`${ROOT}/`, name], sent(name))).toBe('passes')
  })

  test('whose steps the code itself wrote', () => {
    expect(use('join', ['/srv/app/lib', '../public', 'a.txt'], sent('a.txt'))).toBe('passes')
    expect(use('join', [ROOT, 'a.txt', '../../other'], sent('a.txt', 'x/../y'))).toBe('passes')
    expect(use('join', [ROOT, 'x/../y', '../../other'], sent('x/../y'))).toBe('passes')
  })

  test('that begins like something the client sent', () => {
    expect(use('raw', ['/srv/files/a.txt'], sent('/srv'))).toBe('passes')
    expect(use('raw', ['/srv/files/a.txt'], sent('/', '/srv/files'))).toBe('passes')
    expect(use('resolve', ['/app', '/srv/files', 'a.txt'], sent('/', '/srv'))).toBe('passes')
  })

  test('from the root on that stays in its folder', () => {
    expect(use('resolve', [ROOT, '/srv/files/a.txt'], sent('/srv/files/a.txt'))).toBe('passes')
  })

  test('that has nothing to do with the steps that somebody sent', () => {
    expect(use('join', [ROOT, 'a.txt'], sent('../../etc/passwd'))).toBe('passes')
    expect(use('join', [ROOT, 'a.txt'], sent('../a.txt'))).toBe('passes')
  })

  test('below a folder that clients may name', () => {
    const sink = pathSink()
    sink.allow('/srv')
    expect(use('raw', ['/srv/files/a.txt'], sent('/srv/files/a.txt'), sink)).toBe('passes')
    expect(use('join', [ROOT, '../other/a.txt'], sent('../other/a.txt'), sink)).toBe('passes')
    expect(use('join', [ROOT, '../../etc/passwd'], sent('../../etc/passwd'), sink)).toBe('stopped')
    expect(use('raw', ['/srv-of-others/a.txt'], sent('/srv-of-others/a.txt'), sink)).toBe('stopped')
  })
})

describe('hostile amounts', () => {
  test('many steps in many values are looked at in a moment', () => {
    const values = Array.from({ length: 3000 }, (_, i) => `../${i}/`)
    const untrusted = sent(...values)
    const sink = pathSink()
    const long = `${ROOT}/${'../'.repeat(1300)}`
    for (let i = 0; i < 100; i++) sink.remember([long], false, untrusted)
    expect(sink.judge(long, untrusted)).toBeUndefined()
  }, 20_000)
})

test.each([
  '/etc/./app/secret.txt',
  '/etc//app/secret.txt',
  '/etc/app/x/../secret.txt',
  '\u2028/etc/app/secret.txt',
  '/etc/app/secret',
])('a whole path is stopped as the system reads it, which the client wrote as %j', (text) =>
  expect(use('raw', ['/etc/app/secret.txt'], sent(text))).toBe('stopped'),
)
