import type { Request, Response } from 'express'

/** Asks for the sign-in first, and comes back afterwards. */
export function toSignIn(req: Request, res: Response): void {
  res.redirect(303, `/sign-in?next=${encodeURIComponent(req.method === 'GET' ? req.originalUrl : '/')}`)
}
