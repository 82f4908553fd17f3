import { parseArguments } from '../arguments.ts'
import { type ErrorCode, type ErrorPage, errors } from '../explain/errors.ts'
import { inline, toPlain } from '../explain/markdown.ts'
import type { FaceLine, ProtectionPage, RiskLine } from '../explain/page.ts'
import { protections } from '../explain/protections.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { toJson } from '../reporters/json.ts'
import { type Page, paint, wrap } from '../reporters/text.ts'
import { suggest } from '../suggest.ts'

const HELP = `bulwark explain: what a code, a risk or a finding means and what to do

Usage
  bulwark explain WHAT [options]
  bulwark explain            list everything that can be explained

WHAT is an error code (BULWARK_KEYS_WEAK), a risk (csrf), the name of a probe
or a rule as findings show it (csrf/cross-site-form), or a protection.
Nothing is looked up on a network.

Options
  --json         print one JSON document instead of text
  -h, --help     this text

Exit codes
  0  explained      2  nothing of that name
`

/** What an explained word stands for. */
export type Entry =
  | { readonly kind: 'error'; readonly code: ErrorCode; readonly page: ErrorPage }
  | { readonly kind: 'risk'; readonly risk: RiskLine; readonly protection: ProtectionPage }
  | { readonly kind: 'probe' | 'rule'; readonly face: FaceLine; readonly protection: ProtectionPage }
  | { readonly kind: 'protection'; readonly protection: ProtectionPage }

export const explainCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, { json: { type: 'boolean' } })
    if (parsed.words.length > 1) throw new UsageError(`explain takes one word, not ${parsed.words.length}`)
    const [word] = parsed.words
    const json = parsed.flag('json')
    if (word === undefined) {
      io.out(json ? toJson('explain', { errors, protections }, io) : contents(protections, io))
      return 0
    }
    const entry = findEntry(word, protections)
    if (!entry) {
      const near = suggest(word, namesOf(protections))
      const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'see bulwark explain for everything there is'
      throw new UsageError(`nothing is called "${word}"`, hint)
    }
    io.out(json ? toJson('explain', entry, io) : toText(entry, io))
    return 0
  },
}

/** Finds what a word stands for. Case and the prefix of error codes do not matter; a risk wins over a protection of its name. */
export function findEntry(word: string, pages: readonly ProtectionPage[]): Entry | undefined {
  const upper = word.toUpperCase().replaceAll('-', '_')
  for (const code of [upper, `BULWARK_${upper}`])
    if (isErrorCode(code)) return { kind: 'error', code, page: errors[code] }
  const name = word.toLowerCase()
  for (const protection of pages) {
    const risk = protection.risks.find(({ id }) => id === name)
    if (risk) return { kind: 'risk', risk, protection }
    const probe = protection.probes.find((face) => face.name === name)
    if (probe) return { kind: 'probe', face: probe, protection }
    const rule = protection.rules.find((face) => face.name === name)
    if (rule) return { kind: 'rule', face: rule, protection }
  }
  const protection = pages.find((page) => page.name === name || page.key?.toLowerCase() === name)
  return protection && { kind: 'protection', protection }
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errors, code)
}

function namesOf(pages: readonly ProtectionPage[]): string[] {
  return [
    ...Object.keys(errors),
    ...pages.flatMap(({ name, risks, probes, rules }) => [
      name,
      ...risks.map(({ id }) => id),
      ...[...probes, ...rules].map((face) => face.name),
    ]),
  ].filter((name, index, all) => all.indexOf(name) === index)
}

function toText(entry: Entry, page: Page): string {
  switch (entry.kind) {
    case 'error':
      return errorText(entry.code, entry.page, page)
    case 'risk':
      return protectionText(entry.protection, page, riskHead(entry.risk, page))
    case 'protection':
      return protectionText(entry.protection, page, '')
    default: {
      const { face, protection, kind } = entry
      const title = `${paint(face.name, 'bold', page)}  a ${kind}\n\n${paragraph(face.title, page)}`
      const risk = protection.risks.find(({ id }) => id === face.risk)
      return protectionText(protection, page, risk ? `${title}\n\n${riskHead(risk, page)}` : title)
    }
  }
}

function errorText(code: ErrorCode, { what, why, fix, example }: ErrorPage, page: Page): string {
  const code_ = example
    .split('\n')
    .map((line) => `    ${line}`.trimEnd())
    .join('\n')
  return [
    `${paint(code, 'bold', page)}\n${paragraph(what, page)}`,
    section('Why', paragraph(why, page), page),
    section('Fix', paragraph(fix, page), page),
    section('Example', code_, page),
  ]
    .join('\n\n')
    .concat('\n')
}

function protectionText(protection: ProtectionPage, page: Page, head: string): string {
  const { name, key, summary, attack, defence, options, limits, probes, rules } = protection
  const faces = (list: readonly FaceLine[]): string =>
    list
      .map(
        (face) =>
          `  ${face.name}\n${wrap(face.title, page.width - 6)
            .map((line) => `      ${line}`)
            .join('\n')}`,
      )
      .join('\n')
  const parts = [
    head,
    `${paint(name, 'bold', page)}${key === undefined ? '' : `  policy key: ${key}`}\n${paragraph(inline(summary), page)}`,
    attack && section('Attack', toPlain(attack, page), page),
    defence && section('Defence', toPlain(defence, page), page),
    options && section('Options', toPlain(options, page), page),
    limits && section('What it cannot do', toPlain(limits, page), page),
    probes.length > 0 && section('Probes', faces(probes), page),
    rules.length > 0 && section('Rules', faces(rules), page),
  ]
  return `${parts.filter((part) => part).join('\n\n')}\n`
}

function riskHead({ id, title, severity, cwe, asvs }: RiskLine, page: Page): string {
  const sources = [`CWE-${cwe}`, ...(asvs.length > 0 ? [`OWASP ASVS 5.0 ${asvs.join(', ')}`] : [])]
  return `${paint(id, 'bold', page)}  ${severity}\n${paragraph(`${title}. ${sources.join('; ')}.`, page)}`
}

function contents(pages: readonly ProtectionPage[], page: Page): string {
  const list = pages.map(({ name, summary, risks }) => {
    const others = risks.map(({ id }) => id).filter((id) => id !== name)
    const lines = wrap(inline(summary), page.width - 6).map((line) => `      ${line}`)
    if (others.length > 0)
      lines.push(...wrap(`risks: ${others.join(', ')}`, page.width - 6).map((line) => `      ${line}`))
    return `  ${paint(name, 'bold', page)}\n${lines.join('\n')}`
  })
  const codes = Object.keys(errors).map((code) => `  ${code}`)
  return [
    section('Protections', list.join('\n'), page),
    section('Errors', codes.join('\n'), page),
    'bulwark explain NAME tells more.',
  ]
    .join('\n\n')
    .concat('\n')
}

function section(title: string, body: string, page: Page): string {
  return `${paint(title, 'bold', page)}\n${body}`
}

function paragraph(text: string, page: Page): string {
  return wrap(text, page.width - 2)
    .map((line) => `  ${line}`)
    .join('\n')
}
