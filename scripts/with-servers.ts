/** Vitest runs this around the tests of the project `services`: they find their servers in the environment, or are skipped. */
import { ensureAll, hydra, pebble, type Servers, sqlmap, sslscan, startServices, testssl } from './services.ts'

let servers: Servers | undefined

export async function setup(): Promise<void> {
  servers = await startServices(['redis', 'postgres', 'mariadb', 'mongodb'])
  Object.assign(process.env, servers.env)
  // Programs that attack, judge or make trouble: tests look for them by themselves, and are skipped where there is none.
  const missing = await ensureAll([hydra, sqlmap, pebble, sslscan, testssl])
  for (const line of [...servers.missing, ...missing]) console.log(`== services: ${line}\n`)
}

export async function teardown(): Promise<void> {
  await servers?.stop()
}
