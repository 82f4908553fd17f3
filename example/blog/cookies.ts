import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Response } from 'express'

/** The value of a cookie, if it is one that {@link setCookie} signed. */
export function getCookie(req: IncomingMessage, name: string): string | undefined {
  const start = `__Host-${name}=`
  const pair = req.headers.cookie?.split('; ').find((part) => part.startsWith(start))
  const [value = '', signature = ''] = pair?.slice(start.length).split('~') ?? []
  const given = Buffer.from(signature, 'base64url')
  const right = Buffer.from(sign(name, value), 'base64url')
  return given.length === right.length && timingSafeEqual(given, right) ? value : undefined
}

/** Sets a signed cookie that scripts cannot read and other sites cannot send. `maxAge` in seconds. */
export function setCookie(res: Response, name: string, value: string, maxAge: number): void {
  const attributes = `Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${maxAge}`
  res.append('Set-Cookie', `__Host-${name}=${value}~${sign(name, value)}; ${attributes}`)
}

export function clearCookie(res: Response, name: string): void {
  res.append('Set-Cookie', `__Host-${name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`)
}

function sign(name: string, value: string): string {
  return createHmac('sha256', key).update(`${name}=${value}`).digest('base64url')
}

const key = randomBytes(32)
