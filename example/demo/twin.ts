import type { RunningBlog } from '../blog/app.ts'
import type { FromTwin, ToTwin } from './twins.ts'

/** One of the two blogs in a process of its own, so that neither the other nor the attacks take its time. */
const kind = process.argv[2]

// Ctrl-C reaches the whole group of processes; the demo itself says when to end.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))

tell(kind === 'unsafe' ? await startUnsafe() : await startProtected())

// Messages arrive in order: the answer comes after every event that was told before.
process.on('message', ({ settle }: ToTwin) => tell({ settled: settle }))

async function startUnsafe(): Promise<FromTwin> {
  const { startUnsafe } = await import('../unsafe/app.ts')
  return addressOf(await startUnsafe({ tls: true }))
}

async function startProtected(): Promise<FromTwin> {
  const [{ startBlog }, { developmentIdentity }] = await Promise.all([
    import('../blog/app.ts'),
    import('../shared/identity.ts'),
  ])
  const identity = await developmentIdentity()
  const blog = await startBlog({
    tls: identity,
    onEvent: ({ at, guard, risk, reason, outcome, fix, request }) =>
      tell({
        event: { at, guard, risk, reason, outcome, ...(fix && { fix }), ...(request && { request: { ...request } }) },
      }),
  })
  return { ...addressOf(blog), authority: identity.authority, isKept: identity.isKept }
}

function addressOf({ origin, plainPort }: Pick<RunningBlog, 'origin' | 'plainPort'>): {
  origin: string
  plainPort?: number
} {
  return { origin, ...(plainPort !== undefined && { plainPort }) }
}

function tell(message: FromTwin): void {
  process.send?.(message)
}
