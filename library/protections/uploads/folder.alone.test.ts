import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openFolder } from './folder.ts'

let parent: string
beforeEach(() => void (parent = mkdtempSync(join(tmpdir(), 'uploads-test-'))))
afterEach(() => rmSync(parent, { recursive: true, force: true }))

const NOW = Date.now()
const HOUR = 3_600_000

function left(name: string, hoursAgo: number): string {
  const folder = join(parent, name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'a'), 'a')
  utimesSync(folder, (NOW - hoursAgo * HOUR) / 1000, (NOW - hoursAgo * HOUR) / 1000)
  return folder
}

test('what killed processes have left is removed after a day, and nothing else is', async () => {
  const [old, young, foreign] = [left('bulwark-uploads-a', 25), left('bulwark-uploads-b', 23), left('other', 999)]
  const folder = await openFolder(parent, NOW)
  await vi.waitFor(() => expect(existsSync(old)).toBe(false))
  expect([young, foreign, folder].map((each) => existsSync(each))).toEqual([true, true, true])
})

test('nobody else may enter the folder, and it goes when the process exits', async () => {
  const once = vi.spyOn(process, 'once')
  vi.resetModules()
  const fresh = await import('./folder.ts')
  const folder = await fresh.openFolder(parent, NOW)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  writeFileSync(join(folder, 'a'), 'a')
  const onExit = once.mock.calls.find(([event]) => event === 'exit')?.[1]
  once.mockRestore()
  onExit?.(0)
  expect(existsSync(folder)).toBe(false)
})
