import * as named from 'node:child_process'
import childProcess, {
  type ChildProcess,
  exec,
  execFile,
  execFileSync,
  execSync,
  fork,
  spawn,
  spawnSync,
} from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { SinkExchange } from '../../core/sink.ts'
import { runIn, startCarrying } from '../context.ts'
import { type Run, watchCommands } from './commands.ts'

class Stopped extends Error {}
/** As a CommonJS file has it that took the function out of the module in its first line. */
const early = childProcess.exec
const seen: Run[] = []
startCarrying()
watchCommands({
  run(run) {
    seen.push(run)
    if ([run.file, ...run.args].join(' ').includes('shut')) throw new Stopped()
  },
})

const exchange: SinkExchange = {
  id: '0123456789abcdef',
  // Nothing here asks what the client sent.
  untrusted: {} as SinkExchange['untrusted'],
  stanceOf: () => 'enforce',
  report: () => {},
}
const within = <T>(run: () => T): T => runIn(exchange, run)

describe('a stopped start fails the way that the function does', () => {
  test('by its callback', async () => {
    for (const start of [exec, early]) {
      expect(await new Promise((done) => within(() => start('echo shut', done)))).toBeInstanceOf(Stopped)
    }
    expect(await new Promise((done) => within(() => execFile('echo', ['shut'], done)))).toBeInstanceOf(Stopped)
  })

  test('by its promise', async () => {
    await expect(within(() => promisify(exec)('echo shut'))).rejects.toThrow(Stopped)
    await expect(within(() => promisify(execFile)('echo', ['shut']))).rejects.toThrow(Stopped)
  })

  test('by the event of a child', async () => {
    const children: (() => ChildProcess)[] = [
      () => spawn('echo', ['shut']),
      () => spawn('echo shut', { shell: true }),
      () => spawn('echo', ['shut'], { shell: '/bin/sh', cwd: '/nowhere', stdio: 'ignore' }),
      () => fork('shut.js'),
    ]
    for (const start of children) {
      const child = within(start)
      const [error] = await once(child, 'error').catch((thrown: unknown) => [thrown])
      expect(error).toBeInstanceOf(Stopped)
      expect(child.pid).toBeUndefined()
    }
  })

  test('by an end without output where nobody listens for errors', async () => {
    const child = within(() => spawn('sh', ['-c', 'echo shut']))
    // `events.once` would listen for errors.
    const closed = new Promise((done) => child.on('close', done))
    const [out, code] = await Promise.all([text(child.stdout), closed])
    expect(out).toBe('')
    expect(code).not.toBe(0)
  })

  test('by throwing, where it waits', () => {
    expect(() => within(() => execSync('echo shut'))).toThrow(Stopped)
    expect(() => within(() => named.execFileSync('echo', ['shut']))).toThrow(Stopped)
    expect(() => within(() => execFileSync('echo', ['a', 'shut'], { shell: true }))).toThrow(Stopped)
    expect(within(() => spawnSync('echo', ['shut']))).toMatchObject({ error: expect.any(Stopped), status: null })
  })
})

test('tells what a shell will read, however it was asked for', async () => {
  seen.splice(0)
  within(() => execSync('echo "a b"', { stdio: 'ignore' }))
  within(() => spawnSync('echo', ['a', 'b'], { shell: true }))
  within(() => spawnSync('echo', { shell: '/bin/sh' } as never))
  await within(() => promisify(exec)('echo "a b"'))
  await within(() => promisify(execFile)('echo', ['a b']))
  expect(seen).toEqual([
    { file: '/bin/sh', args: ['-c', 'echo "a b"'] },
    { file: '/bin/sh', args: ['-c', 'echo a b'] },
    { file: '/bin/sh', args: ['-c', 'echo'] },
    { file: '/bin/sh', args: ['-c', 'echo "a b"'] },
    { file: 'echo', args: ['a b'] },
  ])
})

test('a start that is not stopped does what it did', async () => {
  expect(within(() => execSync('echo open', { encoding: 'utf8' }))).toBe('open\n')
  expect(within(() => spawnSync('cat', { input: 'open', encoding: 'utf8' }).stdout)).toBe('open')
  expect((await within(() => promisify(execFile)('echo', ['open']))).stdout).toBe('open\n')
  expect(await text(within(() => spawn('echo', ['open'])).stdout)).toBe('open\n')
  await expect(within(() => promisify(execFile)('/no/such/program'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(() => within(() => execSync(undefined as never))).toThrow(TypeError)
  expect(() => within(() => spawn(7 as never))).toThrow(TypeError)
})

test('outside of an exchange nothing is looked at', () => {
  seen.splice(0)
  expect(execSync('echo shut', { encoding: 'utf8' })).toBe('shut\n')
  expect(seen).toEqual([])
})
