import { resolve } from 'node:path'
import type { KeyRing, RingKey } from 'bulwark/keys'
import { type Parsed, parseArguments, parseTime } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { toJson, toTime } from '../reporters/json.ts'
import { field } from '../reporters/text.ts'
import { explained, MASTER_KEY_HELP, providerOf, reseal, ringOf, textsOf, verbOf } from './sealed.ts'

const HELP = `bulwark keys: make, list, rotate and revoke the keys of an app

Usage
  bulwark keys new                  print a new key, for BULWARK_KEYS
  bulwark keys new --file FILE      make a sealed file of keys
  bulwark keys status [--file FILE] what keys there are, and what to do
  bulwark keys rotate [--file FILE] bring in a new key without downtime
  bulwark keys revoke ID [--file F] make a key worthless, at once
  bulwark keys reseal --file FILE   seal it with BULWARK_NEW_MASTER_KEY

Without --file the keys are those in BULWARK_KEYS, and what to set it to is
printed: rotate once to publish a new key, deploy, rotate again to use it.
With --file a running app follows the file: nothing has to be deployed.

${MASTER_KEY_HELP}

Options
  --file FILE       the sealed file of keys
  --publish TIME    how long a new key is known before it is used, in a file
                    (default: 1h)
  --for PURPOSE     a key for this purpose alone, in a file, such as
                    "cookies" or "seal notes"
  --max-age TIME    status complains about active keys older than this
                    (default: 180d)
  --json            status as JSON; no secret is ever in it
  -h, --help        this text

Exit codes
  0  done      1  status found something to do      2  wrong usage
`

const DAY = 86_400_000
const VERBS = ['new', 'status', 'rotate', 'revoke', 'reseal'] as const

export const keysCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, {
      file: { type: 'string' },
      publish: { type: 'string' },
      for: { type: 'string' },
      'max-age': { type: 'string' },
      json: { type: 'boolean' },
    })
    const [word, id, ...more] = parsed.words
    const verb = verbOf('keys', word, VERBS)
    const tooMany = id !== undefined && verb !== 'revoke' ? id : more[0]
    if (tooMany !== undefined) throw new UsageError(`keys ${verb} does not know what to do with "${tooMany}"`)
    if (parsed.flag('json') && verb !== 'status') throw new UsageError('--json is for keys status')
    switch (verb) {
      case 'new':
        return explained(io, () => newKey(parsed, io))
      case 'status':
        return explained(io, () => status(parsed, io))
      case 'rotate':
        return explained(io, () => rotate(parsed, io))
      case 'revoke':
        if (id === undefined) throw new UsageError('revoke takes the id of a key', 'see bulwark keys status')
        return explained(io, () => revoke(id, parsed, io))
      case 'reseal': {
        const file = parsed.text('file')
        if (file === undefined) throw new UsageError('reseal takes a sealed file', 'name it with --file')
        return explained(io, () => reseal(resolve(io.cwd, file), file, io))
      }
    }
  },
}

async function newKey(parsed: Parsed, io: Io): Promise<number> {
  const { createKeyFile, makeKey } = await import('bulwark/keys')
  const file = parsed.text('file')
  if (file === undefined) {
    io.out(`${makeKey()}\n`)
    io.err('bulwark: keep it where the other secrets of the app are; it is shown this once\n')
    return 0
  }
  await createKeyFile(resolve(io.cwd, file), await providerOf(io))
  io.out(`made ${file} with one active key\n`)
  return 0
}

async function status(parsed: Parsed, io: Io): Promise<number> {
  const oldest = parseTime(parsed.text('max-age') ?? '180d', '--max-age')
  const ring = await ringOf(parsed.text('file'), io)
  const problems = problemsOf(ring, oldest)
  if (parsed.flag('json')) {
    const keys = ring.keys.map(({ id, state, created, activeFrom, purposes }) => ({
      id,
      state,
      ...(created !== undefined && { created: toTime(created) }),
      ...(activeFrom !== undefined && { activeFrom: toTime(activeFrom) }),
      purposes,
    }))
    io.out(toJson('keys status', { keys, problems }, io))
    return problems.length > 0 ? 1 : 0
  }
  for (const key of ring.keys) io.out(`  ${key.id}  ${describe(key)}\n`)
  if (problems.length > 0) io.out(`\n${problems.map((text) => field('!', text, io, 2)).join('\n')}\n`)
  return problems.length > 0 ? 1 : 0
}

