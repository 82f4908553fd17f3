import { createHash } from 'node:crypto'

// No salt and no work: whoever gets the table looks most passwords up in a list.
export function hashPassword(password: string): string {
  return createHash('sha1').update(password).digest('hex')
}

export function isPassword(password: string, hash: string): boolean {
  return hashPassword(password) === hash
}
