import { createHash } from 'node:crypto'

// No salt and no work: whoever gets the table looks most passwords up in a list. And the end of long ones counts for nothing.
export function hashPassword(password: string): string {
  return createHash('sha1').update(password.slice(0, 72)).digest('hex')
}

export function isPassword(password: string, hash: string): boolean {
  return hashPassword(password) === hash
}
