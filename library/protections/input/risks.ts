import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'unvalidated-input',
    title: 'What a client sends reaches the code unchecked, or as another type than the code expects',
    severity: 'high',
    cwe: 20,
    asvs: ['2.2.1', '2.2.2', '15.3.5'],
  },
  {
    id: 'unknown-keys',
    title: 'Fields that nobody declared come along with those that were',
    severity: 'high',
    cwe: 915,
    asvs: ['15.3.3'],
  },
  {
    id: 'control-characters',
    title: 'Text carries NUL, control characters or broken Unicode into the code behind it',
    severity: 'medium',
    cwe: 176,
    asvs: ['1.1.1', '2.2.1'],
  },
]
