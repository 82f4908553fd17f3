import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from './usage.ts'

/** All that is piped into the command. */
export async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw new UsageError('nothing is piped in', 'such as: bulwark secrets set NAME < FILE')
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) text += String(chunk)
  return text
}

/**
 * Opens the person's editor (`VISUAL`, else `EDITOR`) on a text, and answers what they saved.
 * **Security**: the text is in a file that only this user can read, and only as long as the editor is open.
 */
export async function editText(text: string, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const editor = env['VISUAL'] || env['EDITOR']
  if (!editor) throw new UsageError('there is no editor', 'set EDITOR, such as EDITOR=nano or EDITOR="code --wait"')
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-'))
  const file = join(folder, 'secrets.txt')
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
    const code = await new Promise<number | null>((resolve, reject) => {
      // Editors come with options of their own, so a shell reads the line, as git lets it.
      spawn(`${editor} "$BULWARK_EDITED_FILE"`, {
        shell: true,
        stdio: 'inherit',
        env: { ...env, BULWARK_EDITED_FILE: file },
      })
        .once('error', reject)
        .once('exit', resolve)
    })
    if (code !== 0) throw new UsageError('the editor ended with an error, so nothing was changed', `it was: ${editor}`)
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
