import type { Probe } from '../library/core/probe.ts'
import type { Victim } from '../library/core/victim.ts'
import { type ProbeOptions, probe } from '../prober/index.ts'
import { frameworks } from './frameworks.ts'

/** What got through to an app that stands for itself, without Bulwark: each attack with its place, such as `xss/reflected GET /search`. */
export async function attacked(
  app: Victim,
  probes: readonly Probe[],
  options: Partial<ProbeOptions> = {},
): Promise<string[]> {
  const running = await frameworks['node:http']!(app, undefined)
  try {
    const routes = [...running.routes]
    const { results } = await probe({ url: running.origin, routes, crawl: false, probes, ...options })
    return results.flatMap(({ probe: name, outcomes }) =>
      outcomes.filter(({ verdict }) => verdict === 'proven').map(({ method, path }) => `${name} ${method} ${path}`),
    )
  } finally {
    await running.close()
  }
}
