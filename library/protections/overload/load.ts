/** What a process has to bear. */
export interface Load {
  /** The longest that the event loop was late within the last second, in milliseconds. */
  readonly delay: number
  /** Which part of the last second the event loop was at work, from 0 to 1. */
  readonly utilisation: number
  /** Which part of the heap was in use when it was last looked at, garbage included, from 0 to 1. */
  readonly heap: number
  /** Requests of the whole app that are under way; `undefined` where the policy does not limit them. */
  readonly underWay: number | undefined
  /** Requests that wait for a place among them. */
  readonly waiting: number | undefined
  /** Whether new requests may be refused right now. */
  readonly refusing: boolean
  /** How many were refused since the process began. */
  readonly refused: number
}
