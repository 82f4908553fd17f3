import type { Severity } from './risk.ts'

/** A weakness that a probe proved or a rule spotted. Reporters read nothing else. */
export interface Finding {
  readonly risk: string
  readonly severity: Severity
  /** The probe or rule that found it, such as `csrf/cross-site-form`. */
  readonly foundBy: string
  /** What is wrong, in one sentence. */
  readonly message: string
  /** What to do about it, in one sentence. */
  readonly remedy: string
  readonly place: CodePlace | RequestPlace
  readonly evidence?: Evidence
  /** For a flow: where the data came from, each hop, and where it ended. */
  readonly trace?: readonly CodePlace[]
}

export interface CodePlace {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** The source line, trimmed. */
  readonly text: string
  /** What this step is, in a few words. */
  readonly note?: string
}

export interface RequestPlace {
  readonly method: string
  readonly path: string
}

/** How to see it again. Cookies and tokens are redacted. */
export interface Evidence {
  /** A command line that repeats the decisive request. */
  readonly curl: string
  readonly request: string
  readonly response: string
  /** How often the attack was repeated with the same result. */
  readonly repeats: number
}
