import { deny } from '../../../core/guard.ts'
import type { Sink } from '../../../core/sink.ts'
import { changedIn } from '../../../toolbox/changed.ts'
import { Finder } from '../../../toolbox/finder.ts'
import { presentIn } from '../../../toolbox/presence.ts'
import { Script } from '../../../toolbox/script.ts'
import { isCode, linesOf, markedIn } from '../judge/candidates.ts'

/** Text that is about to be compiled, or a module that is about to be loaded. */
export type CodeCall = { readonly code: string } | { readonly module: string; readonly from: string }

export interface CodeSink extends Sink<CodeCall> {
  /** It was compiled or loaded when no client had a say yet. */
  trust(call: CodeCall): void
}

const CODE = deny(
  'code-injection',
  'text was about to be compiled in which something that the client sent would have run',
)
const MODULE = deny('code-injection', 'a module was about to be loaded that the client had named')
const STRUCTURED = /[/\\:]/
const LEADING = /:|(?:^|[/\\])\.\.(?:[/\\]|$)/
const MOST_TRUSTED = 2000
const LONGEST_TRUSTED = 20_000

export function codeSink(): CodeSink {
  const trusted = new Set<string>()
  const trust = (call: CodeCall): void => {
    const key = keyOf(call)
    if (key.length > LONGEST_TRUSTED) return
    if (trusted.size >= MOST_TRUSTED) trusted.clear()
    trusted.add(key)
  }
  return {
    name: 'code-injection',
    trust,
    judge(call, untrusted) {
      if (trusted.has(keyOf(call))) return undefined
      if ('module' in call) {
        if (isNamed(call.module, untrusted.texts())) return MODULE
      } else {
        const texts = untrusted.structured()
        const rest = untrusted.rest()
        const script = new Script(call.code)
        if (script.isInjectedBy(texts, isCode) || script.isInjectedBy(markedIn(texts), isCode)) return CODE
        if (script.isInjectedBy(changedIn(call.code, texts), isCode)) return CODE
        if (rest !== '' && sharesCode(call.code, rest)) return CODE
      }
      trust(call)
      return undefined
    },
  }
}

/** The same file asks for the same module again and again; another file that does so is another matter. */
function keyOf(call: CodeCall): string {
  return 'code' in call ? call.code : `${call.from}\0${call.module}`
}

function isNamed(name: string, texts: readonly string[]): boolean {
  return presentIn(name, texts).some(
    (text) => text.length > 1 && (text === name || (STRUCTURED.test(text) && isPartOfName(name, text))),
  )
}

/** A step upwards, a scheme, or the end of the name from a folder on. The path of a page, such as `/index`, is one word and leads nowhere. */
function isPartOfName(name: string, text: string): boolean {
  if (LEADING.test(text)) return name.includes(text)
  const part = text.replace(/^[/\\]+/, '')
  if (!/[/\\]/.test(part)) return false
  const at = name.lastIndexOf(part)
  if (at === -1 || (at > 0 && /\w/.test(name.charAt(at - 1)))) return false
  return /^(?:\.\w+)?$/.test(name.slice(at + part.length))
}

/** What there was no room to take apart: any line of the code that acts and that stands there as it is. */
function sharesCode(code: string, rest: string): boolean {
  const finder = new Finder(rest)
  return presentIn(rest, linesOf(code)).some((line) => finder.includes(line) && isCode(line))
}
