import { resolve } from 'node:path'
import { parseArguments } from '../arguments.ts'
import { type Io, UsageError } from '../io.ts'
import type { Command } from '../main.ts'
import { toJson } from '../reporters/json.ts'
import { clean } from '../reporters/text.ts'
import { explained, MASTER_KEY_HELP, providerOf, reseal, verbOf } from './sealed.ts'

const HELP = `bulwark secrets: keep secrets in a sealed file beside the source

Usage
  bulwark secrets edit          open all of them in your editor
  bulwark secrets get           list their names
  bulwark secrets get NAME      print one of them
  bulwark secrets set NAME      take the value from what is piped in
  bulwark secrets reseal        seal the file with BULWARK_NEW_MASTER_KEY

One secret on each line, NAME=value. The file can be committed: without the
master key nobody reads or changes it. Apps open it with openSecrets().

${MASTER_KEY_HELP}

Options
  --file FILE    the sealed file (default: secrets.sealed)
  --json         get as JSON
  -h, --help     this text

Exit codes
  0  done      1  there is no such secret      2  wrong usage
`

const VERBS = ['edit', 'get', 'set', 'reseal'] as const
/** How often an editor opens again on lines that cannot be read. */
const MOST_TRIES = 5

export const secretsCommand: Command = {
  help: HELP,
  async run(args: readonly string[], io: Io): Promise<number> {
    const parsed = parseArguments(args, { file: { type: 'string' }, json: { type: 'boolean' } })
    const [word, name, ...more] = parsed.words
    const verb = verbOf('secrets', word, VERBS)
    const tooMany = verb === 'edit' || verb === 'reseal' ? name : more[0]
    if (tooMany !== undefined) throw new UsageError(`secrets ${verb} does not know what to do with "${tooMany}"`)
    if (parsed.flag('json') && verb !== 'get') throw new UsageError('--json is for secrets get')
    const shown = parsed.text('file') ?? 'secrets.sealed'
    const file = resolve(io.cwd, shown)
    switch (verb) {
      case 'edit':
        return explained(io, () => edit(file, io))
      case 'get':
        return explained(io, () => get(file, name, parsed.flag('json'), io))
      case 'set':
        if (name === undefined) throw new UsageError('set takes the name of a secret')
        if (!/^[A-Za-z_][\w.-]{0,127}$/.test(name)) {
          throw new UsageError(`"${name}" is no name for a secret`, 'letters, digits, _ . - are: DATABASE_URL')
        }
        return explained(io, () => set(file, name, io))
      case 'reseal':
        return explained(io, () => reseal(file, shown, io))
    }
  },
}

async function edit(file: string, io: Io): Promise<number> {
  const { editSecrets, parseSecrets } = await import('bulwark/keys')
  const secrets = await editSecrets(file, await providerOf(io), async (before) => {
    let text = before === '' ? '# One secret on each line, such as:\n# DATABASE_URL=postgres://...\n' : before
    for (let tries = 1; ; tries++) {
      text = await io.edit(text)
      try {
        parseSecrets(text, file)
        return text
      } catch (error) {
        // What somebody has just typed must not be lost to a slip in it.
        if (tries === MOST_TRIES) throw error
        const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
        text = `# ${what.replace(/^\w+: /, '')}\n${text.replace(/^# line \d+ .*\n/, '')}`
      }
    }
  })
  io.out(`sealed ${Object.keys(secrets).length} secrets\n`)
  return 0
}

async function get(file: string, name: string | undefined, json: boolean, io: Io): Promise<number> {
  const { openSecrets } = await import('bulwark/keys')
  const secrets = await openSecrets(file, await providerOf(io))
  if (name === undefined) {
    const names = Object.keys(secrets)
    io.out(json ? toJson('secrets get', { names }, io) : names.map((each) => `${each}\n`).join(''))
    return 0
  }
  const value = secrets[name]
  if (value === undefined) {
    io.err(`bulwark: there is no secret ${clean(name)}\n  see bulwark secrets get\n`)
    return 1
  }
  io.out(json ? toJson('secrets get', { name, value }, io) : `${value}\n`)
  return 0
}

async function set(file: string, name: string, io: Io): Promise<number> {
  const { editSecrets } = await import('bulwark/keys')
  // A shell's echo ends with a line break that nobody means.
  const value = (await io.input()).replace(/\r?\n$/, '')
  const line = `${name}=${/^\S(?:.*\S)?$/.test(value) && !value.startsWith('"') ? value : JSON.stringify(value)}`
  await editSecrets(file, await providerOf(io), (before) => {
    const lines = before.split('\n')
    const at = lines.findIndex((each) => each.split('=', 1)[0]?.trim() === name)
    if (at !== -1) return lines.map((each, i) => (i === at ? line : each)).join('\n')
    return `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`
  })
  io.out(`sealed ${name}\n`)
  return 0
}
