import { type FileHandle, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { BulwarkError } from '../../core/errors.ts'
import type { UploadedFile } from '../../core/upload.ts'
import { randomHex } from '../../toolbox/tokens.ts'
import { keepFile } from './keep.ts'
import type { Kind } from './kinds.ts'
import { cleanName } from './names.ts'

/** Where files go while they arrive. */
export interface Place {
  /** Bytes of one file that stay in memory; what is larger goes to disk. */
  readonly memory: number
  /** The folder for the rest, made when it is first needed. */
  folder(): Promise<string>
}

/** The bytes of one file on their way, in memory as long as they are few, and then in a file of a random name (0600). */
export class Incoming {
  size = 0
  readonly #place: Place
  #chunks: Buffer[] = []
  #path: string | undefined = undefined
  #handle: FileHandle | undefined = undefined
  #gone = false

  constructor(place: Place) {
    this.#place = place
  }

  async write(chunk: Buffer): Promise<void> {
    if (this.#gone) return
    this.size += chunk.length
    if (this.#handle === undefined && this.size <= this.#place.memory) {
      // The parser hands out parts of what it reads next.
      this.#chunks.push(Buffer.from(chunk))
      return
    }
    if (this.#handle === undefined) {
      const path = join(await this.#place.folder(), randomHex(16))
      this.#path = path
      const handle = await open(path, 'wx', 0o600)
      this.#handle = handle
      // The exchange may have ended while the file was being made.
      if (this.#gone) return this.discard()
      for (const early of this.#chunks.splice(0)) await writeAll(this.#handle, early)
    }
    await writeAll(this.#handle, chunk)
  }

  async finish(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  /** Removes it, whatever has become of it; a second time does nothing. */
  async discard(): Promise<void> {
    this.#gone = true
    this.#chunks = []
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
    if (this.#path !== undefined) await rm(this.#path, { force: true })
  }

  /** The file for the app's handler, once its content was found to be of a kind. */
  toFile(sentName: string, kind: Kind): UploadedFile {
    const extension = kind.extensions[0] ?? ''
    return {
      name: cleanName(sentName),
      type: kind.type,
      extension,
      size: this.size,
      bytes: async () => (this.#path === undefined ? this.#inMemory() : readFile(this.#there(this.#path))),
      keep: async (root, name) => {
        const kept = await keepFile(
          this.#path === undefined ? this.#inMemory() : this.#there(this.#path),
          kind,
          root,
          name,
        )
        await this.discard()
        return kept
      },
    }
  }

  #inMemory(): Uint8Array {
    this.#there('')
    return Buffer.concat(this.#chunks)
  }

  #there(path: string): string {
    if (!this.#gone) return path
    throw new BulwarkError('BULWARK_UPLOAD_REFUSED', 'the file is gone: it was kept already, or the answer has ended', {
      fix: 'keep it, or read it, before the answer ends, and keep it once',
    })
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer): Promise<void> {
  for (let from = 0; from < bytes.length; ) from += (await handle.write(bytes, from)).bytesWritten
}