async function rotate(parsed: Parsed, io: Io): Promise<number> {
  const keys = await import('bulwark/keys')
  const file = parsed.text('file')
  if (file === undefined && (parsed.text('publish') ?? parsed.text('for')) !== undefined) {
    throw new UsageError('--publish and --for are for a sealed file', 'name it with --file')
  }
  if (file !== undefined) {
    const publishFor = parseTime(parsed.text('publish') ?? '1h', '--publish')
    const purpose = parsed.text('for')
    const { keys: written } = await keys.rotateKeys(resolve(io.cwd, file), await providerOf(io), {
      publishFor,
      ...(purpose !== undefined && { purposes: [purpose] }),
    })
    const when = publishFor > 0 ? `becomes active ${dateOf(Date.now() + publishFor)}` : 'is active'
    io.out(`${keys.idOf(written[0]?.secret ?? '')} ${when}\n`)
    io.err('bulwark: the key before it then opens what it has sealed, and seals nothing more\n')
    return 0
  }
  const texts = textsOf(io)
  const waiting = texts.findIndex((text) => text.startsWith('next:'))
  if (waiting === -1) {
    io.out(`${[`next:${keys.makeKey()}`, ...texts].join(',')}\n`)
    io.err('bulwark: set BULWARK_KEYS to this and deploy it everywhere; then run this command again\n')
    return 0
  }
  const next = texts[waiting]?.slice('next:'.length) ?? ''
  const rest = texts.filter((_, i) => i !== waiting).map((text) => text.replace(/^active:/, ''))
  io.out(`${[next, ...rest].join(',')}\n`)
  io.err('bulwark: set BULWARK_KEYS to this once every process runs with the one before; old keys still open\n')
  return 0
}

async function revoke(id: string, parsed: Parsed, io: Io): Promise<number> {
  const { idOf, parseKeyList, revokeKey } = await import('bulwark/keys')
  const file = parsed.text('file')
  if (file !== undefined) {
    await revokeKey(resolve(io.cwd, file), await providerOf(io), id)
    io.out(`${id} is revoked\n`)
    io.err('bulwark: what it signed or sealed does not open any more, within a second\n')
    return 0
  }
  const texts = textsOf(io)
  const keys = parseKeyList(texts)
  const meant = keys.filter(({ secret }) => idOf(secret).startsWith(id))
  if (meant.length !== 1 || id.length < 4)
    throw new UsageError(`no key has the id ${id}, or more than one`, 'see bulwark keys status')
  const left = keys.map(({ secret, state }) =>
    secret === meant[0]?.secret ? `revoked:${secret}` : `${state}:${secret}`,
  )
  if (!left.some((text) => text.startsWith('active:'))) {
    throw new UsageError('no active key would be left', 'run bulwark keys rotate, twice, and revoke this one then')
  }
  io.out(`${left.join(',')}\n`)
  io.err('bulwark: set BULWARK_KEYS to this and deploy it everywhere\n')
  return 0
}

function problemsOf(ring: KeyRing, oldest: number): string[] {
  const problems: string[] = []
  if (!ring.keys.some(({ state }) => state === 'active'))
    problems.push('No key is active, so nothing can be sealed or signed.')
  for (const { id, state, created } of ring.keys) {
    if (state !== 'active') continue
    if (created === undefined) problems.push(`${id} does not say how old it is. Keys of "bulwark keys new" do.`)
    else if (Date.now() - created > oldest) problems.push(`${id} is ${daysOf(created)} days old. Rotate it.`)
  }
  return problems
}

function describe({ state, created, activeFrom, purposes }: RingKey): string {
  const parts: string[] = [state]
  if (activeFrom !== undefined && state === 'next') parts.push(`active ${dateOf(activeFrom)}`)
  if (created !== undefined) parts.push(`${daysOf(created)} days old`)
  if (purposes !== undefined) parts.push(`for ${purposes.join(', ')}`)
  return parts.join(', ')
}

function daysOf(created: number): number {
  return Math.max(0, Math.floor((Date.now() - created) / DAY))
}

function dateOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
