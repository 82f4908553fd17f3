import { constants } from 'node:fs'
import { copyFile, link, mkdir, realpath, rm, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, sep } from 'node:path'
import { BulwarkError } from '../../core/errors.ts'
import { randomHex } from '../../toolbox/tokens.ts'
import type { Kind } from './kinds.ts'
import { extensionOf } from './names.ts'

/**
 * Puts a file into a folder, under a new name in it. **Security**: the name is resolved inside of the folder, through links as well; nothing is
 * overwritten; and the extension is one of what the file is (CWE-22, CWE-59, CWE-434).
 *
 * @param from its path, or its bytes
 */
export async function keepFile(from: string | Uint8Array, kind: Kind, root: string, name?: string): Promise<string> {
  const wanted = name ?? `${randomHex(16)}.${kind.extensions[0]}`
  if (isAbsolute(wanted) || /[\0\\:]/.test(wanted) || wanted.split('/').some(isOdd)) {
    throw refused('the name leads out of its folder, or is hidden in it')
  }
  if (!kind.extensions.includes(extensionOf(wanted)))
    throw refused(`a file of type ${kind.type} needs an extension of that type`)
  const folder = await realpath(root)
  await makeFolders(folder, dirname(wanted))
  const target = join(folder, wanted)
  try {
    if (typeof from !== 'string') await writeFile(target, from, { flag: 'wx', mode: 0o600 })
    else await move(from, target)
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'EEXIST') throw refused('there is a file of that name already', cause)
    throw cause
  }
  return target
}

function isOdd(segment: string): boolean {
  return segment === '' || segment.startsWith('.') || segment.length > 200
}

/** Step by step, since any of them may be a link to elsewhere. */
async function makeFolders(root: string, path: string): Promise<void> {
  if (path === '.') return
  let at = root
  for (const part of path.split('/')) {
    at = join(at, part)
    await mkdir(at, { mode: 0o700 }).catch((error: { code?: unknown }) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (!(await realpath(at)).startsWith(root + sep)) throw refused('the name leads out of its folder')
  }
}

/** Neither `link` nor an exclusive copy replaces a file that is there, as `rename` would. */
async function move(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'ENOTSUP') throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
  await rm(from, { force: true })
}

function refused(what: string, cause?: unknown): BulwarkError {
  return new BulwarkError('BULWARK_UPLOAD_REFUSED', what, {
    at: 'file.keep(root, name)',
    fix: 'leave the name out, or make one of your own, such as an id of the database with file.extension',
    ...(cause !== undefined && { cause }),
  })
}
