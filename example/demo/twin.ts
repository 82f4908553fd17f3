import type { FromTwin, ToTwin } from './twins.ts'

/** One of the two blogs in a process of its own, so that neither the other nor the attacks take its time. */
const kind = process.argv[2]

// Ctrl-C reaches the whole group of processes; the demo itself says when to end.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))

const { origin } =
  kind === 'unsafe'
    ? await (await import('../unsafe/app.ts')).startUnsafe()
    : await (await import('../blog/app.ts')).startBlog({
        onEvent: ({ at, guard, risk, reason, outcome, fix, request }) =>
          tell({
            event: {
              at,
              guard,
              risk,
              reason,
              outcome,
              ...(fix && { fix }),
              ...(request && { request: { ...request } }),
            },
          }),
      })
tell({ origin })

// Messages arrive in order: the answer comes after every event that was told before.
process.on('message', ({ settle }: ToTwin) => tell({ settled: settle }))

function tell(message: FromTwin): void {
  process.send?.(message)
}
