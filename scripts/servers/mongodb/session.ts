import { BSON } from 'mongodb'
import type { Command, Commands } from './commands/command.ts'
import { keeping } from './commands/keeping.ts'
import { reading } from './commands/reading.ts'
import { writing } from './commands/writing.ts'
import { cannot, Refusal } from './refusal.ts'
import type { Account, Conversation } from './scram.ts'
import type { State } from './state.ts'
import { type Doc, isDoc } from './values.ts'

/** By their names in lower case: MongoDB does not care about `isMaster` or `ismaster`. */
const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries<Command>({ ...reading, ...writing, ...keeping } satisfies Commands).map(([name, run]) => [
    name.toLowerCase(),
    run,
  ]),
)

/** What a client may ask before it has signed in. */
const OPEN = new Set([
  'hello',
  'ismaster',
  'ping',
  'buildinfo',
  'connectionstatus',
  'endsessions',
  'saslstart',
  'saslcontinue',
])

/** One connection: who is at the other end, and what it is answered. */
export class Session {
  readonly #id: number
  readonly #state: State
  readonly #account: Account
  #conversation: Conversation | undefined
  #isSignedIn = false

  constructor(id: number, state: State, account: Account) {
    this.#id = id
    this.#state = state
    this.#account = account
  }

  /** The answer to a command; a refusal is an answer, too. */
  answer(command: Doc): Doc {
    try {
      return { ...this.#run(command), ok: 1 }
    } catch (error) {
      if (!(error instanceof Refusal))
        return { ok: 0, errmsg: `the double failed: ${String(error)}`, code: 1, codeName: 'InternalError' }
      return { ok: 0, errmsg: error.message, code: error.code, codeName: error.codeName, ...error.more }
    }
  }

  #run(command: Doc): Doc {
    const [[name, target] = ['', undefined]] = Object.entries(command)
    const key = name.toLowerCase()
    const database = String(command['$db'] ?? 'admin')
    if (!this.#isSignedIn && !OPEN.has(key))
      throw new Refusal('Unauthorized', `Command ${name} requires authentication`)
    if (command['startTransaction'] === true || command['autocommit'] === false) throw cannot('transactions')
    switch (key) {
      case 'hello':
      case 'ismaster':
        return this.#hello(command)
      case 'saslstart':
        return this.#begin(command)
      case 'saslcontinue':
        return this.#finish(command)
      case 'ping':
      case 'endsessions':
        return {}
      case 'buildinfo':
        return { version: '8.0.0', versionArray: [8, 0, 0, 0], maxBsonObjectSize: 16_777_216 }
      case 'connectionstatus': {
        const users = this.#isSignedIn ? [{ user: this.#account.user, db: 'admin' }] : []
        return { authInfo: { authenticatedUsers: users, authenticatedUserRoles: [] } }
      }
    }
    const run = COMMANDS.get(key)
    if (!run) throw new Refusal('CommandNotFound', `no such command: '${name}'`)
    return run(this.#state, { command, target, database })
  }

  /** A server that stands alone: so no driver asks it for transactions, or writes again by itself. */
  #hello(command: Doc): Doc {
    const limits = { maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 }
    const greeting = {
      helloOk: true,
      isWritablePrimary: true,
      ismaster: true,
      ...limits,
      localTime: new Date(),
      logicalSessionTimeoutMinutes: 30,
      connectionId: this.#id,
      minWireVersion: 0,
      maxWireVersion: 25,
      readOnly: false,
      ...(command['saslSupportedMechs'] !== undefined && { saslSupportedMechs: ['SCRAM-SHA-256'] }),
    }
    const speculative = command['speculativeAuthenticate']
    if (!isDoc(speculative)) return greeting
    try {
      return { ...greeting, speculativeAuthenticate: this.#begin(speculative) }
    } catch (error) {
      // The driver then signs in the long way, and hears the reason there.
      if (error instanceof Refusal) return greeting
      throw error
    }
  }

  #begin({ mechanism, payload }: Doc): Doc {
    if (mechanism !== 'SCRAM-SHA-256') throw new Refusal('MechanismUnavailable', `${String(mechanism)} is not enabled`)
    this.#conversation = this.#account.begin(toText(payload))
    if (!this.#conversation) throw new Refusal('AuthenticationFailed', 'Authentication failed.')
    return { conversationId: 1, done: false, payload: toBinary(this.#conversation.first) }
  }

  #finish({ payload }: Doc): Doc {
    const last = this.#conversation?.finish(toText(payload))
    this.#conversation = undefined
    if (last === undefined) throw new Refusal('AuthenticationFailed', 'Authentication failed.')
    this.#isSignedIn = true
    return { conversationId: 1, done: true, payload: toBinary(last) }
  }
}

function toText(payload: unknown): string {
  return payload instanceof BSON.Binary ? Buffer.from(payload.value()).toString() : ''
}

function toBinary(text: string): BSON.Binary {
  return new BSON.Binary(Buffer.from(text))
}
