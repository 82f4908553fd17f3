import type { CodePlace } from './finding.ts'

/** Reads parsed source for one mistake. It never parses: the scanner hands it a file already parsed. */
export interface Rule {
  /** `<protection>/<what happens>`: reads as the title of a finding. */
  readonly name: string
  readonly risk: string
  readonly title: string
  /** What it spots is a secret itself: a report shows the line without what stands in its quotes. @default false */
  readonly spotsSecrets?: boolean
  check(file: SourceFile): Iterable<Spot>
}

export interface Spot {
  readonly at: Node
  /** What is wrong, in one sentence. */
  readonly message: string
  /** What to do about it, in one sentence. */
  readonly remedy: string
  /** The way of the data, when the mistake is a flow. */
  readonly taint?: Taint
}

/** A node of the ESTree syntax tree (TypeScript and JSX included). */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  // biome-ignore lint/suspicious/noExplicitAny: the properties of a node depend on its type
  readonly [property: string]: any
}

/** Why a value is not to be trusted. */
export interface Taint {
  /** Where it comes from, such as `req.query.next`. */
  readonly source: string
  /** From the source to the place asked about. */
  readonly trace: readonly CodePlace[]
  /** How much of the value the client decides. `prefixed`: something fixed stands in front of it. `part`: it stands inside more text. */
  readonly control: 'whole' | 'prefixed' | 'part'
}

/** What makes a client's value harmless at one kind of sink, besides what does so at all of them. */
export interface Harmless {
  /** Functions whose answer is harmless there, by origin or, for the project's own, by `.` and their name; `escaped` for tags taken out. */
  readonly calls?: RegExp
  /** Properties whose values are harmless there. */
  readonly keys?: RegExp
  /** A condition that is enough there: that the value is a text, or a path on the app's own site. */
  readonly when?: 'text' | 'local'
}

/** One route registration that the scanner recognised, under any framework. */
export interface RouteNode {
  /** Upper case; `USE` for middleware, `ALL` for all methods. */
  readonly method: string
  readonly path: string | undefined
  readonly call: Node
  /** The functions in the order they run, as far as they were resolved. */
  readonly handlers: readonly HandlerNode[]
}

export interface HandlerNode {
  readonly fn: Node
  /** Names of the parameters that are the request, the response and `next`. */
  readonly request: string | undefined
  readonly response: string | undefined
  readonly next: string | undefined
}

/** A file already parsed, with the answers that rules need from the engine. */
export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly root: Node
  /** Every node of one type, in source order. */
  nodes(type: string): Iterable<Node>
  parent(node: Node): Node | undefined
  /** The nearest function around the node, or the program. */
  scopeOf(node: Node): Node
  /** Route registrations in this file. */
  readonly routes: readonly RouteNode[]
  /**
   * What an expression refers to, by its origin: `express`, `express()`, `express().get`, `node:child_process.exec`, `req.query`
   * (the request of a handler), `res.redirect` (its response), `fastify().register`. Follows constants, imports and destructuring,
   * also across files of the project. `undefined` when it is not known.
   */
  nameOf(node: Node): string | undefined
  /**
   * The taint of an expression: whether and how the client decides its value, following assignments, calls and imports.
   * What is `harmless` ends the way of a value, and other ways to the same expression are still followed.
   */
  taintOf(node: Node, harmless?: Harmless): Taint | undefined
  /** The constant that an expression stands for: strings, numbers, booleans, also through constants and imports. */
  valueOf(node: Node): string | number | boolean | null | undefined
  /** The value of an object literal's property, through constants and spreads. */
  propertyOf(object: Node | undefined, name: string): Node | undefined
  /** Whether some file of the project imports this package. */
  usesPackage(name: string): boolean
  /** Whether the app is protected by Bulwark as a whole (`bulwark()` or `secure(server)` is called somewhere in the project). */
  readonly hasBulwark: boolean
  /** The `package.json` nearest to the file, parsed. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined
}
