import { type Denial, deny } from '../../../core/guard.ts'
import type { Sink } from '../../../core/sink.ts'
import type { Run } from '../../../firewall/builtins/commands.ts'
import { changedIn } from '../../../toolbox/changed.ts'
import { TwoGenerations } from '../../../toolbox/two-generations.ts'
import { judge, touches, type Verdict } from '../judge/judge.ts'

const DENIALS: Readonly<Record<Verdict, Denial>> = {
  code: deny('command-injection', 'a command in which something that the client sent would have run as code'),
  option: deny('option-injection', 'a command in which something that the client sent would have been an option'),
  program: deny('command-injection', 'a program that the client named'),
}
/** Sights of a command that nothing of any client's touched before it counts as the developer's own. */
const TRUSTED = 2
const MOST_COMMANDS = 1024
const LONGEST = 8192

export function commandSink(): Sink<Run> {
  const seen = new TwoGenerations<number>(MOST_COMMANDS)
  return {
    name: 'command-injection',
    judge({ file, args }, untrusted) {
      const words = [file, ...args]
      const key = words.join('\0')
      // A client may send by chance what the developer wrote: `&&`, or `-r`.
      const sights = seen.get(key) ?? 0
      if (sights >= TRUSTED) return undefined
      const texts = untrusted.structured()
      const rest = untrusted.rest()
      const verdict = judge(words, texts, rest)
      if (verdict !== undefined) return DENIALS[verdict]
      // Of what the app cut something off, options and programs are too short to be told from its own.
      const changed = changedIn(key, texts)
      if (changed.length > 0 && judge(words, changed) === 'code') return DENIALS.code
      if (key.length <= LONGEST && rest === '' && !touches(words, texts)) seen.set(key, sights + 1)
      return undefined
    },
  }
}
