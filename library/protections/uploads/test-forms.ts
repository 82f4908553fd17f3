/** Files that begin as they should, for tests, and forms with them. */
export const PNG: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==',
  'base64',
)
export const JPEG: Buffer = Buffer.concat([
  Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex'),
  Buffer.alloc(64, 7),
  Buffer.from('ffd9', 'hex'),
])
export const GIF: Buffer = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
/** The directory of an archive without entries. */
export const EMPTY_ZIP: Buffer = Buffer.concat([Buffer.from('PK\x05\x06', 'latin1'), Buffer.alloc(18)])

export interface Part {
  readonly name: string
  readonly fileName?: string | undefined
  readonly type?: string | undefined
  readonly content: string | Buffer
  /** Header lines in place of the usual ones. */
  readonly head?: string
}

export const BOUNDARY = '----test7d3a'

/** A form byte by byte, so that it can be as wrong as it has to be. */
export function form(parts: readonly Part[], end: string = `--${BOUNDARY}--\r\n`): Buffer {
  return Buffer.concat([
    ...parts.flatMap(({ name, fileName, type, content, head }) => {
      const file = fileName === undefined ? '' : `; filename="${fileName}"`
      const typed = type === undefined ? '' : `\r\nContent-Type: ${type}`
      const lines = head ?? `Content-Disposition: form-data; name="${name}"${file}${typed}`
      return [Buffer.from(`--${BOUNDARY}\r\n${lines}\r\n\r\n`), Buffer.from(content), Buffer.from('\r\n')]
    }),
    Buffer.from(end),
  ])
}

export const FORM_TYPE: string = `multipart/form-data; boundary=${BOUNDARY}`
