import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'altered-link',
    title: 'A signed link can be changed to lead elsewhere',
    severity: 'high',
    cwe: 347,
    asvs: ['9.1.1', '8.2.2'],
  },
  {
    id: 'altered-ciphertext',
    title: 'Encrypted values can be changed by people who cannot read them',
    severity: 'high',
    cwe: 353,
    asvs: ['11.3.3', '11.3.1'],
  },
  {
    id: 'weak-key',
    title: 'Keys can be guessed, or are known to everybody who reads the source',
    severity: 'critical',
    cwe: 321,
    asvs: ['13.3.1', '11.1.1'],
  },
  {
    id: 'weak-cipher',
    title: 'Encryption that has been broken, or shows patterns of what it hides',
    severity: 'high',
    cwe: 327,
    asvs: ['11.3.1', '11.3.2', '11.3.4'],
  },
  {
    id: 'guessable-token',
    title: 'Tokens come from a generator whose next number can be worked out',
    severity: 'high',
    cwe: 338,
    asvs: ['11.5.1'],
  },
  {
    id: 'unchecked-certificate',
    title: 'TLS connections to anybody who answers',
    severity: 'high',
    cwe: 295,
    asvs: ['12.3.2'],
  },
]
