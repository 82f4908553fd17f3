import { BulwarkError } from '../../core/errors.ts'
import type { Guard } from '../../core/guard.ts'
import type { CommonOptions } from '../../core/policy.ts'
import { guardCode, makesCodeOfText } from './code/guard-code.ts'

/** Options of the sink behind everything that makes code of text. */
export interface CodeInjectionOptions extends CommonOptions {
  /**
   * `never` keeps the app from starting unless Node was started with `--disallow-code-generation-from-strings`: then no `eval` and no
   * `Function` makes code of any text. `judged` looks at what the client sent.
   * @default 'judged'
   */
  readonly fromText?: 'judged' | 'never'
}

/**
 * Stops text from becoming code in which something that the client sent would run.
 *
 * The judging is done where code is made: see `guardCode()`.
 *
 * **Security**: the second line behind code that compiles nothing of a request (CWE-94, CWE-95, ASVS 1.3.2).
 * @throws BulwarkError `BULWARK_POLICY_UNSAFE` when `fromText` is `never` and Node would compile text
 */
export function codeInjection({ fromText = 'judged' }: CodeInjectionOptions): Guard {
  if (fromText !== 'judged' && fromText !== 'never') {
    throw new BulwarkError('BULWARK_POLICY_INVALID', 'fromText is none of judged and never', {
      at: 'policy.codeInjection.fromText',
      fix: "write 'judged' or 'never'",
    })
  }
  const isPossible = makesCodeOfText()
  if (fromText === 'never' && isPossible) {
    throw new BulwarkError('BULWARK_POLICY_UNSAFE', 'this process makes code of text', {
      at: 'policy.codeInjection.fromText',
      fix: 'start Node with --disallow-code-generation-from-strings, on the command line or in NODE_OPTIONS',
    })
  }
  guardCode()
  return { name: 'code-injection', phase: 'input', facts: { makesCodeOfText: isPossible } }
}
