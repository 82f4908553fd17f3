import type { Server } from 'node:http'
import type { RequestHandler } from 'express'
import type { FastifyPluginAsync } from 'fastify'

/**
 * Bulwark's default policy. What differs: a key, which production asks for, and a limit that no load reaches, because a
 * denied request would be a cheap one. The limiter itself counts as it always does.
 */
const policy = {
  app: 'journal',
  keys: 'a key of the benchmark, which protects nothing',
  rateLimit: { limit: '1000000000/min' },
}

/** `bulwark(policy)` of `bulwark/express`: what goes into `app.use()`. Throws where that module is not built. */
export async function expressPlug(): Promise<RequestHandler> {
  const bulwark = await exportOf('bulwark/express', 'bulwark')
  return bulwark(policy) as RequestHandler
}

/** `bulwark(policy)` of `bulwark/fastify`: what goes into `app.register()`. Throws where that module is not built. */
export async function fastifyPlug(): Promise<FastifyPluginAsync> {
  const bulwark = await exportOf('bulwark/fastify', 'bulwark')
  return bulwark(policy) as FastifyPluginAsync
}

/** `secure(server, policy)` of `bulwark/node`. Throws where that module is not built. */
export async function protectServer(server: Server): Promise<void> {
  const secure = await exportOf('bulwark/node', 'secure')
  secure(server, policy)
}

/** The nonce of the request's own exchange. */
export function nonceOf(request: object): string {
  const security = (request as { security?: { nonce?: unknown } }).security
  if (typeof security?.nonce !== 'string') throw new Error('Bulwark gave the request no security.nonce')
  return security.nonce
}

/**
 * By name and at run time, so that the benchmark is built and the other stacks are measured where an adapter is missing.
 */
async function exportOf(module: string, name: string): Promise<(...given: readonly unknown[]) => unknown> {
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = await import(module)
  } catch (cause) {
    throw new Error(`${module} cannot be loaded; build it (npx tsc -b library) or leave it out (--stacks bare,usual)`, {
      cause,
    })
  }
  const found = exports[name]
  if (typeof found !== 'function') throw new Error(`${module} exports no function '${name}'`)
  return found as (...given: readonly unknown[]) => unknown
}
