import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { mailFolder } from './mail-folder.ts'

test('a letter is one file for its owner only, and nothing in it becomes another header', async () => {
  const home = await mkdtemp(join(tmpdir(), 'bulwark-mail-'))
  try {
    const folder = join(home, 'letters')
    const letter = { to: 'ada@example.org', subject: 'Hello\r\nBcc: eve@evil.example', text: 'Come in.' }
    await Promise.all([mailFolder(folder)(letter as never), mailFolder(folder)(letter as never)])
    const files = await readdir(folder)
    expect(files).toHaveLength(2)
    expect(files.every((name) => name.endsWith('.eml'))).toBe(true)
    const file = join(folder, files[0] as string)
    expect((await stat(file)).mode & 0o077).toBe(0)
    expect((await stat(folder)).mode & 0o077).toBe(0)
    const [head = '', body] = (await readFile(file, 'utf8')).split('\r\n\r\n')
    expect(head.split('\r\n').map((line) => line.slice(0, line.indexOf(':')))).toEqual([
      'To',
      'Subject',
      'Date',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
    ])
    expect(body).toBe('Come in.\r\n')
  } finally {
    await rm(home, { recursive: true })
  }
})
