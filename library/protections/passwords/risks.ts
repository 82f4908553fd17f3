import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'weak-password',
    title: 'Accounts with passwords that everybody tries first',
    severity: 'medium',
    cwe: 521,
    asvs: ['6.2.1', '6.2.4', '6.2.5', '6.2.9'],
  },
  {
    id: 'truncated-password',
    title: 'Only the beginning of a password counts',
    severity: 'medium',
    cwe: 222,
    asvs: ['6.2.8'],
  },
  {
    id: 'plain-password',
    title: 'Passwords are stored as they are',
    severity: 'critical',
    cwe: 256,
    asvs: ['11.4.2'],
  },
  {
    id: 'weak-password-hash',
    title: 'Stolen password hashes are guessed quickly',
    severity: 'high',
    cwe: 916,
    asvs: ['11.4.2'],
  },
  {
    id: 'hashing-flood',
    title: 'A flood of sign-ins takes the time of everybody else',
    severity: 'medium',
    cwe: 400,
    asvs: ['15.2.2'],
  },
]
