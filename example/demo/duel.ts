import { type ProbeConfig, type ProbeReport, type ProbeResult, probe } from '@bulwark/prober'
import type { Attack } from './result.ts'
import type { Address, Twin, TwinEvent } from './twins.ts'

export interface DuelOptions {
  readonly unsafe: Address
  readonly protected: Address & Pick<Twin, 'events' | 'settled'>
  /** The account and the routes of both blogs. */
  readonly config: ProbeConfig
  readonly only?: readonly string[]
  /** Called when an attack has been tried on both. */
  readonly onAttack?: (attack: Attack) => void
  readonly onProgress?: (done: Progress) => void
  readonly signal?: AbortSignal
}

export interface Progress {
  readonly unsafe: number
  readonly protected: number
}

export interface Duel {
  readonly attacks: readonly Attack[]
  readonly unsafe: ProbeReport
  readonly protected: ProbeReport
}

/** Runs the same attacks against both blogs at the same time. */
export async function duel(options: DuelOptions): Promise<Duel> {
  const { unsafe, protected: blog, config } = options
  const attacks: Attack[] = []
  const done = { unsafe: new Map<string, ProbeResult>(), protected: new Map<string, ProbeResult>() }
  let telling = Promise.resolve()
  const onOutcome = (side: keyof typeof done) => (result: ProbeResult) => {
    done[side].set(result.probe, result)
    options.onProgress?.({ unsafe: done.unsafe.size, protected: done.protected.size })
    const [left, right] = [done.unsafe.get(result.probe), done.protected.get(result.probe)]
    if (!left || !right) return
    telling = telling.then(async () => {
      await blog.settled()
      const attack = toAttack(left, right, blog.events)
      attacks.push(attack)
      options.onAttack?.(attack)
    })
  }
  const run = (at: Address, side: keyof typeof done): Promise<ProbeReport> =>
    probe({
      ...config,
      url: at.origin,
      ...(at.plainPort !== undefined && { plainPort: at.plainPort }),
      ...(at.authority !== undefined && { ca: at.authority }),
      ...(options.only && options.only.length > 0 && { only: options.only }),
      // Generous: what a whole catalogue needs, bursts included, on a machine that is busy with other things.
      budget: { requests: 12_000, ms: 480_000 },
      onOutcome: onOutcome(side),
      ...(options.signal && { signal: options.signal }),
    })
  const [left, right] = await Promise.all([run(unsafe, 'unsafe'), run(blog, 'protected')])
  await telling
  return { attacks, unsafe: left, protected: right }
}

function toAttack(unsafe: ProbeResult, blog: ProbeResult, all: readonly TwinEvent[]): Attack {
  const addresses = new Set(blog.addresses)
  const events = all.filter(({ request }) => request && addresses.has(request.ip))
  return {
    id: unsafe.probe,
    unsafe,
    protected: blog,
    // Where there is nothing to attack, nobody had to stop it.
    stoppedBy: blog.verdict === 'disproven' ? stopperOf(blog, events) : undefined,
    events,
  }
}

/**
 * The guard that refused the attack at each place where it was tried. Escaping, headers and the flags of cookies refuse nothing, and a
 * refusal here and there says little: then it is the protection that the attack belongs to.
 */
export function stopperOf(
  { probe: name, outcomes }: Pick<ProbeResult, 'probe' | 'outcomes'>,
  events: readonly Pick<TwinEvent, 'guard' | 'outcome' | 'request'>[],
): string {
  const owner = name.slice(0, name.indexOf('/'))
  const counts = new Map<string, number>()
  for (const { guard, outcome } of events) if (outcome === 'denied') counts.set(guard, (counts.get(guard) ?? 0) + 1)
  const places = outcomes.filter(({ verdict }) => verdict === 'disproven').map(({ path }) => pathOf(path))
  const refusedAll = [...counts].filter(([guard]) => {
    const refused = new Set(events.filter((event) => event.guard === guard).map(({ request }) => request?.path))
    return places.length > 0 && places.every((path) => refused.has(path))
  })
  const most = Math.max(0, ...refusedAll.map(([, count]) => count))
  if ((counts.get(owner) ?? 0) >= most) return owner
  return refusedAll.find(([, count]) => count === most)?.[0] ?? owner
}

function pathOf(path: string): string {
  return path.split('?')[0] ?? path
}
