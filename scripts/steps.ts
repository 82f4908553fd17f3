import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const HOME: string = fileURLToPath(new URL('..', import.meta.url))

export interface Step {
  readonly code: number
  /** Both streams, in the order in which they came. */
  readonly output: string
  readonly seconds: number
}

export interface StepOptions {
  /** Passes the output on as it comes. @default false */
  readonly show?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** Runs one program to its end. One that cannot be started, or that dies by a signal, has failed. */
export function step(file: string, args: readonly string[], options: StepOptions = {}): Promise<Step> {
  const start = performance.now()
  return new Promise((done) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? HOME,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const take = (chunk: string): void => {
      output += chunk
      if (options.show) process.stdout.write(chunk)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    const end = (code: number, more = ''): void =>
      done({ code, output: output + more, seconds: (performance.now() - start) / 1000 })
    child.on('error', (error) => end(127, `${error.message}\n`))
    child.on('close', (code, signal) => end(code ?? 1, signal ? `${file} was ended by ${signal}\n` : ''))
  })
}

/** The script behind a command of `node_modules/.bin`, to be run by a Node.js of one's choice. */
export const tool = {
  tsc: join(HOME, 'node_modules/typescript/bin/tsc'),
  biome: join(HOME, 'node_modules/@biomejs/biome/bin/biome'),
  vitest: join(HOME, 'node_modules/vitest/vitest.mjs'),
  tsx: join(HOME, 'node_modules/tsx/dist/cli.mjs'),
} as const

/** What `npm run build` does, step by step. */
export const BUILD: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['types and build', [tool.tsc, '-b', '--pretty', 'false']],
  ['preloads', [tool.tsx, 'scripts/bundle.ts']],
]
