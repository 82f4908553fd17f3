import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { guardCode, guardCommands, guardConnections, guardDatabase, guardFiles } from 'bulwark'
import { bulwark } from 'bulwark/express'
import type { RequestHandler } from 'express'
import { obey } from '../obey.ts'
import { type Counter, portOf } from '../stacks/counter.ts'
import { type Kind, kinds, type Protection, protections } from './apps.ts'
import { openPostgres, openSqlite } from './database.ts'
import { databaseRoutes, fileRoutes } from './routes.ts'

/** Aikido's firewall sees what is loaded by `require`, and so everybody's app loads its packages like that. */
const require = createRequire(import.meta.url)

await obey(async () => {
  const kind = kinds.find((one) => one === process.argv[2])
  const protection = protections.find((one) => one === process.argv[3])
  if (kind === undefined || protection === undefined) throw new Error('there is no such app')
  return (counter) => start(kind, protection, counter)
})

/** One app for all: only what protects it differs. */
function start(kind: Kind, protection: Protection, counter: Counter): Promise<number> {
  const express = require('express') as typeof import('express')
  const app = express()
  if (protection === 'policy' || protection === 'whole') app.use(policy())
  app.use(express.json({ limit: '100kb' }))
  if (kind === 'files') {
    const { readFile } = require('node:fs/promises') as typeof import('node:fs/promises')
    fileRoutes(app, counter, process.env['BENCH_FOLDER'] ?? '', express.static, readFile)
  } else {
    const database = kind === 'pg' ? openPostgres(require) : openSqlite(require)
    if (protection === 'whole') guardDatabase(database.driver)
    databaseRoutes(app, counter, database)
  }
  if (protection === 'whole') {
    guardFiles()
    guardCode()
    guardCommands()
    guardConnections()
  }
  return portOf(app.listen(0, '127.0.0.1'))
}

/** The default policy, but for bodies of 1,000 items. */
function policy(): RequestHandler {
  const keys = randomBytes(32).toString('base64url')
  const bodyLimits = { json: '100kb', keys: 5000 }
  const rateLimit = { global: '100000000/min' } as const
  return bulwark({ app: 'journal', keys, rateLimit, bodyLimits, onEvent: () => {} }) as RequestHandler
}
