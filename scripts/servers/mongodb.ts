import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { emptyFolder, freePort, launch, type Server } from './process.ts'

/**
 * Starts a double of MongoDB with a random password: where nobody may install the real one, it speaks the same protocol to the same drivers.
 * It keeps everything in memory, so unlike the other servers it is empty after a crash. `program` is Node.js.
 */
export async function startMongodb(program: string): Promise<Server> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
  const folder = emptyFolder('mongodb')
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  const main = fileURLToPath(new URL('mongodb/main.ts', import.meta.url))
  return launch({
    program,
    args: ['--import', loader, main, String(port), 'bulwark', passwordFile],
    folder,
    url: `mongodb://bulwark:${password}@127.0.0.1:${port}/bulwark?authSource=admin`,
    end: 'KILL',
  })
}
