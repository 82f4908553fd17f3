import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser } from './browser.ts'
import { Crowd } from './life.ts'
import { type Balancer, type BlogProcess, startBalancer, startProcess } from './processes.ts'
import { ada, grace } from './shared/seed.ts'

type Environment = Readonly<Record<string, string>>

export interface TwoProcesses {
  readonly balancer: Balancer
  readonly processes: BlogProcess[]
}

/** Registers tests of two processes of the blog behind one address, wherever they keep things. */
export function twoProcesses(name: string, where: () => Environment, more?: (both: TwoProcesses) => void): void {
  describe(name, { timeout: 60_000 }, () => {
    const both = { processes: [] as BlogProcess[] } as unknown as { processes: BlogProcess[]; balancer: Balancer }
    const env = (): Environment => ({
      ...where(),
      BLOG_ORIGIN: both.balancer.origin,
      BLOG_PROXY: 'loopback',
      BULWARK_KEYS: KEYS,
    })

    beforeAll(async () => {
      both.balancer = await startBalancer()
      // Together, as after a reboot: the tables and the first people are made once.
      both.processes.push(...(await Promise.all([startProcess(env()), startProcess(env())])))
      both.balancer.targets = both.processes.map(({ origin }) => origin)
    }, 60_000)
    afterAll(async () => {
      await Promise.all(both.processes.map((one) => one.kill()))
      await both.balancer.close()
    })

    test('share accounts, sessions and what was written', async () => {
      const { origin } = both.balancer
      const reader = openBrowser(origin)
      expect((await reader.post('/sign-in', ada)).status).toBe(303)
      const { location = '' } = await reader.post('/posts', { title: 'By one of two', body: 'Read by both.' })
      for (let i = 0; i < 4; i++) {
        expect((await reader.call('GET', '/api/me')).json()).toMatchObject({ displayName: 'Ada' })
        expect((await reader.visit(location)).text).toContain('Read by both.')
      }
    })

    test('share limits: what one has counted, the other knows', async () => {
      const { origin } = both.balancer
      const statuses: number[] = []
      for (let i = 0; i < 14; i++) {
        const guesser = openBrowser(origin, `203.0.113.${i}`)
        statuses.push((await guesser.post('/sign-in', { email: 'nobody@example.org', password: `guess ${i}` })).status)
      }
      expect(statuses[0]).toBe(401)
      expect(statuses.at(-1)).toBe(429)
    })

    test('end sessions in both at once', async () => {
      const { origin } = both.balancer
      const [here, there] = [openBrowser(origin), openBrowser(origin)]
      for (const browser of [here, there]) expect((await browser.post('/sign-in', grace)).status).toBe(303)
      expect((await here.post('/sessions/sign-out', {})).status).toBe(303)
      for (let i = 0; i < 4; i++) expect((await there.call('GET', '/api/me')).status).toBe(401)
    })

    test('lose nothing that was acknowledged when either is killed', async () => {
      const { balancer, processes } = both
      const crowds = ['heron', 'moth'].map((prefix) => new Crowd(balancer.origin, prefix))
      const running = crowds.map((crowd) => crowd.run())
      for (const i of [0, 1]) {
        await pause(700)
        await processes[i]?.kill()
        await pause(300)
        processes[i] = await startProcess(env())
        balancer.targets = processes.map(({ origin }) => origin)
      }
      // On a busy machine people take their time, too.
      for (let i = 0; i < 100 && crowds.some(({ people }) => people.length <= 3); i++) await pause(200)
      for (const crowd of crowds) crowd.stop()
      await Promise.all(running)
      for (const crowd of crowds) {
        expect(crowd.people.length).toBeGreaterThan(3)
        expect(await crowd.missing()).toEqual([])
      }
      // Also the accounts themselves, and not just their sessions.
      const { email = '', password = '' } = crowds[0]?.people[0] ?? {}
      expect((await openBrowser(balancer.origin, '203.0.113.99').post('/sign-in', { email, password })).status).toBe(
        303,
      )
    })

    more?.(both)
  })
}

const KEYS = 'tYw2S1pVx0kq7mZr4uNc9aLgEoHdJfBi'
