import { randomBytes } from 'node:crypto'
import { emptyFolder, freePort, launch, type Server } from './process.ts'

/** Starts Redis or Valkey with a password, a random one unless it is given, and nothing kept on disk. */
export async function startRedis(
  program: string,
  more: readonly string[] = [],
  password: string = randomBytes(12).toString('hex'),
): Promise<Server> {
  const folder = emptyFolder('redis')
  const port = await freePort()
  const network = ['--bind', '127.0.0.1', '--port', String(port), '--requirepass', password]
  const memory = ['--save', '', '--appendonly', 'no', '--dir', folder]
  const url = `redis://:${password}@127.0.0.1:${port}`
  return launch({ program, args: [...network, ...memory, ...more], folder, url, end: 'KILL' })
}
