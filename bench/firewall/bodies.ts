import { statementOf } from './calls.ts'

/** One body that costs a sink as much as somebody who tries may make it cost. */
export interface Hostile {
  readonly name: string
  readonly type: 'json' | 'form' | 'multipart' | 'text'
  readonly body: string
}

/** As large as the default policy lets a body be. */
export const SIZE = 100_000

/** Bodies of about 100 kB, each made to tire one part of what looks at them. The first is an honest one. */
export function hostileBodies(): readonly Hostile[] {
  return [
    json('honest', {
      title: 'A day by the sea',
      text: "the tide was out, and it's been a while",
      tags: ['sea', 'walk'],
    }),
    ...lists(),
    ...single(),
    ...shapes(),
    ...encodings(),
    form(
      'a form of lists',
      repeat((i) => `a[b${i}][]=x%20${i}`, '&'),
    ),
    form(
      'a form of one name',
      repeat((i) => `a=x${i}'`, '&'),
    ),
    form('a form of brackets', `${'[a]'.repeat(SIZE / 3)}=1`),
    multipart('a form with files', (i) => `Content-Disposition: form-data; name="f${i}"\r\n\r\nx' ${i}\r\n`),
  ]
}

/** Many short texts: each sink has to look for every one of them. */
function lists(): readonly Hostile[] {
  const rows: readonly (readonly [string, (i: number) => string])[] = [
    ['words of three', (i) => i.toString(36).padStart(3, 'z')],
    ['words with a quote', (i) => `${i.toString(36)}'`],
    ['words with a blank', (i) => `a ${i.toString(36)}`],
    ['words of two signs', (i) => String.fromCharCode(0x21 + (i % 93), 0x21 + (Math.floor(i / 93) % 93))],
    ['words of three signs', (i) => signs(i, 3)],
    ['words of four signs', (i) => signs(i, 4)],
    ['words of the code', (i) => wordsOfCode(i)],
    ['words in capitals', (i) => `OR ${i.toString(36).toUpperCase()}`],
    ['hosts', (i) => `h${i}.example`],
    ['addresses in hex', (i) => `0x7f${i.toString(16)}`],
    ['links', (i) => `http://10.${i >> 8}.${i & 255}.1`],
    ['percent signs', (i) => `%4${i % 10}${i.toString(36)}`],
    ['steps upwards', (i) => `../${i.toString(36)}`],
    ['steps upwards in a row', (i) => `${'../'.repeat(1 + (i % 40))}${i}`],
    ['roots', (i) => `/a/${i.toString(36)}`],
    ['calls', (i) => `f(${i.toString(36)})`],
    ['marks of templates', (i) => `{{a.${i.toString(36)}}}`],
    ['options', (i) => `-o${i.toString(36)}`],
    ['ends of commands', (i) => `;x${i.toString(36)}`],
    ['references', (i) => `$${i.toString(36)}`],
    ['wide letters', (i) => `\uff41\uff07${i.toString(36)}`],
    ['JSON in texts', (i) => `["${i.toString(36)}'"]`],
    ['base64', (i) => Buffer.from(`it's ${i.toString(36).padStart(4, '0')}`).toString('base64')],
    ['pieces of the statement', (i) => statementOf('words').slice(i * 7, i * 7 + 9)],
    ['pieces with quotes', (i) => `${statementOf('words').slice(i * 5, i * 5 + 7)}'`],
    ['pieces of a list', (i) => statementOf('list').slice(i * 3, i * 3 + 12)],
    ['steps of a', (i) => 'a'.repeat(2 + (i % 440))],
    ['steps of a and a quote', (i) => `${'a'.repeat(1 + (i % 440))}'`],
    ['names of programs', (i) => ['eval', 'ssh x', 'watch', 'sh', 'cmd', 'node'][i % 6] as string],
    ['options with values', (i) => `--o=${i.toString(36)}`],
    ['quotes around', (i) => `' ${i.toString(36)} '`],
    ['escaped quotes', (i) => `'\\''${i.toString(36)}`],
    ['paths with dots', (i) => `/a/./b/../${i.toString(36)}`],
    ['paths to shells', (i) => `/${i.toString(36)}/sh`],
    ['drives', (i) => `c:\\a\\${i.toString(36)}`],
    ['steps that come back', (i) => `../a/../b/c${i.toString(36)}`],
    ['files in one folder', (i) => `/srv/1/files/${i.toString(36)}`],
    ['numbers and slashes', (i) => `1/${i.toString(36)}`],
    ['addresses nearly', (i) => `x@127.0.0.1.${i.toString(36)}`],
    ['links of one address', (i) => `${'1://127.0.0.1x/'.repeat(25)}${i}`],
    ['brackets', (i) => `${'[::2]'.repeat(17)}${i}`],
    ['digits of mathematics', (i) => `\u{1d7cf}.${i.toString(36)}`],
    ['percent-encoded wide letters', (i) => `%ef%bd%81${i.toString(36)}`],
    ['percent-encoded nothing', (i) => `%c2%ad1${i.toString(36)}`],
    ['JSON that is none', (i) => `{"a.${i.toString(36)}}`],
    ['lists that are none', (i) => `[a(${i.toString(36)})]`],
    ['marks of six kinds', (i) => `<%a.${i.toString(36)}%>{{b}}{%c%}#{d}!{e}$\x7bf}`],
    ['texts of each length', (i) => 'x y'.repeat(700).slice(0, 2 + ((i * 37) % 1900))],
    ['pieces of each width', (i) => (i < 40 ? `absent ${i}` : 'ab cd-ef.gh '.repeat(6000).slice(i, i + 2 ** (i - 39)))],
    ['a and b', (i) => `${i.toString(2).replaceAll('0', 'a').replaceAll('1', 'b')} a`],
  ]
  return rows.map(([name, word]) => json(name, listOf(word)))
}

