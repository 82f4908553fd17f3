import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Mode } from '../../../core/policy.ts'
import { refuseUnknown } from '../../../core/unknown-key.ts'
import { watchCode } from '../../../firewall/builtins/code.ts'
import { consult } from '../../../firewall/consult.ts'
import { carryWhenAsked, currentExchange } from '../../../firewall/context.ts'
import { shared } from '../../../firewall/shared.ts'
import { type KnownKeys, strangerIn } from '../../../toolbox/known-keys.ts'
import { type CodeCall, type CodeSink, codeSink } from './sink.ts'

const KNOWN: KnownKeys<CodeOptions> = { mode: true }

export interface CodeOptions {
  /**
   * `observe` reports what would have been stopped and lets it pass.
   * @default the mode of the policy that the request came through
   */
  readonly mode?: Mode
}

interface State {
  readonly sink: CodeSink
  mode: Mode | undefined
  isCarried: boolean
  /** Whether a request has come by: what is compiled from then on may be a client's, wherever it is done. */
  isStarted: boolean
}

/** Node tells here of the requests of every server in the process, those that no policy is around as well; of HTTP/2 since Node 24. */
const REQUESTS: readonly string[] = ['http.server.request.start', 'http2.server.stream.start']

const state = shared(
  'code-injection',
  (): State => ({ sink: codeSink(), mode: undefined, isCarried: false, isStarted: false }),
)

/**
 * Stops text from becoming code in which something that the client of the current request sent would run, and modules from being loaded
 * that it named. A policy calls this by itself.
 *
 * Watches `Function` and its asynchronous and generating kin, `node:vm`, workers from text, and `require`; so also template engines that
 * compile by them, such as ejs, pug, doT and lodash. A stopped call throws a `BlockedError` that is answered with 403.
 *
 * **Security**: `eval` and `import()` cannot be watched from inside a process. Start Node with `--disallow-code-generation-from-strings`
 * where nothing needs them (CWE-94, CWE-95, ASVS 1.3.2).
 * @throws BulwarkError `BULWARK_POLICY_INVALID` for a key that nobody knows
 */
export function guardCode(options: CodeOptions = {}): void {
  refuseUnknown(strangerIn(options, KNOWN, 'guardCode()'))
  if (options.mode !== undefined) state.mode = options.mode
  watchCode({
    code: (code) => look({ code }),
    module: (module, from) => look({ module, from }),
  })
  if (state.isCarried) return
  state.isCarried = true
  carryWhenAsked()
  for (const each of REQUESTS) subscribe(each, begin)
}

/** Unsubscribing while Node calls its listeners would keep the next one from this request. */
function begin(): void {
  if (state.isStarted) return
  state.isStarted = true
  setImmediate(() => {
    for (const each of REQUESTS) unsubscribe(each, begin)
  })
}

/** Whether text can still become code in this process: by `eval`, by `Function`, or by a template engine. */
export function makesCodeOfText(): boolean {
  try {
    return new Function('return true')() === true
  } catch {
    return false
  }
}

function look(call: CodeCall): void {
  if (currentExchange() !== undefined) {
    state.isStarted = true
    consult(state.sink, call, state.mode)
  } else if (!state.isStarted) state.sink.trust(call)
}
