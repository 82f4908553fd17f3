import { join } from 'node:path'
import { type ProbeConfig, readConfig } from '@bulwark/prober'
import { type Duel, duel } from '../demo/duel.ts'
import type { Attack } from '../demo/result.ts'
import { packageFolder } from '../shared/folder.ts'
import type { Desk } from './desks.ts'
import { HOLES, type Hole } from './holes.ts'
import { honestAnswers } from './honest.ts'

/** The protections that need no line of the app: a sink each, which the preload puts in place. */
export const SINKS: readonly string[] = [
  'sql-injection',
  'command-injection',
  'code-injection',
  'path-traversal',
  'ssrf',
]

/** One hole, used on both desks. */
export interface Use {
  readonly hole: Hole
  readonly plain: boolean
  readonly kept: boolean
}

export interface Fight extends Duel {
  /** Requests of honest people that the kept desk answered in another way, before and after the attacks. */
  readonly changed: readonly string[]
  readonly honest: number
  readonly uses: readonly Use[]
}

export interface FightOptions {
  readonly plain: Desk
  readonly kept: Desk
  /** Probes, protections or risks; empty for all. */
  readonly only: readonly string[]
  readonly onAttack?: (attack: Attack) => void
  readonly onUse?: (use: Use) => void
}

/** What attackers of the desk know beforehand: an account, and its forms. */
export function readDeskConfig(): Promise<ProbeConfig> {
  return readConfig(join(packageFolder, 'old/bulwark.probe.json'))
}

/** Honest people, the probes, each hole by hand, and honest people again: on both desks. */
export async function fight({ plain, kept, only, onAttack, onUse }: FightOptions): Promise<Fight> {
  const before = await compare(plain, kept)
  const uses: Use[] = []
  for (const hole of HOLES) {
    const use = { hole, plain: await hole.use(plain), kept: await hole.use(kept) }
    uses.push(use)
    onUse?.(use)
  }
  const between = await compare(plain, kept)
  const fought = await duel({
    unsafe: plain,
    protected: kept,
    config: await readDeskConfig(),
    only,
    ...(onAttack && { onAttack }),
  })
  return { ...fought, uses, changed: [...before.changed, ...between.changed], honest: before.all + between.all }
}

async function compare(plain: Desk, kept: Desk): Promise<{ all: number; changed: string[] }> {
  const [one, other] = [await honestAnswers(plain.origin), await honestAnswers(kept.origin)]
  const changed = [...one].filter(([request, answer]) => other.get(request) !== answer)
  return { all: one.size, changed: changed.map(([request, answer]) => `${request}\n${answer}\n${other.get(request)}`) }
}

/** Why the fight did not show what it promises, as far as these attacks promise anything; empty when it did. */
export function failuresOf(
  { attacks, uses, changed, unsafe, protected: kept }: Fight,
  counts: (id: string) => boolean = () => true,
): string[] {
  const failures = changed.map((one) => `An honest request was answered in another way: ${one}`)
  for (const { hole, plain: worked, kept: got } of uses) {
    if (!worked) failures.push(`${hole.name}: did not work on the plain desk.`)
    if (got) failures.push(`${hole.name}: got through.`)
  }
  for (const { id, unsafe: left, protected: right } of attacks) {
    if (!counts(id)) continue
    if (right.verdict === 'proven') failures.push(`${id} got through. ${right.message}`)
    if (left.verdict === 'proven' && right.verdict === 'inconclusive')
      failures.push(`${id}: nothing can be said of the kept desk. ${right.message}`)
  }
  if (!attacks.some((attack) => attack.unsafe.verdict === 'proven')) failures.push('No probe broke the plain desk.')
  for (const { target, stopped } of [unsafe, kept]) if (stopped) failures.push(`${target}: ${stopped.message}`)
  return failures
}
