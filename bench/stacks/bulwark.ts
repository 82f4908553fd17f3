import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { RequestHandler } from 'express'
import type { FastifyPluginAsync, FastifyPluginCallback, FastifyRequest } from 'fastify'

/**
 * Bulwark's default policy, with the key that production asks for, and a limit that the
 * load never meets: it is counted all the same, as the usual stack's is.
 */
const policy = {
  app: 'journal',
  keys: randomBytes(32).toString('base64url'),
  rateLimit: { global: '100000000/min' },
} as const

/** A plug for the app under one framework, and how its handlers ask for the nonce. */
interface Protection<Plug, Request> {
  readonly plug: Plug
  nonce(request: Request): string
}

/** `app.use(bulwark())`. Throws where `bulwark/express` is not built. */
export async function forExpress(): Promise<Protection<RequestHandler, IncomingMessage>> {
  const { bulwark, securityOf } = await import('bulwark/express').catch(notBuilt('bulwark/express'))
  return { plug: bulwark(policy) as RequestHandler, nonce: (req) => securityOf(req).nonce }
}

/** `app.register(bulwark())`. Throws where `bulwark/fastify` is not built. */
export async function forFastify(): Promise<Protection<FastifyPluginCallback | FastifyPluginAsync, FastifyRequest>> {
  const { bulwark } = await import('bulwark/fastify').catch(notBuilt('bulwark/fastify'))
  return { plug: bulwark(policy), nonce: (request) => request.security.nonce }
}

/** `secure(server)`. Throws where `bulwark/node` is not built. */
export async function forNode(): Promise<Protection<(server: Server) => void, IncomingMessage>> {
  const { secure, securityOf } = await import('bulwark/node').catch(notBuilt('bulwark/node'))
  return { plug: (server) => void secure(server, policy), nonce: (req) => securityOf(req).nonce }
}

function notBuilt(module: string): (cause: unknown) => never {
  return (cause) => {
    throw new Error(`${module} cannot be loaded; build it (npx tsc -b library) or leave it out (--stacks bare,usual)`, {
      cause,
    })
  }
}
