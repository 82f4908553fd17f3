import { channel } from 'node:diagnostics_channel'
import type { SecurityEvent } from '../core/event.ts'

/** The bus: whoever wants every event of every policy in the process subscribes to `bulwark:event`. */
const bus = channel('bulwark:event')

export function publish(event: SecurityEvent, onEvent: (event: SecurityEvent) => void): void {
  if (bus.hasSubscribers) bus.publish(event)
  try {
    onEvent(event)
  } catch (error) {
    // A broken listener must not decide whether a request passes.
    process.emitWarning(`a listener for security events threw: ${String(error)}`, { code: 'BULWARK_LISTENER' })
  }
}

const PER_SECOND = 10
let second = 0
let written = 0
let dropped = 0

/** One line on standard error for each event, and no more than ten a second: a flood must not become a flood of lines. */
export function defaultListener(event: SecurityEvent): void {
  const now = Math.floor(event.at / 1000)
  if (now !== second) {
    if (dropped > 0) process.stderr.write(`bulwark: ${dropped} more events were not written\n`)
    second = now
    written = 0
    dropped = 0
  }
  if (written >= PER_SECOND) {
    dropped++
    return
  }
  written++
  process.stderr.write(`${formatEvent(event)}\n`)
}

export function formatEvent(event: SecurityEvent): string {
  const { request } = event
  const where = request ? ` ${request.method} ${request.path} from ${request.ip} (incident ${request.id})` : ''
  const lines = [`bulwark: ${event.outcome} ${event.guard}${where}: ${event.reason}`]
  if (event.fix) lines.push(`  fix  ${event.fix}`)
  if (event.error instanceof Error && event.error.stack) lines.push(event.error.stack)
  return lines.join('\n')
}
