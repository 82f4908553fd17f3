import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const PREFIX = 'bulwark-uploads-'
/** No upload takes so long; what is older was left behind by a process that was killed. */
const FORGOTTEN_MS = 24 * 60 * 60 * 1000

/** Folders of this process, to be removed when it ends. */
const own = new Set<string>()

/**
 * Makes a folder in `parent` that only this account may enter, for files on their way (0700). It goes with the process; what killed processes
 * have left there is removed after a day.
 */
export async function openFolder(parent: string, now: number): Promise<string> {
  const folder = await mkdtemp(join(parent, PREFIX))
  if (own.size === 0) process.once('exit', removeAll)
  own.add(folder)
  void sweep(parent, now).catch(() => {
    // It is somebody else's, or gone: neither is in the way of what comes now.
  })
  return folder
}

function removeAll(): void {
  for (const folder of own) rmSync(folder, { recursive: true, force: true })
}

async function sweep(parent: string, now: number): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(parent, name)
    if (own.has(folder)) continue
    // Each file that comes or goes renews the time of its folder.
    if (now - (await stat(folder)).mtimeMs > FORGOTTEN_MS) await rm(folder, { recursive: true, force: true })
  }
}
