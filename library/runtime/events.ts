import { channel } from 'node:diagnostics_channel'
import type { SecurityEvent } from '../core/event.ts'
import { shared } from '../firewall/shared.ts'

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
const kept = shared('events', () => ({ second: 0, written: 0, dropped: 0 }))

/** One line on standard error for each event, and no more than ten a second: a flood must not become a flood of lines. */
export function defaultListener(event: SecurityEvent): void {
  const now = Math.floor(event.at / 1000)
  if (now !== kept.second) {
    if (kept.dropped > 0) process.stderr.write(`bulwark: ${kept.dropped} more events were not written\n`)
    kept.second = now
    kept.written = 0
    kept.dropped = 0
  }
  if (kept.written >= PER_SECOND) {
    kept.dropped++
    return
  }
  kept.written++
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
