import type { Risk } from '../library/core/risk.ts'
import type { Rule } from '../library/core/rule.ts'
import { risks as allRisks, rules as allRules } from './rules.ts'
import { type ScanResult, scanFolder, scanMemory } from './scan.ts'

export type { CodePlace, Finding } from '../library/core/finding.ts'
export type { Risk, Severity } from '../library/core/risk.ts'
export type { HandlerNode, Node, RouteNode, Rule, SourceFile, Spot, Taint } from '../library/core/rule.ts'
export type { Ignored } from './ignore.ts'
export type { ScanResult } from './scan.ts'

export interface ScanOptions {
  /** The folder to read. Nothing outside it is touched. */
  readonly root: string
  /**
   * Files and folders below the root to report on. The rest is still read, because data crosses files.
   * @default all
   */
  readonly paths?: readonly string[]
  /** @default every rule of Bulwark */
  readonly rules?: readonly Rule[]
  /** Where findings take their severity from. @default the catalogue of Bulwark */
  readonly risks?: readonly Risk[]
}

/**
 * Reads all source below a folder, follows data across its files, and answers what the rules found.
 * Throws when the folder cannot be read; files that cannot be parsed are listed in the result.
 */
export function scan(options: ScanOptions): Promise<ScanResult> {
  return scanFolder({ ...options, rules: options.rules ?? allRules, risks: options.risks ?? allRisks })
}

export interface ScanTextOptions {
  /** Files beside it by path, `package.json` among them when a rule shall see one. */
  readonly files?: ReadonlyMap<string, string>
  /** @default the catalogue of Bulwark */
  readonly risks?: readonly Risk[]
}

/** Runs rules over source held in memory. Findings in the files beside it are reported too. */
export function scanText(
  path: string,
  text: string,
  rules: readonly Rule[] = allRules,
  options: ScanTextOptions = {},
): ScanResult {
  return scanMemory(path, text, options.files ?? new Map(), { rules, risks: options.risks ?? allRisks })
}
