import { type Secret, TOTP } from 'otpauth'
import type { Visitor } from '../testing/visitor.ts'
import { PASSWORD, type World } from './test-world.ts'

export const right = { email: 'ann@example.org', password: PASSWORD }
export const MINUTE = 60_000
export const STEP = 30_000

export interface Guarded {
  readonly id: string
  readonly browser: Visitor
  readonly recoveryCodes: readonly string[]
  /** What the authenticator app shows now, or some steps from now. */
  code(steps?: number): string
}

/** Somebody with an authenticator app, signed in, whose next code has not been used. */
export async function withTotp(world: World): Promise<Guarded> {
  const { accounts } = world
  const id = await world.addPerson()
  const browser = await world.signedIn()
  const begun = await browser.visit((s) => accounts.startTotp(s))
  if (!begun.ok) throw new Error(begun.reason)
  const code = (steps = 0) => TOTP.generate({ secret: secretOf(begun.uri), timestamp: world.now() + steps * STEP })
  const done = await browser.visit((s) => accounts.confirmTotp(s, { code: code() }))
  if (!done.ok) throw new Error(done.reason)
  world.pass(2 * STEP)
  return { id, browser, recoveryCodes: done.recoveryCodes, code }
}

export function secretOf(uri: string): Secret {
  return new TOTP({ secret: new URL(uri).searchParams.get('secret') ?? '' }).secret
}

/** A browser in which the password was right, and nothing else. */
export async function halfIn({ accounts, visitor }: World, password = PASSWORD): Promise<Visitor> {
  const browser = visitor()
  const answer = await browser.visit((s) => accounts.signIn(s, { ...right, password }))
  if (answer.ok || answer.reason !== 'second-factor') throw new Error('no second factor was asked for')
  return browser
}

export function enter({ accounts }: World, browser: Visitor, code: string): ReturnType<World['accounts']['enterCode']> {
  return browser.visit((s) => accounts.enterCode(s, { code }))
}
