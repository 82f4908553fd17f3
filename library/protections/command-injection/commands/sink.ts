import { type Denial, deny } from '../../../core/guard.ts'
import type { Sink, Untrusted } from '../../../core/sink.ts'
import type { Run } from '../../../firewall/builtins/commands.ts'
import { percentDecoded } from '../../../firewall/decode.ts'
import { Finder } from '../../../toolbox/finder.ts'
import { presentIn } from '../../../toolbox/presence.ts'
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
const SYNTAX = /[;&|<>()$`'"\\\n\r{}*?~]|\s-/g

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
      const texts = textsFor(key, untrusted)
      const verdict = judge(words, texts)
      if (verdict !== undefined) return DENIALS[verdict]
      if (key.length <= LONGEST && !touches(words, texts)) seen.set(key, sights + 1)
      return undefined
    },
  }
}

/** What of the client's texts is in this command, as it came and without the blanks that apps cut off. One sign alone is no command. */
function textsFor(command: string, untrusted: Untrusted): readonly string[] {
  const texts = new Set<string>()
  const finder = new Finder(command)
  for (const text of presentIn(command, untrusted.structured())) {
    const trimmed = text.trim()
    for (const form of trimmed === text ? [text] : [text, trimmed])
      if (form.length > 1 && finder.includes(form)) texts.add(form)
  }
  const rest = untrusted.rest()
  if (rest !== '') for (const text of unseen(command, rest)) texts.add(text)
  return [...texts]
}

/** Pieces around the syntax of a command that stand in what there was no room to take apart. */
function unseen(command: string, rest: string): string[] {
  const plain = percentDecoded(rest)
  const raw = new Finder(rest)
  const decoded = plain === undefined ? undefined : new Finder(plain)
  const done = new Set<string>()
  const pieces: string[] = []
  for (const { index } of command.matchAll(SYNTAX)) {
    const piece = command.slice(index, index + 8)
    if (piece.length < 4 || done.has(piece)) continue
    done.add(piece)
    if (raw.includes(piece) || decoded?.includes(piece) === true) pieces.push(piece)
  }
  return pieces
}
