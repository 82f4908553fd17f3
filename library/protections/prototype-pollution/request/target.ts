import type { Denial } from '../../../core/guard.ts'
import { percentDecoded } from '../../../firewall/decode.ts'
import { Reading } from './reading.ts'

/** The letters of `proto`, a percent sign or a backslash written as code: without one of these there is nothing to find. */
const CODED = /%(?:[67]|25|5c)|\\/i

/** Whether a part of a request has to be taken apart at all. */
export function mayLead(text: string): boolean {
  return text.indexOf('proto') !== -1 || (text.indexOf('%') !== -1 && CODED.test(text)) || text.indexOf('\\') !== -1
}

/** Judges path and query of a request target, as it was sent. */
export function judgeTarget(target: string): Denial | undefined {
  const reading = new Reading()
  const question = target.indexOf('?')
  const path = question === -1 ? target : target.slice(0, question)
  // The path is one: its pieces may become keys.
  reading.text(percentDecoded(path) ?? path)
  if (question !== -1) readFields(target.slice(question + 1), '&', reading)
  return reading.denial
}

/** Judges the cookies, some of which apps take for JSON. */
export function judgeCookies(header: string): Denial | undefined {
  const reading = new Reading()
  for (const pair of header.split(';')) {
    const value = pair.slice(pair.indexOf('=') + 1).trim()
    const plain = percentDecoded(value) ?? value
    // `j:{json}` and `s:value.signature` are how Express writes them.
    reading.text(/^[sj]:/.test(plain) ? plain.slice(2) : plain)
    if (plain.startsWith('s:')) reading.text(plain.slice(2, Math.max(2, plain.lastIndexOf('.'))))
    if (plain.startsWith('s:j:')) reading.text(plain.slice(4, Math.max(4, plain.lastIndexOf('.'))))
  }
  return reading.denial
}

function readFields(text: string, separator: string, reading: Reading): void {
  for (const part of text.split(separator)) {
    const equals = part.indexOf('=')
    const name = equals === -1 ? part : part.slice(0, equals)
    const value = equals === -1 ? '' : part.slice(equals + 1).replaceAll('+', ' ')
    reading.field(percentDecoded(name) ?? name, percentDecoded(value) ?? value)
  }
}
