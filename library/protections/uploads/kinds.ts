/** A type of files that can be told by its content. */
export interface Kind {
  readonly type: string
  /** Extensions that say so, the usual one first. */
  readonly extensions: readonly string[]
  /** Other names that clients use for the type. */
  readonly aliases: readonly string[]
  /** Whether the first bytes are those of the type. `undefined` for texts, which have no first bytes. */
  readonly begins: ((head: Buffer) => boolean) | undefined
  /** Neither markup nor archives have any business in it. */
  readonly isMedia: boolean
  /** Runs scripts in whatever shows it. */
  readonly isActive: boolean
}

/** How many bytes of a file are enough to tell. */
export const HEAD = 4096

export const KINDS: readonly Kind[] = [
  media('image/png', ['png'], at(0, '\x89PNG\r\n\x1a\n')),
  media('image/jpeg', ['jpg', 'jpeg', 'jpe', 'jfif'], at(0, '\xff\xd8\xff'), ['image/jpg', 'image/pjpeg']),
  media('image/gif', ['gif'], (head) => at(0, 'GIF87a')(head) || at(0, 'GIF89a')(head)),
  media('image/webp', ['webp'], (head) => at(0, 'RIFF')(head) && at(8, 'WEBP')(head)),
  media('image/avif', ['avif', 'avifs'], (head) => isBrand(head, ['avif', 'avis'])),
  media(
    'video/mp4',
    ['mp4', 'm4v'],
    (head) => isBrand(head, ['isom', 'iso2', 'iso4', 'iso5', 'iso6', 'mp41', 'mp42', 'avc1', 'M4V ', 'M4VH', 'dash']),
    ['video/x-m4v'],
  ),
  media('audio/mp4', ['m4a'], (head) => isBrand(head, ['M4A ', 'M4B ']), ['audio/x-m4a']),
  media('video/webm', ['webm'], (head) => at(0, '\x1a\x45\xdf\xa3')(head) && head.subarray(0, 64).includes('webm')),
  media('audio/mpeg', ['mp3'], isMp3, ['audio/mp3', 'audio/x-mp3']),
  media('audio/ogg', ['ogg', 'oga', 'opus'], at(0, 'OggS'), ['application/ogg', 'audio/opus', 'video/ogg']),
  media('audio/wav', ['wav'], (head) => at(0, 'RIFF')(head) && at(8, 'WAVE')(head), ['audio/x-wav', 'audio/wave']),
  {
    type: 'application/pdf',
    extensions: ['pdf'],
    aliases: [],
    begins: at(0, '%PDF-'),
    isMedia: false,
    isActive: false,
  },
  {
    type: 'application/zip',
    extensions: ['zip'],
    aliases: ['application/x-zip-compressed', 'application/x-zip'],
    begins: (head) => at(0, 'PK\x03\x04')(head) || at(0, 'PK\x05\x06')(head),
    isMedia: false,
    isActive: false,
  },
  text('text/plain', ['txt', 'text', 'log']),
  text('text/csv', ['csv'], ['application/vnd.ms-excel', 'text/plain']),
  text('application/json', ['json'], ['text/json']),
  { ...text('text/html', ['html', 'htm']), isActive: true },
  { ...text('image/svg+xml', ['svg']), isActive: true },
]

/** The kind that the first bytes of a file are of; `undefined` for texts and for what is not in the table. */
export function kindOf(head: Buffer): Kind | undefined {
  return KINDS.find(({ begins }) => begins?.(head))
}

function media(
  type: string,
  extensions: readonly string[],
  begins: (head: Buffer) => boolean,
  aliases: readonly string[] = [],
): Kind {
  return { type, extensions, aliases, begins, isMedia: true, isActive: false }
}

function text(type: string, extensions: readonly string[], aliases: readonly string[] = []): Kind {
  return { type, extensions, aliases, begins: undefined, isMedia: false, isActive: false }
}

function at(offset: number, bytes: string): (head: Buffer) => boolean {
  const expected = Buffer.from(bytes, 'latin1')
  return (head) => head.subarray(offset, offset + expected.length).equals(expected)
}

/** ISO base media: a box `ftyp`, and what the file says it is. */
function isBrand(head: Buffer, brands: readonly string[]): boolean {
  return at(4, 'ftyp')(head) && brands.includes(head.toString('latin1', 8, 12))
}

/** Begins with tags, or with a frame of MPEG audio, layer III, whose bit rate and sampling rate are some that exist. */
function isMp3(head: Buffer): boolean {
  if (at(0, 'ID3')(head)) return true
  const [a = 0, b = 0, c = 0] = head
  const isFrame = a === 0xff && (b & 0xe6) === 0xe2 && (b & 0x18) !== 0x08
  return isFrame && (c & 0xf0) !== 0xf0 && (c & 0xf0) !== 0 && (c & 0x0c) !== 0x0c
}
