export { emailKey, parseEmail } from './email.ts'
export type { Account, AccountPage, AccountStore, NewAccount, Passkey, TotpFactor } from './store.ts'
