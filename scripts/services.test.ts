import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { otherNodes } from './nodes.ts'
import { chromium, find } from './services.ts'

const folder = mkdtempSync(join(tmpdir(), 'bulwark-services-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function program(name: string, text = '#!/bin/sh\nexit 0\n'): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, 0o755)
  return path
}

describe('a program', () => {
  const browser = program('google-chrome')
  const own = program('my-browser')

  test('is found in PATH', () => {
    expect(find(chromium, { PATH: ['/nowhere', folder].join(delimiter) })).toBe(browser)
  })

  test('is where its variable says, whatever PATH has', () => {
    expect(find(chromium, { PATH: folder, BULWARK_CHROMIUM: own })).toBe(own)
  })

  test('that its variable names in vain is an error, not another program', () => {
    expect(() => find(chromium, { PATH: folder, BULWARK_CHROMIUM: join(folder, 'none') })).toThrow(
      'there is no such program',
    )
  })

  test('that is not there is not found', () => {
    expect(find(chromium, { PATH: '/nowhere' })).toBeUndefined()
  })

  test('that may not be run is not found', () => {
    const file = join(folder, 'chromium')
    writeFileSync(file, '')
    chmodSync(file, 0o644)
    expect(find(chromium, { PATH: folder })).toBe(browser)
  })
})

describe('other lines of Node.js', () => {
  const node22 = program('node22', '#!/bin/sh\necho 22.23.3\n')
  const node24 = program('some-node', '#!/bin/sh\necho 24.21.0\n')

  test('are found in PATH, and the missing ones are named', async () => {
    const { nodes, missing } = await otherNodes({ PATH: folder }, '20.20.2')
    expect(nodes.filter(({ path }) => path.startsWith(folder))).toEqual([{ path: node22, version: '22.23.3' }])
    expect(missing).not.toContain(22)
  })

  test('are taken from the variable, each line once and never the running one', async () => {
    const { nodes, missing } = await otherNodes({ BULWARK_NODES: `${node24}, ${node24},${node22}` }, '22.1.0')
    expect(nodes).toEqual([{ path: node24, version: '24.21.0' }])
    expect(missing).toEqual([20])
  })

  test('that are none are an error', async () => {
    await expect(otherNodes({ BULWARK_NODES: program('liar', '#!/bin/sh\necho hello\n') }, '20.0.0')).rejects.toThrow(
      'is no Node.js: hello',
    )
  })
})
