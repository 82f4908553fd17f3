import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readText, replaceFile, whileLocked } from './files.ts'
import { invalid } from './invalid.ts'
import type { KeyProvider } from './provider.ts'

/** A text file whose content only the provider's key opens. It can be committed, copied and compared, but not read. */
export interface SealedDocument {
  readonly bulwark: 'sealed 1'
  /** What is in it: a file of secrets never passes for a file of keys. */
  readonly holds: string
  readonly provider: string
  /** The key of this version of the file, wrapped by the provider. */
  readonly key: string
  readonly content: string
}

const NONCE = 12
const TAG = 16

/** Seals a text as a file: under a fresh key, which the provider wraps. */
export async function sealDocument(holds: string, content: string, provider: KeyProvider): Promise<string> {
  const key = randomBytes(32)
  const wrapped = Buffer.from(await provider.wrap(key, contextOf(holds))).toString('base64url')
  const head = { bulwark: 'sealed 1', holds, provider: provider.name, key: wrapped } as const
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(headBytes(head))
  const sealed = Buffer.concat([nonce, cipher.update(content, 'utf8'), cipher.final(), cipher.getAuthTag()])
  const document: SealedDocument = { ...head, content: sealed.toString('base64url') }
  return `${JSON.stringify(document, undefined, 2)}\n`
}

/**
 * Opens what {@link sealDocument} wrote.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID` when it was changed, belongs to another key, or holds something else
 */
export async function openDocument(holds: string, text: string, provider: KeyProvider, at: string): Promise<string> {
  const document = parseDocument(text)
  if (document === undefined) throw invalid('this is no sealed file', at, 'use a file that bulwark wrote, unchanged')
  if (document.holds !== holds) {
    throw invalid(`this file holds ${document.holds.slice(0, 20)}, and not ${holds}`, at, 'use the right file')
  }
  if (document.provider !== provider.name) {
    throw invalid(
      `the key of this file is with the provider ${document.provider.slice(0, 40)}`,
      at,
      'hand in the provider that the file was written with',
    )
  }
  const { content, ...head } = document
  const key = await provider.unwrap(Buffer.from(document.key, 'base64url'), contextOf(holds))
  const bytes = Buffer.from(content, 'base64url')
  try {
    if (bytes.length < NONCE + TAG) throw new Error('too short')
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG })
    decipher.setAAD(headBytes(head)).setAuthTag(bytes.subarray(-TAG))
    return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw invalid('the file has been changed', at, 'take the last good version of it back', cause)
  }
}

/**
 * Seals what a file holds under another provider's key. Running apps keep what they have read, and need the other key when the file changes next.
 * @throws BulwarkError `BULWARK_SEALED_FILE_INVALID`
 */
export function resealFile(file: string, from: KeyProvider, to: KeyProvider): Promise<void> {
  return whileLocked(file, async () => {
    const text = readText(file)
    const holds = text === undefined ? undefined : parseDocument(text)?.holds
    if (text === undefined || holds === undefined)
      throw invalid('this is no sealed file', file, 'name one that bulwark wrote')
    const mode = holds === 'keys' ? 0o600 : 0o644
    replaceFile(file, await sealDocument(holds, await openDocument(holds, text, from, file), to), mode)
  })
}

function contextOf(holds: string): string {
  return `bulwark sealed 1 ${holds}`
}

function headBytes({ bulwark, holds, provider, key }: Omit<SealedDocument, 'content'>): Uint8Array {
  return Buffer.from(JSON.stringify([bulwark, holds, provider, key]))
}

function parseDocument(text: string): SealedDocument | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const { bulwark, holds, provider, key, content } = parsed as Record<string, unknown>
  if (bulwark !== 'sealed 1' || typeof holds !== 'string' || typeof provider !== 'string') return undefined
  if (typeof key !== 'string' || typeof content !== 'string') return undefined
  return { bulwark, holds, provider, key, content }
}
