// Loaded beside an old app with `node --import`: tells whoever started it what the firewall did. The app knows nothing of it.
import { subscribe } from 'node:diagnostics_channel'

subscribe('bulwark:event', ({ at, guard, risk, reason, outcome, fix, request }) => {
  const event = { at, guard, risk, reason, outcome, fix, request: request && { ...request } }
  process.send?.({ event })
})

// Messages arrive in order: the answer comes after every event that was told before.
process.on('message', ({ settle }) => process.send?.({ settled: settle }))
process.on('disconnect', () => process.exit())
