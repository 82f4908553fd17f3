import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RequestHandler } from 'express'
import { assetsFolder, packageFolder } from '../shared/folder.ts'

/** Serves the static files by hand, as older tutorials do. */
export const serveAssets: RequestHandler = async (req, res, next) => {
  // Decoded twice and joined unchecked: `..%2f` and `..%252f` climb out of the folder.
  const file = join(assetsFolder, decodeURIComponent(decodeURIComponent(req.path)))
  // The one kindness of this twin: whoever climbs stays inside the example.
  if (!file.startsWith(packageFolder)) return next()
  res.type(file).send(await readFile(file))
}
