import { watchCommands } from '../../../firewall/builtins/commands.ts'
import { consult } from '../../../firewall/consult.ts'
import { carryWhenAsked } from '../../../firewall/context.ts'
import { shared } from '../../../firewall/shared.ts'
import { commandSink } from './sink.ts'

const state = shared('command-injection', () => ({ sink: commandSink(), isCarried: false }))

/**
 * Stops every start of a program in which something that the client of the current request sent would be more than a value: code of a
 * shell or another language, an option, or the program itself. A policy calls this by itself.
 *
 * The functions of `node:child_process` are watched. A stopped call fails the way that the function's own errors do: by its callback or
 * promise, by the event `error`, or by throwing, with a `BlockedError` that is answered with 403. Where nobody listens for `error`, the
 * child ends as one that could not be started, so that nobody can end the process with it.
 *
 * **Security**: `execSync` and its like are not watched where a CommonJS file took them out of `require('node:child_process')` before
 * this call (CWE-78, CWE-88, ASVS 1.2.5).
 */
export function guardCommands(): void {
  watchCommands({ run: (run) => consult(state.sink, run) })
  if (!state.isCarried) carryWhenAsked()
  state.isCarried = true
}
