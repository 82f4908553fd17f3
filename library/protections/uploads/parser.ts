import { createRequire } from 'node:module'
import type { Readable, Writable } from 'node:stream'
import { BulwarkError } from '../../core/errors.ts'

/** What a parser of multipart forms hands out, part by part, in the order of the form. */
export interface Parts {
  onField(name: string, value: string): void
  /** The next part comes only when the content has been read. */
  onFile(name: string, fileName: string, type: string, content: Readable): void
  /** The form is no form, or has more of something than allowed. Nothing comes after it. */
  onProblem(problem: Problem): void
  onEnd(): void
}

export type Problem = 'malformed' | 'too-many' | 'too-large'

export interface PartLimits {
  readonly parts: number
  readonly files: number
  /** Bytes of one field that is no file. */
  readonly fieldSize: number
}

/** Bytes of the headers of one part: more than any browser writes for a name of 255 letters of three bytes each. */
const HEADER_SIZE = 4096
const LONGEST_NAME = 1024

const require = createRequire(import.meta.url)

/**
 * Makes a parser for one form. Call it once before there is a form, so that a missing package shows when the app starts.
 *
 * @throws BulwarkError `BULWARK_PACKAGE_MISSING`; `undefined` for a type without a boundary
 */
export function parserFor(contentType: string, limits: PartLimits, parts: Parts): Writable | undefined {
  const Busboy = load()
  let parser: BusboyLike
  try {
    parser = new Busboy({
      headers: { 'content-type': contentType },
      // Names are cleaned where they are used: what is cut off here could not be refused there.
      preservePath: true,
      isPartAFile: (_name, type, fileName) => fileName !== undefined || type === 'application/octet-stream',
      limits: {
        parts: limits.parts,
        files: limits.files,
        fields: limits.parts,
        fieldSize: limits.fieldSize,
        fieldNameSize: LONGEST_NAME,
        headerPairs: 32,
        headerSize: HEADER_SIZE,
      },
    })
  } catch {
    // It throws for a content type that it cannot read; the client wrote that.
    return undefined
  }
  parser.on('file', (name: string | undefined, content: Readable, fileName = '', _encoding: string, type = '') => {
    if (!isName(name) || fileName.length > LONGEST_NAME || isMultipart(type)) {
      content.on('error', () => parts.onProblem('malformed'))
      content.resume()
      parts.onProblem('malformed')
    } else parts.onFile(name, fileName, type, content)
  })
  parser.on(
    'field',
    (name: string | undefined, value: string, _nameCut: boolean, isCut: boolean, _encoding: string, type = '') => {
      if (isCut) parts.onProblem('too-large')
      else if (!isName(name) || isMultipart(type)) parts.onProblem('malformed')
      else parts.onField(name, value)
    },
  )
  for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit']) parser.on(event, () => parts.onProblem('too-many'))
  parser.on('error', () => parts.onProblem('malformed'))
  parser.on('finish', () => parts.onEnd())
  return parser
}

function isName(name: string | undefined): name is string {
  return name !== undefined && name !== '' && name.length <= LONGEST_NAME
}

/** A form inside of a part: RFC 7578, 4.3 has done away with it, and readers that know it would see other files than those that do not. */
function isMultipart(type: string): boolean {
  return type.toLowerCase().startsWith('multipart/')
}

interface BusboyLike extends Writable {
  // biome-ignore lint/suspicious/noExplicitAny: the arguments depend on the event
  on(event: string, listener: (...args: any[]) => void): this
}

type BusboyClass = new (options: {
  headers: { 'content-type': string }
  preservePath: boolean
  isPartAFile: (name: string | undefined, type: string | undefined, fileName: string | undefined) => boolean
  limits: Readonly<Record<string, number>>
}) => BusboyLike

function load(): BusboyClass {
  try {
    return (require('@fastify/busboy') as { Busboy: BusboyClass }).Busboy
  } catch (cause) {
    throw new BulwarkError('BULWARK_PACKAGE_MISSING', 'routes that take files need the package @fastify/busboy', {
      fix: 'npm install @fastify/busboy@3',
      cause,
    })
  }
}
