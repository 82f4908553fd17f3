import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: 'dangerous-upload',
    title: 'A file that a client sends is taken for what it says it is, and served or run as something else',
    severity: 'critical',
    cwe: 434,
    asvs: ['5.2.2', '5.3.1'],
  },
  {
    id: 'upload-path',
    title: 'The name that a client gives a file decides where it is written',
    severity: 'high',
    cwe: 73,
    asvs: ['5.3.2'],
  },
  {
    id: 'oversized-upload',
    title: 'Files fill the disk or the memory: their size and number have no limit, or they are never removed',
    severity: 'high',
    cwe: 770,
    asvs: ['5.2.1'],
  },
  {
    id: 'malformed-upload',
    title: 'A form is read in another way by its readers: broken boundaries, forms in forms, forged headers of parts',
    severity: 'medium',
    cwe: 436,
    asvs: ['2.2.1'],
  },
]
