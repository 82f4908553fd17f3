import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Rule } from '../library/core/rule.ts'
import { scan, scanText } from './index.ts'
import { rules } from './rules.ts'

/** Finds every call of `bad`. */
const rule: Rule = {
  name: 'test/bad-call',
  risk: 'bad',
  title: 'A bad call',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      if (call['callee'].name !== 'bad') continue
      const taint = call['arguments'][0] && file.taintOf(call['arguments'][0])
      yield { at: call, message: 'This is bad.', remedy: 'Leave it.', ...(taint && { taint }) }
    }
  },
}
const risks = [{ id: 'bad', title: 'Bad', severity: 'critical', cwe: 1, asvs: [] }] as const

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bulwark-scan-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

const filesOf = async (): Promise<string[]> =>
  (await scan({ root, rules: [rule], risks })).findings.map(({ place }) => ('file' in place ? place.file : ''))

describe('a finding', () => {
  test('says what, where and how bad, and shows the way of the data', () => {
    const text = `import { createServer } from 'node:http'\ncreateServer((req, res) => {\n  const at = req.url\n  bad(at)\n})`
    expect(scanText('src/app.js', text, [rule], { risks }).findings).toEqual([
      {
        risk: 'bad',
        severity: 'critical',
        foundBy: 'test/bad-call',
        message: 'This is bad.',
        remedy: 'Leave it.',
        place: { file: 'src/app.js', line: 4, column: 3, text: 'bad(at)' },
        trace: [
          { file: 'src/app.js', line: 3, column: 14, text: 'const at = req.url', note: "req.url is the client's" },
          { file: 'src/app.js', line: 4, column: 7, text: 'bad(at)', note: 'ends here' },
        ],
      },
    ])
  })

  test('never repeats a secret, whatever else was found in its line', () => {
    const secret: Rule = { ...rule, spotsSecrets: true }
    const other = { ...rule, name: 'test/other' }
    const text = `bad('p\\'ostgres://app:Zx81kQp0vW@db', "short"); f('k9#Zx81k')\nbad(\`first-line-Zx81\n\`)\nbad('a long text of no secret')`
    const { findings } = scanText('a.js', text, [secret, other], { risks })
    expect(JSON.stringify(findings)).not.toMatch(/Zx81/)
    expect(
      findings.filter(({ foundBy }) => foundBy === other.name).map(({ place }) => 'text' in place && place.text),
    ).toEqual([`bad('p\\'o…', "short"); f('k9#Z…')`, 'bad(`firs…', "bad('a lo…')"])
    expect(scanText('a.js', text, [other], { risks }).findings[2]?.place).toMatchObject({
      text: "bad('a long text of no secret')",
    })
  })

  test.each([
    ['secrets/in-source', "export const apiKey = 'Zx81kQp0vW9mL2nB7tR4'"],
    ['secrets/token-secret', "import jwt from 'jsonwebtoken'\njwt.sign({}, 'Zx81kQp0vW9mL2nB7tR4')"],
    ['secrets/client-password', "import mysql from 'mysql2'\nmysql.createPool({ password: 'Zx81kQp0vW9mL2nB7tR4' })"],
    ['cookies/secret-in-source', "import session from 'express-session'\nsession({ secret: 'Zx81kQp0vW9mL2nB7tR4' })"],
    [
      'encryption/key-in-source',
      "import { createHmac } from 'node:crypto'\ncreateHmac('sha256', 'Zx81kQp0vW9mL2nB7tR4')",
    ],
  ])('of %s does not repeat the secret', (name, text) => {
    const { findings } = scanText('a.js', text)
    expect(findings.map(({ foundBy }) => foundBy)).toContain(name)
    const alone = scanText(
      'a.js',
      text,
      rules.filter((each) => each.name === name),
    ).findings
    expect(JSON.stringify(alone)).not.toContain('Zx81kQp0vW')
  })

  test('of a risk outside the catalogue counts as medium', () => {
    expect(scanText('a.js', 'bad()', [rule], { risks: [] }).findings[0]?.severity).toBe('medium')
  })

  test('comes once, however often a rule yields it', () => {
    const twice: Rule = {
      ...rule,
      *check(file) {
        yield* rule.check(file)
        yield* rule.check(file)
      },
    }
    expect(scanText('a.js', 'bad()', [twice], { risks }).findings).toHaveLength(1)
  })

  test('stands in order of file and line', () => {
    const files = new Map([['a.js', '\n\nbad()\nbad()']])
    const { findings } = scanText('b.js', 'bad(); bad()', [rule], { files })
    expect(findings.map(({ place }) => ('file' in place ? `${place.file}:${place.line}:${place.column}` : ''))).toEqual(
      ['a.js:3:1', 'a.js:4:1', 'b.js:1:1', 'b.js:1:8'],
    )
  })
})

test('a rule that fails is named with the file it failed on', () => {
  const failing: Rule = {
    ...rule,
    check() {
      throw new TypeError('x is undefined')
    },
  }
  expect(() => scanText('src/a.js', '', [failing])).toThrow('The rule test/bad-call failed on src/a.js.')
})

