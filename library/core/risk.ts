export type Severity = 'low' | 'medium' | 'high' | 'critical'

/** A way an app can be attacked. Guards, sinks, probes and rules all point at one by its id. */
export interface Risk {
  /** The word people search for, in kebab-case. Stable for ever. */
  readonly id: string
  readonly title: string
  readonly severity: Severity
  /** The CWE number, such as 352. */
  readonly cwe: number
  /** Requirement ids of OWASP ASVS 5.0, such as `3.5.1`. */
  readonly asvs: readonly string[]
}
