import { expect, test } from 'vitest'
import { errors } from '../cli/explain/errors.ts'
import { filesOf, textOf } from './tree.ts'
import { emptyNames, machinePaths, unfinished } from './words.ts'

const paths = filesOf()
const own = /^laws\/words\.(?:test\.)?ts$/
const texts = new Map(
  paths
    .filter((path) => /\.(?:[cm]?[jt]s|json|md|sh|yml|yaml|css|html)$|^\.ci\//.test(path) && !own.test(path))
    .filter((path) => path !== 'package-lock.json')
    .map((path) => [path, textOf(path)]),
)

test('the law has read the tree', () => {
  expect(texts.size).toBeGreaterThan(60)
  expect([...texts.keys()]).toContain('library/core/errors.ts')
})

test('no file or folder is named after nothing', () => {
  expect(emptyNames(paths)).toEqual([])
  expect(
    emptyNames([
      'library/utils/a.ts',
      'library/string-helpers.ts',
      'scanner/ruleManager.ts',
      'cli/error-handler.ts',
      'library/runtime/middleware.ts',
      'library/adapters/middleware.ts',
      'library/runtime/hooks.ts',
      'scripts/services.ts',
      'library/toolbox/cookies.ts',
    ]),
  ).toEqual([
    'library/utils/a.ts',
    'library/string-helpers.ts',
    'scanner/ruleManager.ts',
    'cli/error-handler.ts',
    'library/runtime/middleware.ts',
    'library/runtime/hooks.ts',
  ])
})

test('no file names a place on the machine that wrote it', () => {
  expect(machinePaths(texts)).toEqual([])
  const planted = [
    'see /home/ada/bulwark/library',
    "const root = '/Users/grace/src'",
    'cd /root/bulwark',
    'file:///home/ada/x.ts',
    'C:\\Users\\ada',
  ]
  expect(machinePaths(new Map([['a.ts', planted.join('\n')]]))).toHaveLength(planted.length)
  expect(
    machinePaths(new Map([['a.ts', "'/etc/passwd' '/home' 'http://x.example/home/page/' '../../root/.ssh/id'"]])),
  ).toEqual([])
})

test('nothing is put off', () => {
  const sources = new Map([...texts].filter(([path]) => path.endsWith('.ts')))
  expect(unfinished(sources)).toEqual([])
  expect(unfinished(new Map([['a.ts', 'a()\n// TODO: later\nconst todo = []']]))).toEqual(['a.ts:2'])
})

test('every error code has a page, and every page a code', () => {
  const codes = [...textOf('library/core/errors.ts').matchAll(/^ {2}\| '(BULWARK_\w+)'/gm)].map(([, code]) => code)
  expect(codes.length).toBeGreaterThan(10)
  expect(Object.keys(errors).sort()).toEqual([...codes].sort())
  for (const page of Object.values(errors)) {
    for (const text of [page.what, page.why, page.fix, page.example]) expect(text).not.toBe('')
  }
})
