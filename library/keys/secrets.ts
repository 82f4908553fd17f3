import { openDocument, sealDocument } from './document.ts'
import { readText, replaceFile, whileLocked } from './files.ts'
import { invalid } from './invalid.ts'
import type { KeyProvider } from './provider.ts'

/** Secrets of the app by name, such as `DATABASE_URL`. */
export type Secrets = Readonly<Record<string, string>>

const NAME = /^[A-Za-z_][\w.-]{0,127}$/

/**
 * Opens a sealed file of secrets, such as one that is kept beside the source.
 *
 * ```ts
 * const secrets = await openSecrets('secrets.sealed', localProvider(process.env.BULWARK_MASTER_KEY))
 * ```
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID`
 */
export async function openSecrets(file: string, provider: KeyProvider): Promise<Secrets> {
  const text = readText(file)
  if (text === undefined) throw invalid('there is no such file', file, 'make it with: npx @bulwark/cli secrets edit')
  return parseSecrets(await openDocument('secrets', text, provider, file), file)
}

/**
 * Changes a sealed file of secrets, or makes it. `edit` gets the lines `NAME=value` as they are, and answers them as they shall be.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` for lines that are no secrets; the file is then as it was
 */
export function editSecrets(
  file: string,
  provider: KeyProvider,
  edit: (lines: string) => string | Promise<string>,
): Promise<Secrets> {
  return whileLocked(file, async () => {
    const sealed = readText(file)
    const before = sealed === undefined ? '' : await openDocument('secrets', sealed, provider, file)
    const after = await edit(before)
    const secrets = parseSecrets(after, file)
    // Sealing the same again would look like a change in every history of the file.
    if (after !== before || sealed === undefined)
      replaceFile(file, await sealDocument('secrets', after, provider), 0o644)
    return secrets
  })
}

/** Lines `NAME=value`; empty ones and those that begin with `#` are notes. Quotes around a value may hold `\n`. */
export function parseSecrets(lines: string, at: string): Secrets {
  const secrets: Record<string, string> = Object.create(null)
  lines.split(/\r?\n/).forEach((line, i) => {
    if (line.trim() === '' || line.trimStart().startsWith('#')) return
    const equals = line.indexOf('=')
    const name = line.slice(0, Math.max(equals, 0)).trim()
    // The line is not repeated: it may be a secret.
    if (!NAME.test(name)) throw invalid(`line ${i + 1} is no NAME=value`, at, 'write one secret on each line')
    if (name in secrets) throw invalid(`line ${i + 1} names ${name} again`, at, 'take one of the two away')
    secrets[name] = unquoted(line.slice(equals + 1).trim(), i, at)
  })
  return secrets
}

function unquoted(text: string, i: number, at: string): string {
  if (!text.startsWith('"')) return text
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'string') return value
  } catch {
    // What is wrong with it is said below, without repeating it.
  }
  throw invalid(`line ${i + 1} has a quote that does not end`, at, 'write quoted values as JSON does')
}
