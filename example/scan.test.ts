import { join } from 'node:path'
import { scan } from '@bulwark/scanner'
import { expect, test } from 'vitest'
import { packageFolder } from './shared/folder.ts'

const found = async (folder: string): Promise<string[]> => {
  const { findings } = await scan({ root: join(packageFolder, folder) })
  return findings.map(
    ({ foundBy, place }) => `${foundBy} ${'file' in place ? `${place.file}:${place.line}` : place.path}`,
  )
}

test('nothing is found in the source of the blog, and a lot in that of its twin', async () => {
  expect(await found('blog')).toEqual([])
  expect(await found('shared')).toEqual([])
  expect((await found('unsafe')).length).toBeGreaterThan(20)
})
