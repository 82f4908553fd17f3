import { authorityIn } from 'bulwark/transport'

/** Who a program is among the others: its certificate, its private key, and the authority that it believes. */
export interface Credentials {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/**
 * A new certificate for a program, from the local authority of a folder, which is made when there is none. Real ones come from an authority
 * that somebody looks after, and no program has its key.
 */
export async function credentialsOf(name: string, folder: string): Promise<Credentials> {
  const authority = await authorityIn(folder)
  const { cert, key } = await authority.issue([name, 'localhost', '127.0.0.1'], { usage: 'both', days: 7 })
  return { ca: authority.cert, cert, key }
}
