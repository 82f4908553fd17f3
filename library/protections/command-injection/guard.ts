import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'
import { guardCommands } from './commands/guard-commands.ts'

/** Options of the sink behind `node:child_process`. */
export interface CommandInjectionOptions extends CommonOptions {}

/**
 * Stops commands in which something that the client sent would be more than a value.
 *
 * The judging is done where programs are started: see `guardCommands()`.
 *
 * **Security**: the second line behind `execFile` with a list of arguments (CWE-78, ASVS 1.2.5).
 */
export function commandInjection(_options: CommandInjectionOptions): Guard {
  guardCommands()
  return { name: 'command-injection', phase: 'input' }
}
