import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { probe as attack } from '../../../prober/index.ts'
import { secure } from '../../adapters/node.ts'
import { guardDatabase } from './index.ts'
import { probes } from './probe.ts'

const { BULWARK_TEST_PG_URL, BULWARK_TEST_MYSQL_URL } = process.env
const timeBased = probes.filter(({ name }) => name === 'sql-injection/time-based')

type Query = (text: string) => Promise<unknown>

/** An app that answers the same whatever its query finds, and whether it fails or not. */
async function verdictOf(query: Query, isGuarded: boolean): Promise<unknown> {
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const code = new URL(req.url ?? '/', 'http://localhost').searchParams.get('code') ?? ''
    void query(`SELECT 1 AS used WHERE 'none' <> '${code}'`)
      .catch(() => undefined)
      .then(() => res.end('noted'))
  }
  const server = http.createServer(listener)
  if (isGuarded) secure(server, { onEvent: () => {} })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as AddressInfo
    const routes = [{ method: 'GET', path: '/visits', query: { code: 'summer' } }]
    const report = await attack({
      url: `http://127.0.0.1:${port}`,
      routes,
      crawl: false,
      probes: timeBased,
      holdFor: 100,
      burst: 1,
    })
    return report.results.map(({ verdict }) => verdict)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

describe.runIf(BULWARK_TEST_PG_URL !== undefined)('PostgreSQL', () => {
  test('waits as long as the client says, and with the sink it does not', async () => {
    const pool = guardDatabase(new pg.Pool({ connectionString: BULWARK_TEST_PG_URL }))
    expect(await verdictOf((text) => pool.query(text), false)).toEqual(['proven'])
    expect(await verdictOf((text) => pool.query(text), true)).toEqual(['disproven'])
    expect(await verdictOf((text) => pool.query(text.replace(/<> '.*'$/, '<> $1'), ['x']), false)).toEqual([
      'disproven',
    ])
    await pool.end()
  })
})

describe.runIf(BULWARK_TEST_MYSQL_URL !== undefined)('MariaDB', () => {
  test('waits as long as the client says, and with the sink it does not', async () => {
    const pool = guardDatabase(mysql.createPool({ uri: BULWARK_TEST_MYSQL_URL ?? '' }))
    expect(await verdictOf((text) => pool.query(text.replace('WHERE', 'FROM DUAL WHERE')), false)).toEqual(['proven'])
    expect(await verdictOf((text) => pool.query(text.replace('WHERE', 'FROM DUAL WHERE')), true)).toEqual(['disproven'])
    await pool.end()
  })
})
