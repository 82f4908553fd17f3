import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { linkWorkspaces } from './link.ts'

test('a package that was added is found by its name, and what is there is left alone', () => {
  const root = mkdtempSync(join(tmpdir(), 'bulwark-link-'))
  try {
    const put = (folder: string, manifest: object): void => {
      mkdirSync(join(root, folder), { recursive: true })
      writeFileSync(join(root, folder, 'package.json'), JSON.stringify(manifest))
    }
    put('', { workspaces: ['one', 'two', 'app'] })
    put('one', { name: '@scope/one' })
    put('two', { name: 'two' })
    put('app', { name: 'app', private: true })
    put('node_modules/two', { name: 'two', own: true })
    expect(linkWorkspaces(root)).toEqual(['@scope/one'])
    expect(linkWorkspaces(root)).toEqual([])
    expect(readFileSync(join(root, 'node_modules/@scope/one/package.json'), 'utf8')).toBe('{"name":"@scope/one"}')
    expect(readFileSync(join(root, 'node_modules/two/package.json'), 'utf8')).toContain('own')
  } finally {
    rmSync(root, { recursive: true })
  }
})
