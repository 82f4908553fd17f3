import { type AccountsOptions, compileAccounts } from './base/options.ts'
import { type EmailChangeFlows, emailChange } from './flows/email-change.ts'
import { type PasskeyFlows, passkeys } from './flows/passkeys.ts'
import { type PasswordFlows, passwords } from './flows/passwords.ts'
import { type PeopleFlows, people } from './flows/people.ts'
import { type RegistrationFlows, registration } from './flows/registration.ts'
import { type SecondFactorFlows, secondFactor } from './flows/second-factor.ts'
import { type SignInFlows, signingIn } from './flows/signing-in.ts'

/** Everything that happens to an account, as functions that take `req.security` and answer what the page has to say. */
export interface Accounts
  extends RegistrationFlows,
    SignInFlows,
    PasswordFlows,
    EmailChangeFlows,
    SecondFactorFlows,
    PasskeyFlows,
    PeopleFlows {
  /** Settles when every letter that was begun has been handed over or reported: before the process ends, and in tests. */
  settled(): Promise<void>
}

/**
 * Puts accounts together out of sessions, passwords and the limits of sign-ins: register, sign in, second factors, passkeys, and all the ways back
 * in. It knows no framework and writes no page.
 *
 * ```ts
 * const policy = { app: 'journal', origins: ['https://journal.example'], keys: process.env.BULWARK_KEYS, store: sqliteStore('journal.db') }
 * const accounts = createAccounts({ ...policy, accounts: sqliteAccountStore('journal.db'), mail })
 * app.use(bulwark({ ...policy, accessControl: { roles, identify: accounts.identify } }))
 * app.post('/sign-in', async (req, res) => {
 *   const answer = await accounts.signIn(req.security, req.body)
 *   ...
 * })
 * ```
 *
 * All flows throw what the stores throw (`BULWARK_STORE_UNAVAILABLE`, status 503), and `BULWARK_HASHING_BUSY` (503).
 * **Security**: links and tickets are single-use, stored as hashes, and die with the password they were made under. No answer and no time tells
 * who has an account. CWE-204, CWE-287, CWE-294, CWE-307, CWE-384, CWE-640; ASVS 6.2 to 6.6, 7.4, 7.5.
 * @throws BulwarkError `BULWARK_POLICY_INVALID`, `BULWARK_ORIGIN_INVALID`, `BULWARK_KEYS_WEAK`, `BULWARK_DURATION_INVALID`, `BULWARK_LIMIT_INVALID`
 */
export function createAccounts(options: AccountsOptions): Accounts {
  const facts = compileAccounts(options)
  return {
    ...registration(facts),
    ...signingIn(facts),
    ...passwords(facts),
    ...emailChange(facts),
    ...secondFactor(facts),
    ...passkeys(facts),
    ...people(facts),
    settled: () => facts.post.settled(),
  }
}
