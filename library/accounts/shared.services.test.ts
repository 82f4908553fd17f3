import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { redisStore } from '../stores/redis.ts'
import { postgresAccountStore } from './stores/postgres.ts'
import { enter, halfIn, right, withTotp } from './test-totp.ts'
import { makeWorld, OTHER_PASSWORD, PASSWORD, type World, whoIs } from './test-world.ts'

const redisUrl = process.env['BULWARK_TEST_REDIS_URL']
const postgresUrl = process.env['BULWARK_TEST_PG_URL']
const run = `t${randomBytes(6).toString('hex')}`
const deadline = '20s'

describe.skipIf(!redisUrl || !postgresUrl)('two processes over Redis and PostgreSQL', () => {
  let pool: Pool
  let clients: Redis[]
  let spaces = 0

  beforeAll(() => {
    pool = new Pool({ connectionString: postgresUrl, max: 10 })
    clients = [new Redis(redisUrl ?? ''), new Redis(redisUrl ?? '')]
  })

  afterAll(async () => {
    const [client] = clients
    const left = (await client?.keys(`${run}:*`)) ?? []
    if (left.length > 0) await client?.unlink(left)
    for (const each of clients) await each.quit()
    for (let i = 1; i <= spaces; i++) await pool.query(`DROP TABLE IF EXISTS ${run}_${i}`)
    await pool.end()
  })

  /** The same app twice, with a connection of its own each. The clocks of tests and servers differ, so nothing here waits. */
  const twins = (): readonly [World, World] => {
    spaces++
    const open = (client: Redis): World =>
      makeWorld({
        store: redisStore(client, { prefix: `${run}:${spaces}:`, deadline }),
        accounts: postgresAccountStore(pool, { table: `${run}_${spaces}`, deadline }),
      })
    const [one, other] = clients.map(open)
    if (one === undefined || other === undefined) throw new Error('there are no clients')
    return [one, other]
  }

  test('one link is used once, in whichever process', async () => {
    const [one, other] = twins()
    await one.addPerson()
    await one.visitor().visit((s) => one.accounts.requestReset(s, right))
    const token = await one.token('reset-password')
    const uses = [one, other, one, other].map((world, i) =>
      world.visitor().visit((s) => world.accounts.reset(s, { token, password: `${OTHER_PASSWORD} ${i}` })),
    )
    const answers = await Promise.all(uses)
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    const signIns = answers.map((_, i) =>
      other.visitor().visit((s) => other.accounts.signIn(s, { ...right, password: `${OTHER_PASSWORD} ${i}` })),
    )
    expect((await Promise.all(signIns)).map(({ ok }) => ok)).toEqual(answers.map(({ ok }) => ok))
  })

  test('one address that is confirmed in both is one account', async () => {
    const [one, other] = twins()
    const tokens: string[] = []
    for (const world of [one, other]) {
      await world.visitor().visit((s) => world.accounts.register(s, { ...right, password: PASSWORD }))
      tokens.push(await world.token('verify-email'))
    }
    const answers = await Promise.all(
      [other, one].map((world, i) =>
        world.visitor().visit((s) => world.accounts.verifyEmail(s, { token: tokens[i] ?? '', password: PASSWORD })),
      ),
    )
    expect(answers.map((answer) => (answer.ok ? 'in' : answer.reason)).sort()).toEqual(['in', 'taken'])
    expect(await one.accounts.list()).toHaveLength(1)
  })

  test('a code of the app and a recovery code are each taken once, and a session ends in both', async () => {
    const [one, other] = twins()
    const { id, code, recoveryCodes, browser } = await withTotp(one)
    other.pass(one.now() - other.now())
    for (const given of [code(), recoveryCodes[0] ?? '']) {
      const browsers = [await halfIn(one), await halfIn(other), await halfIn(one), await halfIn(other)]
      const answers = await Promise.all(browsers.map((each, i) => enter(i % 2 === 0 ? one : other, each, given)))
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
      expect(answers.filter((answer) => !answer.ok && answer.reason === 'code')).toHaveLength(3)
    }
    expect(await whoIs(browser)).toBe(id)
    await other.visitor().visit((s) => other.accounts.remove(s, id))
    expect(await whoIs(browser)).toBeUndefined()
  })
})
