import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { PathRefused } from './refused-path.ts'
import { resolveInside, resolveRealInside } from './resolve-inside.ts'

describe('resolveInside', () => {
  test.each([
    'a.txt',
    '2024/a.txt',
    'a..b',
    '...',
    '..a/b..',
    '.env',
    'a b',
    'été',
    '%2e%2e%2fa',
    'con',
    '12:30',
    '~',
    '-rf',
  ])('takes %s', (name) => expect(resolveInside('/srv/files', name)).toBe(`/srv/files/${name}`))

  test.each([
    '',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/..',
    'a/./b',
    'a//b',
    'a/',
    '/a',
    '//a',
    '\\a',
    '..\\a',
    'a\\b',
    'a\0b',
    'a\nb',
    'a\x7f',
    'a'.repeat(4097),
  ])('refuses %j', (name) => expect(() => resolveInside('/srv/files', name)).toThrow(PathRefused))

  test.each([[undefined], [null], [7], [['a.txt']], [{ toString: () => 'a.txt' }]])(
    'refuses %j, which is no text',
    (name) => {
      expect(() => resolveInside('/srv/files', name as never)).toThrow(PathRefused)
    },
  )

  test('answers below the root of everything, and below a relative folder', () => {
    expect(resolveInside('/', 'a')).toBe('/a')
    expect(resolveInside('files/', 'a')).toBe(join(process.cwd(), 'files/a'))
  })

  test('fails with 400 and says nothing of the name', () => {
    const call = () => resolveInside('/srv/files', '../secret')
    expect(call).toThrow(expect.objectContaining({ code: 'BULWARK_PATH_REFUSED', status: 400, expose: false }))
    expect(call).not.toThrow(/secret|srv/)
  })
})

describe('resolveRealInside', () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'bulwark-inside-')))
  const root = join(home, 'root')
  mkdirSync(join(root, 'folder'), { recursive: true })
  mkdirSync(join(home, 'root-of-others'))
  for (const file of ['root/folder/a.txt', 'secret.txt', 'root-of-others/b.txt'])
    writeFileSync(join(home, file), 'text')
  symlinkSync(join(home, 'secret.txt'), join(root, 'out.txt'))
  symlinkSync(home, join(root, 'up'))
  symlinkSync(join(home, 'root-of-others'), join(root, 'beside'))
  symlinkSync('folder', join(root, 'in'))
  symlinkSync(join(home, 'not-there.txt'), join(root, 'dangling'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync(root, join(home, 'linked'))
  afterAll(() => rmSync(home, { recursive: true }))

  test.each([
    ['a file', 'folder/a.txt', 'folder/a.txt'],
    ['a file behind a link that stays', 'in/a.txt', 'folder/a.txt'],
    ['a file that is not there yet', 'folder/new.txt', 'folder/new.txt'],
    ['a folder that is not there yet', 'folder/x/y/z.txt', 'folder/x/y/z.txt'],
    ['a new file behind a link that stays', 'in/new.txt', 'folder/new.txt'],
  ])('answers %s', async (_what, name, real) => {
    expect(await resolveRealInside(root, name)).toBe(join(root, real))
    expect(await resolveRealInside(join(home, 'linked'), name)).toBe(join(root, real))
  })

  test.each([
    ['a link to a file outside', 'out.txt'],
    ['a link to the folder above', 'up/secret.txt'],
    ['a new file behind such a link', 'up/new.txt'],
    ['a folder whose name begins alike', 'beside/b.txt'],
    ['a link to what is not there', 'dangling'],
    ['a name that leads out', '../secret.txt'],
  ])('refuses %s', async (_what, name) => {
    await expect(resolveRealInside(root, name)).rejects.toThrow(PathRefused)
  })

  test('fails as the file system does where that fails', async () => {
    await expect(resolveRealInside(root, 'loop')).rejects.toMatchObject({ code: 'ELOOP' })
    await expect(resolveRealInside(root, 'folder/a.txt/b')).rejects.toMatchObject({ code: 'ENOTDIR' })
    await expect(resolveRealInside(join(home, 'nowhere'), 'a')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
