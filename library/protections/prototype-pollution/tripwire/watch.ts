import type { SinkExchange } from '../../../core/sink.ts'
import { prototypes } from '../../../firewall/builtins/prototypes.ts'
import { lookFirst } from '../../../firewall/consult.ts'
import { inspect, lookBeforeCall } from './inspect.ts'

const EVERY_MS = 1000

/**
 * The tripwire by itself, for an app that cannot be touched: what data changes in the prototypes of the process while requests are answered is
 * put back when the next request comes, before a sink judges a call, and within a second.
 *
 * Answers what to call with each request, when it comes.
 */
export function watchPrototypes({ enforce }: { readonly enforce: boolean }): (exchange: SinkExchange) => void {
  /** Whose request came last before the change, which is what an event can name. */
  let last: SinkExchange | undefined
  const look = (when: 'opened' | 'ticked'): void => {
    const exchange = last
    if (exchange !== undefined) inspect({ enforce, when, tell: (event) => exchange.report(event) })
  }
  lookFirst(lookBeforeCall)
  return (exchange) => {
    if (last === undefined) {
      // What was added until now is start-up.
      prototypes.remember()
      setInterval(look, EVERY_MS, 'ticked').unref()
    } else if (prototypes.areTouched()) look('opened')
    last = exchange
  }
}
