import type { Severity } from 'bulwark'

/** What `bulwark explain` knows of one protection, from its README. */
export interface ProtectionPage {
  /** The folder's name, such as `body-limits`. */
  readonly name: string
  /** The policy's key; missing when the protection has no guard. */
  readonly key?: string
  readonly summary: string
  /** Markdown, like the following three. */
  readonly attack: string
  readonly defence: string
  readonly options: string
  readonly limits: string
  readonly risks: readonly RiskLine[]
  readonly probes: readonly FaceLine[]
  readonly rules: readonly FaceLine[]
}

export interface RiskLine {
  readonly id: string
  readonly title: string
  readonly severity: Severity
  readonly cwe: number
  readonly asvs: readonly string[]
}

/** A probe or a rule. */
export interface FaceLine {
  readonly name: string
  readonly risk: string
  readonly title: string
}