/** One text as long as the body. */
function single(): readonly Hostile[] {
  const units = ["'", '"', '\\', "''", "' or ", 'a', ' ', '(', '--', '/*', '<%', '{{', '<%=a%>', '{{{a}}}', '${', '../']
  const more = ['..\\', '/', 'a/', '://', 'http://a', '%', '%25', '%27', '$a', '.', '-', ';', '\ufdfa', '\u0130', "a'"]
  return [...units, ...more].map((unit) => json(`all ${JSON.stringify(unit)}`, { a: unit.repeat(fit(unit)) }))
}

function shapes(): readonly Hostile[] {
  const deepList = `${'['.repeat(SIZE / 2)}${']'.repeat(SIZE / 2)}`
  const deepObject = `${'{"$a":'.repeat(SIZE / 7)}1${'}'.repeat(SIZE / 7)}`
  return [
    { name: 'lists in lists', type: 'json', body: deepList },
    { name: 'operators in operators', type: 'json', body: deepObject },
    { name: 'many operators', type: 'json', body: `{${repeat((i) => `"$${i.toString(36)}":1`, ',')}}` },
    { name: 'one operator often', type: 'json', body: `[${repeat((i) => `{"$in":[${i}]}`, ',')}]` },
    { name: 'long keys', type: 'json', body: `{${repeat((i) => `"${`k${i}`.repeat(20)}":1`, ',')}}` },
    { name: 'empty lists', type: 'json', body: `[${repeat(() => '[]', ',')}]` },
    { name: 'short lists', type: 'json', body: `[${repeat((i) => `["a${i}'","b"]`, ',')}]` },
    { name: 'no JSON at all', type: 'json', body: `[${repeat((i) => `"a${i}'"`, ',')}` },
    { name: 'plain text', type: 'text', body: repeat((i) => `a${i}'`, ' ') },
  ]
}

function encodings(): readonly Hostile[] {
  const texts = (word: (i: number) => string, size: number): string => JSON.stringify(listOf(word, size))
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const inner = texts((i) => `a ${i.toString(36)}'`, 28_000)
  return [
    json('JSON in base64 in JSON in base64', { a: base64(JSON.stringify({ a: base64(inner) })) }),
    json('JSON in JSON in JSON', { a: JSON.stringify({ a: JSON.stringify({ a: inner }) }) }),
    json('percent in percent in percent', {
      a: encodeURIComponent(encodeURIComponent(encodeURIComponent("'".repeat(14_000)))),
    }),
    json('base64 in base64', { a: base64(base64(base64("it's ".repeat(6000)))) }),
    json(
      'tokens',
      listOf((i) => `eyJhbGciOiJub25lIn0.${base64(`{"sub":"x'${i}"}`).replaceAll('=', '')}.`),
    ),
    json(
      'percent-encoded words',
      listOf((i) => `%27%20${i.toString(36)}`),
    ),
  ]
}

function json(name: string, value: unknown): Hostile {
  return { name, type: 'json', body: JSON.stringify(value) }
}

function form(name: string, body: string): Hostile {
  return { name, type: 'form', body }
}

function multipart(name: string, part: (i: number) => string): Hostile {
  return { name, type: 'multipart', body: `${repeat((i) => `--b\r\n${part(i)}`, '')}--b--\r\n` }
}

/** As many different texts as there is room for. */
function listOf(word: (i: number) => string, size: number = SIZE): readonly string[] {
  const list: string[] = []
  let used = 2
  for (let i = 0; i < size; i++) {
    const text = word(i)
    used += Buffer.byteLength(JSON.stringify(text)) + 1
    if (used > size) break
    list.push(text)
  }
  return list
}

function repeat(part: (i: number) => string, between: string): string {
  const parts: string[] = []
  for (let i = 0, used = 60; used < SIZE; i++) {
    const text = part(i)
    used += Buffer.byteLength(text) + between.length
    if (used < SIZE) parts.push(text)
  }
  return parts.join(between)
}

/** How often a text goes into the body, with what JSON needs to write it. */
function fit(unit: string): number {
  return Math.floor((SIZE - 20) / (Buffer.byteLength(JSON.stringify(unit)) - 2))
}

function signs(i: number, length: number): string {
  const alphabet = '\'" ,()=-a1'
  let text = ''
  for (let rest = i; text.length < length; rest = Math.floor(rest / alphabet.length))
    text += alphabet[rest % alphabet.length]
  return text
}

function wordsOfCode(i: number): string {
  const words = ['select', 'from', 'where', 'and', 'id', '=', ',', '(', ')', 'in', 'a', "'"]
  return `${words[i % 12]} ${words[Math.floor(i / 12) % 12]}${words[Math.floor(i / 144) % 12]}${words[Math.floor(i / 1728) % 12]}`
}
