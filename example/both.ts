import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname, join } from 'node:path'
import { freePort } from './free-port.ts'

/** The blog and its notification program, as two processes that trust each other and nobody else. */
const blogPort = Number(process.env['PORT']) || (await freePort())
const notifyPort = await freePort()

function start(name: string, env: Readonly<Record<string, string>>): ChildProcess {
  // The same from the source and from what was built.
  const file = join(import.meta.dirname, `${name}${extname(import.meta.filename)}`)
  return spawn(process.execPath, [...process.execArgv, file], { env: { ...process.env, ...env }, stdio: 'inherit' })
}

const programs = [
  start('notify/main', {
    NOTIFY_PORT: String(notifyPort),
    NOTIFY_BLOG_KEYS: `http://127.0.0.1:${blogPort}/.well-known/jwks.json`,
  }),
  // Its public keys are read on this machine, by a program that knows no authority of a browser's.
  start('main', { BLOG_TLS: 'off', PORT: String(blogPort), NOTIFY_URL: `https://127.0.0.1:${notifyPort}` }),
]
const end = (): void => {
  for (const program of programs) program.kill()
}
process.once('SIGINT', end)
process.once('SIGTERM', end)
// Each goes on without the other; this one ends when both have.
await Promise.all(programs.map((program) => once(program, 'exit')))
