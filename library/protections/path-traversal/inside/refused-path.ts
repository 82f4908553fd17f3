import { BulwarkError } from '../../../core/errors.ts'

/** A name that leads, or could lead, out of the folder it is meant for. It came in a request most of the time: answered with 400. */
export class PathRefused extends BulwarkError {
  readonly status: number = 400
  readonly statusCode: number = 400
  readonly expose: boolean = false

  /** **Security**: `why` never holds the name. */
  constructor(why: string) {
    super('BULWARK_PATH_REFUSED', why, {
      fix: 'answer with 400 or 404; if the name was honest, give the file another one',
    })
    this.name = 'PathRefused'
  }
}
