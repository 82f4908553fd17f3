/** The codes that MongoDB has for what this double refuses. Drivers and attackers tell errors apart by them. */
const CODES = {
  BadValue: 2,
  FailedToParse: 9,
  Unauthorized: 13,
  TypeMismatch: 14,
  AuthenticationFailed: 18,
  NamespaceNotFound: 26,
  IndexNotFound: 27,
  ConflictingUpdateOperators: 40,
  CursorNotFound: 43,
  NamespaceExists: 48,
  DollarPrefixedFieldName: 52,
  CommandNotFound: 59,
  ImmutableField: 66,
  IndexOptionsConflict: 85,
  IndexKeySpecsConflict: 86,
  JSInterpreterFailure: 139,
  InvalidPipelineOperator: 168,
  NotImplemented: 238,
  MechanismUnavailable: 334,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  Location40324: 40324,
  Location51091: 51091,
} as const

export type Reason = keyof typeof CODES

/** Why the server does not do what it was asked: a name and a code, as MongoDB answers them. */
export class Refusal extends Error {
  readonly codeName: Reason
  readonly code: number
  /** What the answer says besides. */
  readonly more: Readonly<Record<string, unknown>>

  constructor(codeName: Reason, message: string, more: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.name = 'Refusal'
    this.codeName = codeName
    this.code = CODES[codeName]
    this.more = more
  }
}

/** What a real server can do and this double cannot: never passed over in silence. */
export function cannot(what: string): Refusal {
  return new Refusal('NotImplemented', `the MongoDB double of the tests does not know ${what}`)
}
