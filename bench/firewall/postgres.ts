import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'

/** A PostgreSQL to measure with, or why there is none. */
export interface Postgres {
  readonly url: string | undefined
  readonly missing: string | undefined
  stop(): Promise<void>
}

interface Services {
  readonly postgres: object
  find(service: object): string | undefined
  startServices(
    names: readonly ['postgres'],
  ): Promise<{ readonly env: Record<string, string>; readonly missing: readonly string[]; stop(): Promise<void> }>
}

const VARIABLE = 'BULWARK_TEST_PG_URL'

/** The one that `BULWARK_TEST_PG_URL` names, or one of its own where this machine has the program; nothing is installed for it. */
export async function findPostgres(): Promise<Postgres> {
  const { postgres, find, startServices } = await services()
  if (!process.env[VARIABLE] && find(postgres) === undefined) {
    return { url: undefined, missing: `PostgreSQL is not here; ${VARIABLE} may say where one is`, stop: async () => {} }
  }
  const { env, missing, stop } = await startServices(['postgres'])
  return { url: env[VARIABLE], missing: missing[0], stop }
}

/** What starts the tests' servers is no part of what is compiled. */
function services(): Promise<Services> {
  const root = import.meta.url.endsWith('.ts') ? '../..' : '../../..'
  return tsImport(fileURLToPath(new URL(`${root}/scripts/services.ts`, import.meta.url)), import.meta.url)
}
