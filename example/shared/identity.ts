import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { devCertificate, makeAuthority } from 'bulwark/transport'

/** A certificate for HTTPS on this machine. */
export interface Identity {
  readonly key: string
  readonly cert: string
  /** The authority that signed it, PEM. */
  readonly authority: string
  /** Whether the authority is there for longer than this run, so that browsers may have been told of it. */
  readonly isKept: boolean
}

/** Where `bulwark tls dev` keeps its authority. */
const FOLDER = '.bulwark'

/**
 * From the authority that `npx bulwark tls dev` has made where the program was started, or else from one that ends with this run: nobody's
 * machine is left with a key that was not asked for.
 */
export async function developmentIdentity(folder: string = FOLDER): Promise<Identity> {
  // A name that is no name of this machine too, since some rules of browsers are not for those.
  const names = ['localhost', '127.0.0.1', '::1', 'blog.test']
  if (existsSync(join(folder, 'authority-key.pem'))) {
    return { ...(await devCertificate({ folder, names })), isKept: true }
  }
  const authority = await makeAuthority()
  return { ...(await authority.issue(names)), authority: authority.cert, isKept: false }
}
