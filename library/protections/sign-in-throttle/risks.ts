import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'password-guessing',
    title: 'The password of one account may be guessed for ever',
    severity: 'high',
    cwe: 307,
    asvs: ['6.3.1'],
  },
  {
    id: 'credential-stuffing',
    title: 'Leaked passwords may be tried on any number of accounts',
    severity: 'high',
    cwe: 307,
    asvs: ['6.3.1'],
  },
  {
    id: 'account-lockout',
    title: 'Strangers can lock people out of their own accounts',
    severity: 'medium',
    cwe: 645,
    asvs: ['6.1.1'],
  },
  {
    id: 'user-enumeration',
    title: 'The sign-in tells who has an account',
    severity: 'medium',
    cwe: 204,
    asvs: ['6.3.8'],
  },
]
