import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { judge } from './judge.ts'

/** The verdict on a command for `sh`, of which `sent` came from a client. */
function sh(command: string, ...sent: string[]): string | undefined {
  return judge(['/bin/sh', '-c', command], sent)
}

describe('outside of quotes', () => {
  test.each([
    ['a separator', '; id'],
    ['a pipe', '|id'],
    ['a background', '& id'],
    ['and', 'a&&id'],
    ['a new line', 'a\nid'],
    ['a substitution', '$(id)'],
    ['backticks', '`id`'],
    ['a variable', '$HOME'],
    ['a redirect', '>/tmp/x'],
    ['a quote', "a'b"],
    ['another word', 'a b'],
    ['a pattern', '*.txt'],
    ['a home', '~root'],
    ['a home behind an equals sign', 'x=~root'],
    ['braces', '{a,b}'],
    ['a comment', '#x'],
    ['a backslash', 'a\\'],
  ])('%s is stopped', (_what, text) => expect(sh(`ping -c 1 ${text} out`, text)).toBe('code'))

  test.each([
    'app.example',
    '10.0.0.1:80',
    'a-b_c',
    'a@b.example',
    '50%',
    'été.txt',
    '2024-01-01',
    'a#b',
    'x=y',
    'a,b',
    'draft~.txt',
    'https://host.example/~ann/',
    '東京.png',
  ])('%s passes', (text) => expect(sh(`ping -c 1 ${text} out`, text)).toBeUndefined())
})

describe('in single quotes', () => {
  test.each(["'; id'", "a' b", "''"])('%s is stopped', (text) => expect(sh(`echo '${text}'`, text)).toBe('code'))
  test.each(['; id', '$(id)', '`id`', 'a "b" c', 'a\nb', '\\', '* ? #', 'Tom & Ann | Co; (all)'])('%j passes', (text) =>
    expect(sh(`echo '${text}'`, text)).toBeUndefined(),
  )
})

// Variables of the shell, and none of this file.
const BRACES = '$' + '{IFS}'

describe('in double quotes', () => {
  test.each(['"; id; "', '$(id)', '`id`', BRACES, '$HOME', 'a\\', '\\$x', '$1'])('%s is stopped', (text) =>
    expect(sh(`echo "${text}"`, text)).toBe('code'),
  )
  test.each(["O'Brien", '; id', 'a | b & c', '100 $', '5$ or 6', 'C:\\new', '* # (x)', 'a\nb'])('%j passes', (text) =>
    expect(sh(`echo "${text}"`, text)).toBeUndefined(),
  )
})

describe('elsewhere', () => {
  test('two values that open and close together are stopped', () => {
    expect(sh('grep "a\\" "; id #"', 'a\\', '; id #')).toBe('code')
    expect(sh("echo 'a' 'b'; echo '", "a' 'b'; echo '")).toBe('code')
  })
  test('in a substitution of the app', () => {
    expect(sh(`echo "$(cat ${BRACES} $(ls ;id))"`, ';id')).toBe('code')
    expect(sh('echo "$(cat notes.txt)"', 'notes.txt')).toBeUndefined()
    expect(sh('echo `cat notes.txt;id`', 'notes.txt;id')).toBe('code')
  })
  test('in a parameter or a sum', () => {
    expect(sh(`echo \${a:-$(id)}`, '$(id)')).toBe('code')
    expect(sh('echo $((1+a[$(id)]))', 'a[$(id)]')).toBe('code')
  })
  test('in a comment', () => {
    expect(sh('ls # for a;b', 'a;b')).toBeUndefined()
    expect(sh('ls # for a\nid', 'a\nid')).toBe('code')
  })
  test('in a here-document', () => {
    expect(sh('cat <<END\nDear $(id)\nEND\n', 'Dear $(id)')).toBe('code')
    expect(sh('cat <<END\nDear "Ann"; it\'s me\nEND\nls', 'Dear "Ann"; it\'s me')).toBeUndefined()
    expect(sh('cat <<END\nAnn\nEND\nid\nEND\n', 'Ann\nEND\nid')).toBe('code')
    expect(sh("cat <<'END'\n$(x) `y`\nEND\n", '$(x) `y`')).toBeUndefined()
    expect(sh("cat <<'END'\nx\nEND\nid\nEND\n", 'x\nEND\nid')).toBe('code')
  })
  test("in bash's own quotes", () => {
    expect(sh("echo $'a\\'; id #'", "a\\'; id #")).toBe('code')
    expect(sh("echo $'a; b'", 'a; b')).toBeUndefined()
  })
  test('what the app has escaped passes', () => {
    expect(sh('echo a\\;b', ';b')).toBeUndefined()
    expect(sh('echo "\\$x y"', '$x y')).toBeUndefined()
    expect(sh("echo 'O'\\''Brien; x'", "O'Brien; x")).toBeUndefined()
  })
})

