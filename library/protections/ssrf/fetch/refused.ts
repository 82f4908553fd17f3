import { BulwarkError } from '../../../core/errors.ts'

/**
 * - `url`: no address, another scheme or port than allowed, or credentials in it
 * - `address`: it stands for an inner machine
 * - `redirects`, `size`, `time`: a limit was reached
 */
export type FetchRefusal = 'url' | 'address' | 'redirects' | 'size' | 'time'

const WHAT: Readonly<Record<FetchRefusal, string>> = {
  url: 'the address is none that may be called',
  address: 'the address stands for an inner machine',
  redirects: 'the other side sent the call on too often',
  size: 'the answer is longer than allowed',
  time: 'the other side took longer than allowed',
}
const FIX: Readonly<Record<FetchRefusal, string>> = {
  url: 'tell the client to send an http or https address without credentials; see schemes and ports for others',
  address: 'where clients may name this machine, add its host or block to allow',
  redirects: 'call the address that it leads to, or raise redirects',
  size: 'raise maxBytes, if so much is wanted',
  time: 'raise timeout, or do the work outside of the request',
}

/**
 * Why `safeFetch` did not fetch. Frameworks answer it with its status.
 *
 * **Security**: neither message nor properties hold anything of the address or of the answer.
 */
export class FetchRefused extends BulwarkError {
  readonly why: FetchRefusal
  /** 400 where the client sent a bad address, 502 and 504 where the other side misbehaved. */
  readonly status: number
  readonly statusCode: number
  readonly expose: boolean = false

  constructor(why: FetchRefusal) {
    super('BULWARK_FETCH_REFUSED', WHAT[why], { fix: FIX[why] })
    this.name = 'FetchRefused'
    this.why = why
    this.status = why === 'url' || why === 'address' ? 400 : why === 'time' ? 504 : 502
    this.statusCode = this.status
  }
}
