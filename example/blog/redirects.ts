import type { Request, Response } from 'express'

/** The text if it is a path on this site, otherwise `/`. */
export function localPath(text: string): string {
  // Browsers read `\` as `/`, drop tabs and line ends, and fold `/.//`: decide on what they will make of it.
  if (!URL.canParse(text, here)) return '/'
  const url = new URL(text, here)
  const path = `${url.pathname}${url.search}${url.hash}`
  return url.origin === here && !path.startsWith('//') ? path : '/'
}

/** Asks for the sign-in first, and comes back afterwards. */
export function toSignIn(req: Request, res: Response): void {
  res.redirect(303, `/sign-in?next=${encodeURIComponent(req.method === 'GET' ? req.originalUrl : '/')}`)
}

const here = 'http://blog.invalid'
