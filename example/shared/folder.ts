import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of this package, also when the code runs from `dist`. */
export const packageFolder: string = findPackage(import.meta.dirname)

/** Where the style sheet and the script are. */
export const assetsFolder: string = join(packageFolder, 'assets')

/** What only authors may read. */
export const filesFolder: string = join(packageFolder, 'files')

function findPackage(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findPackage(dirname(folder))
}
