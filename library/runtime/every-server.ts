import { readFileSync } from 'node:fs'
import { Server as HttpServer } from 'node:http'
import { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import { BulwarkError } from '../core/errors.ts'
import type { Mode } from '../core/policy.ts'
import type { Stance } from '../core/sink.ts'
import type { Policy } from './policy.ts'
import { Runtime } from './runtime.ts'
import { attachServer } from './server.ts'

export interface EveryServerOptions {
  readonly mode: Mode
  /** What the sinks do. */
  readonly stance: Stance
  /** Inner machines that clients may name. */
  readonly allow: readonly string[]
  /** A JSON file with what the policy says besides. */
  readonly file: string | undefined
}

type Listen = (this: NetServer, ...args: unknown[]) => NetServer

/**
 * Puts the default policy around each server of `node:http` and `node:https` in this process as it begins to listen, for apps that cannot
 * be touched. They share one policy, with its limits.
 *
 * @throws BulwarkError when the policy is not valid, so that the app does not start
 */
export function protectEveryServer({ mode, stance, allow, file }: EveryServerOptions): void {
  const sink = stance === 'off' ? { off: 'BULWARK_FIREWALL is off' } : { mode: stance }
  const runtime = new Runtime({
    mode,
    // Scripts of a page that nobody touches carry no nonce.
    headers: { contentSecurityPolicy: { reportOnly: true } },
    sqlInjection: sink,
    nosqlInjection: sink,
    commandInjection: sink,
    codeInjection: sink,
    pathTraversal: sink,
    ssrf: stance === 'off' ? sink : { mode: stance, allow },
    ...(file && readPolicy(file)),
  })
  const prototype = NetServer.prototype as { listen: Listen }
  const native = prototype.listen
  prototype.listen = function (...args) {
    if (this instanceof HttpServer || this instanceof HttpsServer) attachServer(this as HttpServer, runtime)
    return native.apply(this, args)
  }
}

function readPolicy(file: string): Policy {
  let policy: unknown
  try {
    policy = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw invalid('the file that BULWARK_POLICY names cannot be read as JSON', file, cause)
  }
  if (typeof policy === 'object' && policy !== null && !Array.isArray(policy)) return policy
  throw invalid('a policy is an object', file)
}

function invalid(what: string, at: string, cause?: unknown): BulwarkError {
  const fix = 'name a file that holds a policy, such as {"origins": ["https://desk.example"]}'
  return new BulwarkError('BULWARK_POLICY_INVALID', what, { at, fix, cause })
}
