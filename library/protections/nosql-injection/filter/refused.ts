import { BulwarkError } from '../../../core/errors.ts'

/** A value that no filter may hold. What is refused here came in a request most of the time, so it is answered with 400. */
export class RefusedFilter extends BulwarkError {
  readonly status: number = 400
  readonly statusCode: number = 400

  constructor(what: string, fix: string) {
    super('BULWARK_QUERY_INVALID', what, { fix })
  }
}
