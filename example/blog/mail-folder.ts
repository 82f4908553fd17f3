import { randomUUID } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Letter } from 'bulwark/accounts'

/** Leaves letters in a folder that a mail program picks up from. Who can read it can open accounts: it is for its owner only. */
export function mailFolder(folder: string): (letter: Letter) => Promise<void> {
  return async ({ to, subject, text }) => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const head = [`To: ${oneLine(to)}`, `Subject: ${oneLine(subject)}`, `Date: ${new Date().toUTCString()}`]
    const type = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit']
    const place = join(folder, `${Date.now()}-${randomUUID()}`)
    await writeFile(`${place}.part`, `${[...head, ...type].join('\r\n')}\r\n\r\n${text}\r\n`, { mode: 0o600 })
    // Only a whole letter has the name that is picked up.
    await rename(`${place}.part`, `${place}.eml`)
  }
}

/** A line break would begin a header of the sender's own. */
function oneLine(value: string): string {
  return value.replace(/[\r\n]+/g, ' ')
}
