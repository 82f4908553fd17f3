import { watchBytes } from '../../../firewall/builtins/bytes.ts'
import { consult } from '../../../firewall/consult.ts'
import { carryWhenAsked, currentExchange } from '../../../firewall/context.ts'
import { bytesSink } from './sink.ts'

const sink = bytesSink()
let isCarried = false

/** Judges values that `node:v8` makes of bytes. A policy calls this by itself. */
export function guardBytes(): void {
  watchBytes({
    made(bytes, value) {
      if (currentExchange() !== undefined) consult(sink, { bytes, value })
    },
  })
  if (!isCarried) carryWhenAsked()
  isCarried = true
}
