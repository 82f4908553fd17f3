import type { Untrusted } from '../../../core/sink.ts'
import { hasEntities, judgeProlog } from './xml.ts'

/** What a text of a client would become. */
export type Danger = 'function' | 'entities'

/**
 * What the libraries that make functions of data go by. node-serialize and cryo look at the beginning of a text, funcster at a key: so a
 * text that speaks of them holds its mark somewhere else.
 */
const AT_START = /^(?:_\$\$ND_FUNC\$\$_|_CRYO_FUNCTION_)/
const KEY = '__js_function'
/** A node of YAML with the tag of functions, and something behind it that may be one. */
const YAML_NODE =
  /(?:^|[\s,:[{])!(?:!|<tag:yaml\.org,2002:)js\/function>?\s+(?:&\S+\s+)?(?:["'>|&(#\n]|function\b|async\b|\S+\s*=>)/
/** A directive that gives that tag, or a part of it, another name. */
const YAML_DIRECTIVE = /(?:^|[\r\n])%TAG[ \t]+![\w-]*!?[ \t]+(\S{1,64})/g
const YAML_TAG = 'tag:yaml.org,2002:js/function'

/** Every mark that makes a text worth a second look. */
export const MARKS: readonly string[] = [
  '_$$ND_FUNC$$_',
  '_CRYO_FUNCTION_',
  KEY,
  'js/function',
  '%TAG',
  '<!ENTITY',
  '<!entity',
]

/** Reads everything that a client sent, taken apart and decoded. `isXml`: its body is what XML has to be, packed or not. */
export function dangerIn(untrusted: Untrusted, isXml: boolean): Danger | undefined {
  for (const text of untrusted.texts()) {
    const danger = dangerOf(text, isXml)
    if (danger !== undefined) return danger
  }
  // Where there was no room to take things apart, a mark is enough.
  const rest = untrusted.rest()
  return rest !== '' && (/_\$\$ND_FUNC\$\$_|_CRYO_FUNCTION_|__js_function/.test(rest) || isYaml(rest))
    ? 'function'
    : undefined
}

function dangerOf(text: string, isXml: boolean): Danger | undefined {
  if (AT_START.test(text) || text === KEY || isYaml(text)) return 'function'
  if (isXml && /^[\s\uFEFF]*<[?!]/.test(text) && judgeProlog(Buffer.from(text), true) === 'declares') return 'entities'
  return hasEntities(text) ? 'entities' : undefined
}

function isYaml(text: string): boolean {
  if (text.includes('js/function') && YAML_NODE.test(text)) return true
  if (!text.includes('%TAG')) return false
  for (const [, prefix = ''] of text.matchAll(YAML_DIRECTIVE)) {
    if (YAML_TAG.startsWith(prefix) || prefix.startsWith(YAML_TAG)) return true
  }
  return false
}
