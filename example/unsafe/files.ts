import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { RequestHandler } from 'express'
import { packageFolder } from '../shared/folder.ts'

/** The file of this name, in the folder or wherever the name leads. */
export function fileOf(folder: string, name: string): string | undefined {
  const file = join(folder, name)
  // The one kindness of this twin: whoever climbs stays inside the example.
  return file.startsWith(packageFolder) ? file : undefined
}

/** Serves the files of a folder by hand, as older tutorials do. */
export function serveFiles(folder: string): RequestHandler {
  return async (req, res, next) => {
    // Decoded twice and joined unchecked: `..%2f` and `..%252f` climb out of the folder.
    const file = fileOf(folder, decodeURIComponent(decodeURIComponent(req.path)))
    if (!file) return next()
    res.type(extname(file)).send(await readFile(file))
  }
}
