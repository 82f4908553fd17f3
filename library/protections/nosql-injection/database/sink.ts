import { deny } from '../../../core/guard.ts'
import type { Sink, Untrusted } from '../../../core/sink.ts'
import type { MongoPart } from '../../../firewall/drivers/mongo.ts'
import { shared } from '../../../firewall/shared.ts'
import { changedIn } from '../../../toolbox/changed.ts'
import { presentIn } from '../../../toolbox/presence.ts'
import { isInjected } from '../../../toolbox/script.ts'
import { Sent } from '../judge/sent.ts'
import { type Questions, walk } from '../judge/walk.ts'

const OPERATOR = deny('nosql-injection', 'a call in which an operator came from the client')
const REFERENCE = deny('nosql-injection', 'a call in which a text of the client would have been read as a field')
const SCRIPT = deny(
  'nosql-injection',
  'a call with a script in which something that the client sent would have run as code',
)
const COMMAND = deny('nosql-injection', 'a command that the client decides as a whole')

const MOST_SCRIPTS = 256
const LONGEST_SCRIPT = 16 * 1024

/** Each exchange's own, for as long as it lasts. */
const sents = new WeakMap<Untrusted, Sent>()
/** Scripts that were seen to hold nothing of a client's are the app's own. */
const scripts = shared('nosql-injection.scripts', () => new Set<string>())

/** Judges the parts of a call to MongoDB. A call that holds no operator, no script and nothing to compute costs one look at it. */
export const mongoSink: Sink<readonly MongoPart[]> = {
  name: 'nosql-injection',
  judge(parts, untrusted) {
    for (const { value, reading } of parts) {
      let denial = OPERATOR
      const ask: Questions = {
        operator: (owner, name, operand, likeness) => {
          denial = OPERATOR
          return sentBy(untrusted).hasOperator(owner, name, operand, likeness)
        },
        reference: (text) => {
          denial = REFERENCE
          return sentBy(untrusted).hasReference(text)
        },
        script: (code) => {
          denial = SCRIPT
          return isBadScript(code, untrusted)
        },
      }
      if (walk(value, reading, ask)) return denial
      if (reading === 'command' && isWhole(value, untrusted)) return COMMAND
    }
    return undefined
  },
}

function sentBy(untrusted: Untrusted): Sent {
  let sent = sents.get(untrusted)
  if (sent === undefined) sents.set(untrusted, (sent = new Sent(untrusted)))
  return sent
}

function isBadScript(code: string, untrusted: Untrusted): boolean {
  if (scripts.has(code)) return false
  const texts = untrusted.structured()
  if (isInjected(code, texts) || isInjected(code, changedIn(code, texts))) return true
  // Scripts that hold values of clients are new each time, and push each other out.
  if (code.length <= LONGEST_SCRIPT && !holdsAny(code, untrusted.texts())) {
    if (scripts.size >= MOST_SCRIPTS) scripts.delete(scripts.values().next().value as string)
    scripts.add(code)
  }
  return false
}

function holdsAny(code: string, texts: readonly string[]): boolean {
  return presentIn(code, texts).some((text) => text.length > 2 && code.includes(text))
}

/** A command, or one of several. */
function isWhole(value: unknown, untrusted: Untrusted): boolean {
  if (untrusted.values().length === 0) return false
  const commands: readonly unknown[] = Array.isArray(value) ? value : [value]
  return commands.some(
    (command) =>
      typeof command === 'object' &&
      command !== null &&
      Object.keys(command).length > 0 &&
      sentBy(untrusted).hasWhole(command),
  )
}
