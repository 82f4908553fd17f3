import type { State } from '../state.ts'
import type { Doc } from '../values.ts'

/** One command as it came: `{ find: 'accounts', filter: … }` in a database. */
export interface Asked {
  readonly command: Doc
  /** The value of the command's own name: mostly that of a collection. */
  readonly target: unknown
  readonly database: string
}

export type Command = (state: State, asked: Asked) => Doc
export type Commands = Readonly<Record<string, Command>>
