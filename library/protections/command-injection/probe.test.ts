import { exec } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

/** Only the commands of the attack itself are run. */
const isOurs = (command: string): boolean =>
  /^[\w ./$()*;'"`|&<>#\n-]*$/.test(command) && /echo|sleep|true/.test(command)

const run = (command: string, then: (output: string) => unknown): unknown =>
  isOurs(command) ? exec(command, { timeout: 4000 }, (_error, output) => then(output)) : then('')

// All of them mostly wait.
describe.concurrent('what is judged by time', () => {
  test('a program that waits for input hides no command behind it', async () => {
    const app: Victim = (app) =>
      app.get('/thumb', (req, res) => void run(`true; head -c ${req.query['size']}`, (output) => res.send(output)), {
        query: { size: '64' },
      })
    // The honest one waits as well, so that the place is one where the command has a file.
    const withFile: Victim = (victim) =>
      app({
        ...victim,
        get: (path, handler, about) =>
          victim.get(path, (req, res) => (req.query['size'] === '64' ? res.send('a cat') : handler(req, res)), about),
      })
    expect(await attacked(withFile, probes)).toEqual(['command-injection/execute GET /thumb'])
  })

  test('a command whose output nobody sees shows in the time that it takes', async () => {
    const resolve =
      (quote: string): Victim =>
      (app) =>
        app.post('/resolve', (req, res) => void run(`true ${quote}${req.body['host']}${quote}`, () => res.json({})), {
          body: { type: 'json', fields: { host: 'localhost' } },
        })
    for (const quote of ['', '"', "'"]) {
      expect(await attacked(resolve(quote), probes), quote).toEqual(['command-injection/execute POST /resolve'])
    }
  }, 60_000)

  test('an answer that is slow by itself tells nothing', async () => {
    const app: Victim = (app) =>
      app.get('/slow', (_req, res) => void setTimeout(() => res.send('at last'), 800), { query: { host: 'a' } })
    expect(await attacked(app, probes)).toEqual([])
  }, 60_000)
})