describe('a comment that asks to ignore', () => {
  const ignoring = (text: string): ReturnType<typeof scanText> => scanText('a.js', text, [rule], { risks })

  test.each([
    ['on the line', `bad() // bulwark-ignore test/bad-call -- known`],
    ['on the line before', `// bulwark-ignore test/bad-call -- known\nbad()`],
    ['in a block', `/* bulwark-ignore test/bad-call -- known */\nbad()`],
    ['by the risk', `bad() // bulwark-ignore bad -- known`],
    ['among others', `bad() // bulwark-ignore other/rule, test/bad-call -- known`],
  ])('hides a finding %s', (_, text) => {
    const { findings, ignored, unusedIgnores } = ignoring(text)
    expect(findings).toEqual([])
    expect(ignored).toEqual([{ file: 'a.js', line: text.split('\n').length, rule: 'test/bad-call', reason: 'known' }])
    expect(unusedIgnores).toEqual([])
  })

  test('hides nothing without a reason, and is reported itself', () => {
    const { findings } = ignoring(`bad() // bulwark-ignore test/bad-call`)
    expect(findings.map(({ foundBy }) => foundBy)).toEqual(['test/bad-call', 'scanner/ignore-without-reason'])
    expect(ignoring(`bad() // bulwark-ignore test/bad-call --`).findings).toHaveLength(2)
  })

  test('hides no other rule and no other line', () => {
    expect(ignoring(`bad() // bulwark-ignore test/other -- known`).findings).toHaveLength(1)
    expect(ignoring(`f() // bulwark-ignore test/bad-call -- known\nbad()`).findings).toHaveLength(1)
    expect(ignoring(`bad('bulwark-ignore test/bad-call -- known')`).findings).toHaveLength(1)
  })

  test('is listed when it answers for nothing', () => {
    expect(ignoring(`f()\n// bulwark-ignore test/bad-call -- gone\nf()`).unusedIgnores).toEqual([
      { file: 'a.js', line: 2, column: 1, text: '// bulwark-ignore test/bad-call -- gone' },
    ])
  })
})

describe('reading a folder', () => {
  test('reads every kind of source and nothing that was built, vendored or is generated', async () => {
    for (const name of ['a.js', 'b.mjs', 'c.cjs', 'd.ts', 'e.mts', 'f.cts', 'g.jsx', 'h.tsx'])
      write(`src/${name}`, 'bad()')
    for (const name of ['lib.min.js', 'types.d.ts', 'notes.md', 'data.json']) write(name, 'bad()')
    for (const name of ['node_modules/x', 'dist', 'build', 'coverage', 'vendor']) write(`${name}/i.js`, 'bad()')
    expect(await filesOf()).toEqual(
      ['a.js', 'b.mjs', 'c.cjs', 'd.ts', 'e.mts', 'f.cts', 'g.jsx', 'h.tsx'].map((f) => `src/${f}`),
    )
  })

  test('leaves out what git ignores, with nested rules and exceptions', async () => {
    execFileSync('git', ['init', '-q'], { cwd: root })
    write('.gitignore', 'out/\n*.gen.js\n!keep.gen.js\n')
    write('sub/.gitignore', 'local.js\n')
    for (const name of ['a.js', 'x.gen.js', 'keep.gen.js', 'out/b.js', 'sub/local.js', 'sub/c.js']) write(name, 'bad()')
    expect(await filesOf()).toEqual(['a.js', 'keep.gen.js', 'sub/c.js'])
  })

  test('follows no link out of the folder', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'bulwark-outside-'))
    try {
      writeFileSync(join(outside, 'x.js'), 'bad()')
      symlinkSync(join(outside, 'x.js'), join(root, 'x.js'))
      symlinkSync(outside, join(root, 'folder'))
      write('a.js', 'bad()')
      expect(await filesOf()).toEqual(['a.js'])
      const { unparsed } = await scan({ root, rules: [rule] })
      expect(unparsed).toEqual([{ file: 'x.js', reason: 'a link that leads out of the root' }])
    } finally {
      rmSync(outside, { recursive: true, force: true })
    }
  })

  test('names each file that it could not read, and why', async () => {
    write('broken.js', 'const = 1\n')
    write('big.js', `// ${'x'.repeat(1024 * 1024)}\nbad()`)
    write('package.json', '{ broken')
    write('good.js', 'bad()')
    const { unparsed, findings, files } = await scan({ root, rules: [rule] })
    expect(unparsed.map(({ file }) => file).sort()).toEqual(['big.js', 'broken.js', 'package.json'])
    expect(unparsed.find(({ file }) => file === 'big.js')?.reason).toBe('larger than 1 MB')
    expect(unparsed.find(({ file }) => file === 'broken.js')?.reason).toMatch(/\(line 1\)$/)
    expect(findings).toHaveLength(1)
    expect(files).toBe(1)
  })

  test('understands types and markup in a file that does not say so', async () => {
    write('flow.js', 'export function f(a: string): number { bad(); return 1 }')
    write('markup.js', 'export const A = () => <b onClick={() => bad()}>x</b>')
    write('old.ts', 'const a = <any>b; bad()')
    expect(await filesOf()).toEqual(['flow.js', 'markup.js', 'old.ts'])
  })

  test('reports on the wanted paths only, and still follows data through the others', async () => {
    write('src/app.js', `require('http').createServer((req, res) => require('../lib/x').run(req.url))`)
    write('lib/x.js', 'exports.run = (a) => bad(a)')
    const { findings, files } = await scan({ root, paths: ['./lib/'], rules: [rule] })
    expect(files).toBe(2)
    expect(findings.map(({ trace }) => trace?.[0]?.file)).toEqual(['src/app.js'])
    expect((await scan({ root, paths: ['src'], rules: [rule] })).findings).toEqual([])
  })

  test('refuses a folder that is not there', async () => {
    await expect(scan({ root: join(root, 'missing'), rules: [rule] })).rejects.toThrow('ENOENT')
  })
})