describe('shells within shells', () => {
  test.each([
    [['sh', '-c', "sh -c 'ping a;id'"], 'a;id'],
    [['bash', '-lc', 'eval "ping a;id"'], 'a;id'],
    [['env', 'A=b', 'sh', '-ec', 'ping a;id'], 'a;id'],
    [['sudo', '-u', 'me', 'bash', '-c', 'ping a;id'], 'a;id'],
    [['find', '.', '-exec', 'sh', '-c', 'ls a;id', ';'], 'a;id'],
    [['su', 'me', '-c', 'ls a;id'], 'a;id'],
    [['ssh', '-p', '22', 'host', 'ls', 'a;id'], 'a;id'],
    [['watch', 'ls a;id'], 'a;id'],
    [['xargs', 'sh', '-c', 'ls a;id'], 'a;id'],
    [['/usr/bin/BASH', '-c', 'ls a;id'], 'a;id'],
    [['cmd.exe', '/d', '/s', '/c', '"ping a&calc"'], 'a&calc'],
    [['cmd', '/c', 'ping "%PATH%"'], '%PATH%'],
    [['powershell', '-NoProfile', '-Command', 'ping a;calc'], 'a;calc'],
    [['pwsh', '-c', "echo 'a’;calc#'"], 'a’;calc#'],
    [['powershell', '-enc', Buffer.from('ping a;calc', 'utf16le').toString('base64')], 'a;calc'],
  ])('%j is stopped', (words, text) => expect(judge(words, [text])).toBe('code'))

  test.each([
    [['sh', '-c', 'cat -- "$1"', 'sh', 'a;id'], 'a;id'],
    [['ssh', 'host', 'ls', 'a.txt'], 'a.txt'],
    [['git', 'commit', '-m', 'a;id $(x)'], 'a;id $(x)'],
    [['cmd', '/c', 'ping "a & b"'], 'a & b'],
    [['pwsh', '-c', "echo 'a;b $(c)'"], 'a;b $(c)'],
    [['sh', 'script.sh', 'a;id'], 'a;id'],
  ])('%j passes', (words, text) => expect(judge(words, [text])).toBeUndefined())
})

describe('programs in other languages', () => {
  test.each([
    [['node', '-e', 'console.log(1+process.exit())'], '1+process.exit()'],
    [['python3', '-c', "print('a');id#')"], "a');id#"],
    [['perl', '-e', 'print "@{[id]}"'], '@{[id]}'],
    [['php', '-r', 'echo "{$x}";'], '{$x}'],
    [['awk', '-F', ':', '{print $1;system("id")}', 'f'], '$1;system("id")'],
    [['sh', '-c', "node -e 'log(1);exit()'"], '1);exit('],
  ])('%j is stopped', (words, text) => expect(judge(words, [text])).toBe('code'))

  test.each([
    [['node', '-e', "console.log('a; b (c)')"], 'a; b (c)'],
    [['python3', '-c', 'print("it\'s")'], "it's"],
    [['node', 'script.js', 'a;b'], 'a;b'],
  ])('%j passes', (words, text) => expect(judge(words, [text])).toBeUndefined())
})

