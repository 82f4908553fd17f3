/** What nobody knows keeps an app from starting: a misspelt option would leave a protection at its default while everybody believes that it was set. */
import { describe, expect, test } from 'vitest'
import { createAccounts } from '../library/accounts/index.ts'
import { mongodbAccountStore } from '../library/accounts/stores/mongodb.ts'
import { mysqlAccountStore } from '../library/accounts/stores/mysql.ts'
import { postgresAccountStore } from '../library/accounts/stores/postgres.ts'
import { sqliteAccountStore } from '../library/accounts/stores/sqlite.ts'
import { openAudit } from '../library/audit/index.ts'
import { factories } from '../library/guards.ts'
import { openKeyFile } from '../library/keys/open.ts'
import { knownContract } from '../library/known.ts'
import { createCalls } from '../library/protections/callers/index.ts'
import { guardCode } from '../library/protections/code-injection/index.ts'
import { guardMongo } from '../library/protections/nosql-injection/index.ts'
import { guardFiles } from '../library/protections/path-traversal/index.ts'
import { guardDatabase } from '../library/protections/sql-injection/index.ts'
import { guardConnections, safeFetch } from '../library/protections/ssrf/index.ts'
import { checkContract } from '../library/runtime/declared.ts'
import { compilePolicy, definePolicy, POLICY_KINDS, type Policy } from '../library/runtime/policy.ts'
import { memoryStore } from '../library/stores/memory.ts'
import { postgresStore } from '../library/stores/postgres.ts'
import { redisStore } from '../library/stores/redis.ts'
import { sqliteStore } from '../library/stores/sqlite.ts'
import type { Kind } from '../library/toolbox/value-kinds.ts'
import { listen } from '../library/transport/index.ts'

const PLANTED = 'quxblorf'

/** An object with the planted key at each place where keys are known, and the place. */
function* plantedIn(known: Kind): Generator<readonly [at: string, options: unknown]> {
  if (known.keys) yield [`.${PLANTED}`, { [PLANTED]: 1 }]
  for (const [key, next] of Object.entries(known.keys ?? {})) {
    for (const [at, options] of plantedIn(next)) yield [`.${key}${at}`, { [key]: options }]
  }
  if (known.each) for (const [at, options] of plantedIn(known.each)) yield [`.any${at}`, { any: options }]
  if (known.list) for (const [at, options] of plantedIn(known.list)) yield [`[0]${at}`, [options]]
}

const refused = (at: string): unknown =>
  expect.objectContaining({
    code: 'BULWARK_POLICY_INVALID',
    at: expect.stringContaining(at),
    message: expect.stringContaining(`"${PLANTED}"`),
  })

describe('a policy', () => {
  test.each(factories.map(({ key }) => key))('%s refuses an option that nobody knows', (key) => {
    const policy = { [key]: { [PLANTED]: 1 } } as Policy
    for (const start of [definePolicy, compilePolicy]) {
      expect(() => start(policy)).toThrow(refused(`policy.${key}.${PLANTED}`) as Error)
    }
  })

  const places = [...plantedIn(POLICY_KINDS)]
  test.each(places)('is refused for policy%s', (at, policy) => {
    expect(() => compilePolicy(policy as Policy)).toThrow(refused(`policy${at}`) as Error)
  })

  test('knows options within options, too', () => {
    expect(places.map(([at]) => at)).toEqual(
      expect.arrayContaining([
        `.headers.contentSecurityPolicy.${PLANTED}`,
        `.sessions.takeOver.${PLANTED}`,
        `.accessTokens.issuers[0].tls.${PLANTED}`,
        `.webhooks.senders.any.${PLANTED}`,
      ]),
    )
  })

  test('names the key that was meant', () => {
    expect(() => definePolicy({ bodyLimits: { jsno: '10kb' } } as Policy)).toThrow(/did you mean "json"\?/)
    expect(() => definePolicy({ bodyLimits: { size: '10kb' } } as Policy)).toThrow(/it may have: mode, json, form/)
  })
})

describe('the contract of a route', () => {
  test.each([...plantedIn({ keys: knownContract })])(
    'is refused for secure()%s, with the line that wrote it',
    (at, contract) => {
      expect(() => checkContract(contract as object)).toThrow(
        refused(`secure()${at} (laws/unknown-options.test.ts:`) as Error,
      )
    },
  )
})

describe('the options of what is not in a policy', () => {
  const options = { [PLANTED]: 1 } as never
  const starts: Readonly<Record<string, () => unknown>> = {
    listen: () => listen(() => {}, options),
    openAudit: () => openAudit(options),
    memoryStore: () => memoryStore(options),
    postgresStore: () => postgresStore({} as never, options),
    redisStore: () => redisStore({} as never, options),
    sqliteStore: () => sqliteStore(':memory:', options),
    mongodbAccountStore: () => mongodbAccountStore({} as never, options),
    mysqlAccountStore: () => mysqlAccountStore({} as never, options),
    postgresAccountStore: () => postgresAccountStore({} as never, options),
    sqliteAccountStore: () => sqliteAccountStore(':memory:', options),
    guardDatabase: () => guardDatabase({}, options),
    guardMongo: () => guardMongo({}, options),
    guardConnections: () => guardConnections(options),
    guardCode: () => guardCode(options),
    guardFiles: () => guardFiles(options),
    safeFetch: () => safeFetch('http://app.example/', options),
    createCalls: () => createCalls(options),
    openKeyFile: () => openKeyFile(options),
  }

  test.each(Object.entries(starts))('%s() refuses one that nobody knows', async (name, start) => {
    await expect((async () => start())()).rejects.toThrow(refused(`${name}().${PLANTED}`) as Error)
  })
})

test.each(['pages', 'times', 'limits'])('%s of accounts refuse what nobody knows', (part) => {
  const start = () => createAccounts({ [part]: { [PLANTED]: 1 } } as never)
  expect(start).toThrow(refused(`createAccounts().${part}.${PLANTED}`) as Error)
})

test('the targets of calls refuse what nobody knows', () => {
  const start = () => createCalls({ targets: { mail: { [PLANTED]: 1 } } } as never)
  expect(start).toThrow(refused(`createCalls().targets.mail.${PLANTED}`) as Error)
})
