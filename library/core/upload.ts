import type { Awaitable, Exchange } from './exchange.ts'
import type { Denial } from './guard.ts'

/** What one file field of a form takes. */
export interface FileField {
  /** How many files there must be. @default 0 */
  readonly least?: number
  /** How many there may be. @default 1 */
  readonly most?: number
  /** Largest size of each, such as `'2mb'`, or bytes. */
  readonly size: string | number
  /**
   * Which types the content may have, such as `['image/png', 'image/jpeg']`.
   * **Security**: `text/html` and `image/svg+xml` run scripts where they are shown; they are taken only where they are named.
   */
  readonly types: readonly string[]
}

/** A file that a client has sent, checked. It is gone when the answer has ended, unless it was kept. */
export interface UploadedFile {
  /** What the client calls it, without path, control characters and second extension: to be shown, never to be stored under. */
  readonly name: string
  /** What its content is, by its own bytes. */
  readonly type: string
  /** The usual extension of that type, without a dot. */
  readonly extension: string
  /** Bytes. */
  readonly size: number
  /** All of its bytes. */
  bytes(): Promise<Uint8Array>
  /**
   * Moves it into a folder, under a name that does not exist there yet, and answers its full path.
   *
   * @param root the folder
   * @param name a path inside it, with an extension of the file's type. @default a random name
   * @throws BulwarkError `BULWARK_UPLOAD_REFUSED` when the name leads elsewhere, is taken, or says another type
   */
  keep(root: string, name?: string): Promise<string>
}

/** A multipart form as it was received. */
export interface ReceivedForm {
  readonly fields: Readonly<Record<string, unknown>>
  readonly files: Readonly<Record<string, readonly UploadedFile[]>>
}

/** How multipart forms are read. Whoever receives files fills it in while the guards are made. */
export interface Uploads {
  /** Reads the form of an exchange whose route declares files; `undefined` when it carries none. Reading it again answers the same. */
  receive: (x: Exchange) => Awaitable<ReceivedForm | Denial | undefined>
}
