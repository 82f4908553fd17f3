import { median } from '../numbers.ts'
import type { Contestant, Task } from './contestants.ts'

export interface Rate {
  readonly title: string
  /** Checks per second: the median of the rounds. */
  readonly perSecond: number
  readonly least: number
  readonly most: number
}

export interface TaskResult {
  readonly name: string
  readonly about: string
  /** In the order of the task: Bulwark first. */
  readonly rates: readonly Rate[]
}

/** Throws unless every contestant gives the answers that the policy means. */
export async function rehearse(tasks: readonly Task[]): Promise<void> {
  for (const { name, contestants } of tasks) {
    for (const { title, allowed, run } of contestants) {
      const found = await run()
      if (found !== allowed) throw new Error(`${name}: ${title} allowed ${found}, and not ${allowed}`)
    }
  }
}

/** All contestants of a task take turns within each round, so that whatever else the machine does falls on all of them. */
export async function measure(tasks: readonly Task[], rounds: number, ms: number): Promise<readonly TaskResult[]> {
  const results: TaskResult[] = []
  for (const { name, about, contestants } of tasks) {
    const seen = new Map<Contestant, number[]>(contestants.map((one) => [one, []]))
    for (const one of contestants) await perSecond(one, ms)
    for (let round = 0; round < rounds; round++) {
      for (const one of round % 2 === 0 ? contestants : [...contestants].reverse())
        seen.get(one)?.push(await perSecond(one, ms))
    }
    const rates = contestants.map((one): Rate => {
      const all = seen.get(one) ?? []
      return { title: one.title, perSecond: median(all), least: Math.min(...all), most: Math.max(...all) }
    })
    results.push({ name, about, rates })
  }
  return results
}

async function perSecond({ run, questions, allowed }: Contestant, ms: number): Promise<number> {
  const start = performance.now()
  let runs = 0
  let wrong = 0
  let spent = 0
  do {
    // Asking for the time costs as much as a check, so it is asked for after a few hundred.
    for (let i = 0; i < 8; i++) {
      const found = run()
      if ((typeof found === 'number' ? found : await found) !== allowed) wrong++
    }
    runs += 8
    spent = performance.now() - start
  } while (spent < ms)
  if (wrong > 0) throw new Error(`${wrong} runs gave other answers`)
  return (runs * questions * 1000) / spent
}

export function toText(results: readonly TaskResult[], machine: string): string {
  const lines = results.flatMap(({ name, about, rates }) => {
    const [own] = rates
    return [
      `${name}: ${about}`,
      ...rates.map(({ title, perSecond, least, most }) => {
        const ratio = own === undefined ? 1 : own.perSecond / perSecond
        const times = title === own?.title ? '' : `Bulwark x ${ratio < 10 ? ratio.toFixed(1) : ratio.toFixed(0)}`
        return `  ${title.padEnd(14)}${many(perSecond).padStart(8)}/s  ${`(${many(least)} to ${many(most)})`.padEnd(22)}${times}`.trimEnd()
      }),
      '',
    ]
  })
  return [...lines, machine].join('\n')
}

/** `17.3 M`, `208 k`, `940`. */
export function many(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toFixed(1)} M`
  return value >= 1e3 ? `${(value / 1e3).toFixed(value >= 1e5 ? 0 : 1)} k` : value.toFixed(0)
}
