import { readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { RequestHandler } from 'express'
import { packageFolder } from '../shared/folder.ts'

/** Serves the files of a folder by hand, as older tutorials do. */
export function serveFiles(folder: string): RequestHandler {
  return async (req, res, next) => {
    // Decoded twice and joined unchecked: `..%2f` and `..%252f` climb out of the folder.
    const file = join(folder, decodeURIComponent(decodeURIComponent(req.path)))
    // The one kindness of this twin: whoever climbs stays inside the example.
    if (!file.startsWith(packageFolder)) return next()
    res.type(extname(file)).send(await readFile(file))
  }
}