describe('an option of the client', () => {
  test.each([
    [['git', 'clone', '--upload-pack=id'], '--upload-pack=id'],
    [['ssh', '-oProxyCommand=id', 'host'], '-oProxyCommand=id'],
    [['tar', '-cf', 'a.tar', '--checkpoint=1'], '--checkpoint=1'],
    [['curl', '-s', '--output=/x'], '--output=/x'],
    [['sh', '-c', "git clone '--upload-pack=id'"], '--upload-pack=id'],
    [['sh', '-c', 'sort --help'], '--help'],
    [['grep', '-i', '--help', 'programme.txt'], '--help'],
  ])('%j is stopped', (words, text) => expect(judge(words, [text])).toBeDefined())

  test.each([
    [['git', 'clone', '--', '--upload-pack=id'], '--upload-pack=id'],
    [['git', 'commit', '-m', '-fixed it'], '-fixed it'],
    [['git', 'commit', '-m', '--help'], '--help'],
    [['bc', '-5'], '-5'],
    [['echo', '--help'], '--help'],
    [['git', 'log', '--author=a-b'], 'a-b'],
  ])('%j passes', (words, text) => expect(judge(words, [text])).toBeUndefined())
})

test('a program that the client names is not started', () => {
  expect(judge(['/tmp/x'], ['/tmp/x'])).toBe('program')
  expect(judge(['sh', '-c', './x now'], ['./x'])).toBe('code')
  expect(judge(['/usr/bin/convert', 'a.png'], ['a.png'])).toBeUndefined()
})

describe('properties', () => {
  const word = fc.string({ minLength: 2, maxLength: 12, unit: fc.constantFrom(...'ab1 ;|&$`\'"\\\n()<>*#{}-=/~!') })
  const double = (text: string): string => `"${text.replace(/["$`\\]/g, '\\$&')}"`
  const single = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

  test('a value that is quoted as it should be is never stopped', () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const [first, second] = [single(a), double(b)]
        // Texts are looked for without the blanks around them, too.
        const [bareA, bareB] = [a.trim(), b.trim()]
        fc.pre([bareA, bareB].every((each) => /[^'"\\]/.test(each)))
        // A coincidence with the app's own signs, or with the other value, is none of its doing.
        fc.pre(![`printf %s ' > out; ls "`, second].some((own) => own.includes(bareA)) && !a.startsWith('-'))
        fc.pre(![`printf %s ' > out; ls "`, first].some((own) => own.includes(bareB)) && !b.startsWith('-'))
        return sh(`printf %s ${first} > out; ls ${second}`, a, b) === undefined
      }),
      { numRuns: 2000 },
    )
  })

  test('nothing breaks it, and nothing takes it long', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), word, (command, text) => void sh(command + text, text)))
    expect(sh('"$('.repeat(20_000), '$("$("')).toBe('code')
    expect(sh(`echo ${'`'.repeat(50_000)}`, '``')).toBe('code')
  })
})

test('options behind a program are options to some languages', () => {
  expect(judge(['node', '-e', 'run()', '--require=./up.js'], ['--require=./up.js'])).toBe('option')
  expect(judge(['node', '-e', 'run()', '--', '--require=./up.js'], ['--require=./up.js'])).toBeUndefined()
  expect(judge(['python3', '-c', 'run()', '--x'], ['--x'])).toBeUndefined()
})

describe('bash', () => {
  test('a here-string is a word', () => {
    expect(sh('wc <<< "it\'s (a) file; or two"', "it's (a) file; or two")).toBeUndefined()
    expect(sh('wc <<< "a$(id)"', 'a$(id)')).toBe('code')
    expect(sh('wc <<< x; id', 'x; id')).toBe('code')
  })

  test('what trap is told runs later', () => {
    expect(sh('trap "rm a; id" EXIT', 'a; id')).toBe('code')
    expect(sh('trap -- "rm $(id)" EXIT', '$(id)')).toBe('code')
    expect(sh('trap "rm a.txt" EXIT', 'a.txt')).toBeUndefined()
  })
})
