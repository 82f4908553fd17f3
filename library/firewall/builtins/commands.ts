import childProcess, { ChildProcess } from 'node:child_process'
import { syncBuiltinESMExports } from 'node:module'
import path from 'node:path'
import { currentExchange } from '../context.ts'
import type { Method } from '../drivers/wrap.ts'
import { replace, watchOf } from './replace.ts'

/** One program that is about to be started. A command for a shell is a shell with `-c`. */
export interface Run {
  readonly file: string
  /** Without the program's own name. */
  readonly args: readonly string[]
}

/** What the functions that start programs tell of. */
export interface CommandInspector {
  /** Throws to stop it. */
  run(run: Run): void
}

interface SpawnOptions {
  readonly file: string
  /** With the program's own name in front. */
  readonly args?: readonly string[]
}

/**
 * Lets an inspector see every program that is started in an exchange. Whatever starts one without waiting ends in one method, also where
 * an app took `exec` out of the module before.
 */
export function watchCommands(inspector: CommandInspector): void {
  const watch = watchOf<CommandInspector>('commands')
  watch.inspector = inspector
  const judge = (run: Run): unknown => {
    try {
      watch.inspector?.run(run)
      return undefined
    } catch (error) {
      return error
    }
  }
  replace(ChildProcess.prototype, 'spawn', (native) => {
    return function (this: ChildProcess, options: SpawnOptions) {
      if (currentExchange() === undefined || typeof options?.file !== 'string') return native.call(this, options)
      const error = judge({ file: options.file, args: options.args?.slice(1) ?? [] })
      return error === undefined ? native.call(this, options) : failLater(this, native, options, error)
    }
  })
  for (const name of ['execSync', 'execFileSync', 'spawnSync']) {
    replace(childProcess, name, (native) => {
      return function (...args) {
        const run = currentExchange() === undefined ? undefined : runOf(name, args)
        const error = run && judge(run)
        if (error === undefined) return native.apply(this, args)
        if (name !== 'spawnSync') throw error
        return { error, status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null }
      }
    })
  }
  syncBuiltinESMExports()
}

/** A program that is nowhere: what the app does with its streams and events happens as with any program that cannot be started. */
function failLater(child: ChildProcess, native: Method, options: SpawnOptions, error: unknown): unknown {
  const emit = child.emit as (this: ChildProcess, name: string | symbol, ...values: unknown[]) => boolean
  child.emit = function (this: ChildProcess, name: string | symbol, ...values: unknown[]): boolean {
    if (name !== 'error') return emit.call(this, name, ...values)
    // An error that nobody listens for would end the process: whoever can send commands could do that at will.
    return this.listenerCount('error') > 0 && emit.call(this, 'error', error)
  } as typeof child.emit
  const file = path.join(path.dirname(process.execPath), '.stopped', 'by-bulwark')
  return native.call(child, { ...options, file, args: [file], cwd: undefined, uid: undefined, gid: undefined })
}

/** What a call that waits will start; `undefined` for what the native function refuses. */
function runOf(name: string, args: readonly unknown[]): Run | undefined {
  const [file] = args
  if (typeof file !== 'string') return undefined
  if (name === 'execSync') return inShell(file, (args[1] as { shell?: unknown } | undefined)?.shell)
  const list = Array.isArray(args[1]) ? args[1].map(String) : []
  const options = (Array.isArray(args[1]) || args[1] == null ? args[2] : args[1]) as { shell?: unknown } | undefined
  const shell = options?.shell
  return shell ? inShell([file, ...list].join(' '), shell) : { file, args: list }
}

function inShell(command: string, shell: unknown): Run {
  const isWindows = process.platform === 'win32'
  const file = typeof shell === 'string' ? shell : isWindows ? (process.env['comspec'] ?? 'cmd.exe') : '/bin/sh'
  const isCmd = isWindows && /^(?:.*\\)?cmd(?:\.exe)?$/i.test(file)
  return { file, args: isCmd ? ['/d', '/s', '/c', `"${command}"`] : ['-c', command] }
}
