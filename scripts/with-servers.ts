/** Vitest runs this around the tests of the project `services`: they find their servers in the environment, or are skipped. */
import { type Servers, startServices } from './services.ts'

let servers: Servers | undefined

export async function setup(): Promise<void> {
  servers = await startServices(['redis', 'postgres', 'mariadb', 'mongodb'])
  Object.assign(process.env, servers.env)
  for (const line of servers.missing) console.log(`== services: ${line}\n`)
}

export async function teardown(): Promise<void> {
  await servers?.stop()
}
