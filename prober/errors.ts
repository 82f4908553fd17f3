/**
 * - `TARGET_REFUSED`: the prober does not attack this address without more proof that it may
 * - `OPTIONS_INVALID`: the options make no sense, such as a probe name that does not exist
 * - `CONFIG_INVALID`: `bulwark.probe.json` cannot be used as it stands
 */
export type ProberErrorCode = 'TARGET_REFUSED' | 'OPTIONS_INVALID' | 'CONFIG_INVALID'

/** The prober was asked for something that it will not or cannot do. Nothing was attacked; the command line answers with exit code 2. */
export class ProberError extends Error {
  readonly code: ProberErrorCode
  readonly fix: string

  constructor(code: ProberErrorCode, what: string, fix: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.name = 'ProberError'
    this.code = code
    this.fix = fix
  }
}
