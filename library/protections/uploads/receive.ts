import type { Readable } from 'node:stream'
import { BulwarkError } from '../../core/errors.ts'
import { type Denial, deny } from '../../core/guard.ts'
import type { ReceivedForm, UploadedFile } from '../../core/upload.ts'
import { Content } from './content.ts'
import type { Fields } from './fields.ts'
import { Incoming, type Place } from './incoming.ts'
import { extensionOf } from './names.ts'
import { type Problem, parserFor } from './parser.ts'

/** How many fields that are no files a form may have besides, and how large each may be. */
export interface TextLimits {
  readonly fields: number
  readonly fieldSize: number
}

const PROBLEMS: Readonly<Record<Problem, Denial>> = {
  malformed: deny('malformed-upload', 'a multipart form that does not read as one', 400),
  'too-many': deny('oversized-upload', 'a multipart form with more parts than the route takes', 413),
  'too-large': deny('oversized-upload', 'a field of a multipart form that is larger than allowed', 413),
}

/**
 * Reads one form as it arrives. Nothing of it is left on disk unless all of it was right.
 *
 * @param incoming gets each file as it begins, so that whoever called can discard them whenever the exchange ends
 */
export async function receiveForm(
  body: AsyncIterable<Uint8Array>,
  contentType: string,
  fields: Fields,
  limits: TextLimits,
  place: Place,
  incoming: Incoming[],
): Promise<ReceivedForm | Denial> {
  const texts: Record<string, unknown> = Object.create(null)
  const files = new Map<string, UploadedFile[]>([...fields.keys()].map((name) => [name, []]))
  const work: Promise<void>[] = []
  const contents: Readable[] = []
  let denial: Denial | undefined
  let failure: { readonly error: unknown } | undefined
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const refuse = (why: Denial): void => {
    denial ??= why
    stop()
  }

  const begun = new Map<string, number>()
  const receiveFile = async (name: string, sentName: string, type: string, content: Readable): Promise<void> => {
    const field = fields.get(name)
    if (field === undefined) return refuse(UNDECLARED)
    const file = new Incoming(place)
    incoming.push(file)
    const seen = new Content()
    for await (const chunk of content as AsyncIterable<Buffer>) {
      if (denial !== undefined || failure !== undefined) return
      if (file.size + chunk.length > field.size) return refuse(wrong(name, 'oversized-upload', field.tooLarge, 413))
      seen.onChunk(chunk)
      await file.write(chunk)
    }
    await file.finish()
    // What browsers send for a field in which nobody has chosen a file.
    if (sentName === '' && file.size === 0) return
    const count = (begun.get(name) ?? 0) + 1
    begun.set(name, count)
    if (count > field.most) return refuse(wrong(name, 'oversized-upload', field.tooMany, 422))
    const kind = seen.conclude(field.kinds, extensionOf(sentName))
    if (kind === undefined || !isSaid(kind, extensionOf(sentName), type)) {
      return refuse(wrong(name, 'dangerous-upload', field.wrongType, 422))
    }
    files.get(name)?.push(file.toFile(sentName, kind))
  }

  const parser = parserFor(
    contentType,
    { parts: limits.fields + mostFiles(fields), files: mostFiles(fields), fieldSize: limits.fieldSize },
    {
      onField(name, value) {
        if (name === '__proto__') refuse(PROBLEMS.malformed)
        else add(texts, name, value)
      },
      onFile(name, sentName, type, content) {
        contents.push(content)
        const done = receiveFile(name, sentName, type, content).catch((error: unknown) => {
          if (!isOfDisk(error)) return refuse(PROBLEMS.malformed)
          failure ??= { error }
          stop()
        })
        work.push(done)
      },
      onProblem: (problem) => refuse(PROBLEMS[problem]),
      onEnd: () => stop(),
    },
  )
  if (parser === undefined) return PROBLEMS.malformed
  try {
    for await (const chunk of body) {
      if (denial !== undefined || failure !== undefined) break
      await Promise.race([stopped, new Promise<void>((taken) => void parser.write(chunk, () => taken()))])
    }
    if (denial === undefined && failure === undefined) {
      parser.end()
      await stopped
    }
  } catch (error) {
    // The client went away, or the body was refused by its size: the form is no longer worth reading.
    failure ??= { error }
  }
  parser.on('error', () => {}).destroy()
  // Where the form was given up, its files would wait for ever for the rest of them.
  for (const content of contents) content.destroy()
  await Promise.all(work)
  if (failure !== undefined) throw failure.error
  const missing = denial ?? missingIn(fields, files)
  return missing ?? { fields: { ...texts }, files: Object.fromEntries(files) }
}

/** What a form without any of its files lacks. */
export function missingIn(fields: Fields, files: ReadonlyMap<string, readonly unknown[]>): Denial | undefined {
  for (const [name, { least }] of fields) {
    if ((files.get(name)?.length ?? 0) >= least) continue
    return wrong(name, 'malformed-upload', least === 1 ? 'is required' : `needs at least ${least} files`, 422)
  }
  return undefined
}

/** Errors of the file system, and of an app that has read the body itself: nothing that a client could have put right. */
export function isOfDisk(error: unknown): boolean {
  return error instanceof BulwarkError || typeof (error as { syscall?: unknown } | undefined)?.syscall === 'string'
}

const UNDECLARED: Denial = deny('dangerous-upload', 'a file in a field that the route does not declare', 422, {
  errors: [{ path: '', message: 'has a file that is not known' }],
})

function wrong(path: string, risk: string, message: string, status: number): Denial {
  return deny(risk, `${path}: ${message}`, status, { errors: [{ path, message }] })
}

/** Whether the name and the declared type say nothing else than the content does; either may say nothing. */
function isSaid(kind: ReturnType<Content['conclude']> & object, extension: string, declared: string): boolean {
  if (extension !== '' && !kind.extensions.includes(extension)) return false
  const type = declared.split(';', 1)[0]!.trim().toLowerCase()
  // A part that says nothing is `text/plain` by definition (RFC 7578, 4.4).
  if (type === 'text/plain') return true
  return type === '' || type === 'application/octet-stream' || type === kind.type || kind.aliases.includes(type)
}

function mostFiles(fields: Fields): number {
  let most = 0
  for (const { most: each } of fields.values()) most += each
  // A field in which nobody has chosen a file comes as a part too; one too many is for its own message.
  return most + fields.size + 1
}

function add(texts: Record<string, unknown>, name: string, value: string): void {
  const there = texts[name]
  if (there === undefined) texts[name] = value
  else if (Array.isArray(there)) there.push(value)
  else texts[name] = [there, value]
}
