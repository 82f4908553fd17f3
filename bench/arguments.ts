import { parseArgs } from 'node:util'
import { type Framework, frameworks, type Stack, stacks } from './cases.ts'

export interface Settings {
  readonly frameworks: readonly Framework[]
  readonly stacks: readonly Stack[]
  readonly rounds: number
  /** Of unmeasured load before the first measurement in a fresh process, which has to compile the framework first. */
  readonly coldSeconds: number
  /** Answers that this first warm-up waits for, up to three times its seconds. */
  readonly coldRequests: number
  /** Of unmeasured load before each further measurement. */
  readonly warmSeconds: number
  readonly seconds: number
  readonly connections: number
  /** Where to write the JSON report. */
  readonly json: string | undefined
}

/** A command line that makes no sense; its message is for the person who typed it. */
export class UsageError extends Error {}

/** Measurements of single functions: each is a program of its own, and reads its own options. */
export const programs = ['encryption', 'access', 'passwords', 'sessions', 'firewall', 'overload'] as const
export type Program = (typeof programs)[number]

export const usage = `npm run bench -- [options]

  --quick            3 short rounds, about two minutes (else 5 rounds, about ten)
  --only LIST        express, fastify, node (default: all)
  --stacks LIST      bare, usual, bulwark (default: all)
  --rounds N         1 to 50
  --json FILE        also write everything measured, as JSON
  --access           instead: access checks per second beside CASL, casbin and others
  --passwords        instead: what a flood of sign-ins does to everything else
  --encryption       instead: values sealed per second beside libsodium and others
  --sessions         instead: what reading a session from Redis costs, and how soon one that was ended is refused
  --firewall         instead: what hostile bodies cost the sinks, and what the preload costs
  --overload         instead: what is answered in time at three times what a process bears, beside toobusy-js
  --help
`

/** The program that is asked for in place of the servers. */
export function programIn(argv: readonly string[]): Program | undefined {
  return programs.find((name) => argv.includes(`--${name}`))
}

/** Reads the command line; `undefined` when only help was asked for. Throws `UsageError`. */
export function parseArguments(argv: readonly string[]): Settings | undefined {
  const values = parse(argv)
  if (values.help) return undefined
  const quick = values.quick === true
  return {
    frameworks: values.only === undefined ? frameworks : parseList('--only', values.only, frameworks),
    stacks: values.stacks === undefined ? stacks : parseList('--stacks', values.stacks, stacks),
    rounds: values.rounds === undefined ? (quick ? 3 : 5) : parseRounds(values.rounds),
    coldSeconds: quick ? 1.2 : 3,
    coldRequests: quick ? 4000 : 10_000,
    warmSeconds: quick ? 0.4 : 1,
    seconds: quick ? 0.8 : 3,
    connections: 8,
    json: values.json,
  }
}

interface Values {
  readonly quick?: boolean
  readonly only?: string
  readonly stacks?: string
  readonly rounds?: string
  readonly json?: string
  readonly help?: boolean
}

function parse(argv: readonly string[]): Values {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string' },
        stacks: { type: 'string' },
        rounds: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause))
  }
}

function parseList<T extends string>(option: string, text: string, known: readonly T[]): readonly T[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !known.some((one) => one === name))
  if (unknown !== undefined) throw new UsageError(`${option} knows ${known.join(', ')}, not '${unknown}'`)
  return known.filter((name) => names.includes(name))
}

function parseRounds(text: string): number {
  const rounds = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (rounds < 1 || rounds > 50) throw new UsageError(`--rounds takes a number from 1 to 50, not '${text}'`)
  return rounds
}
