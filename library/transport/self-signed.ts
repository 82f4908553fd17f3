import { createPublicKey } from 'node:crypto'
import type { LeafOptions } from './authority.ts'
import { parseName } from './names.ts'
import { invalid, readPrivateKey } from './private-keys.ts'
import { signCertificate, signRequest } from './x509.ts'

/**
 * A signing request for these names, PEM: what a public authority asks for.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function makeRequest(names: readonly string[], key: string, passphrase?: string): Promise<string> {
  const parsed = names.map(parseName)
  const [first] = parsed
  if (first === undefined) throw invalid('a signing request needs at least one name', 'hand in the names of the site')
  return signRequest(first.name, parsed, readPrivateKey(key, passphrase))
}

/**
 * A certificate that nobody but its own key vouches for, PEM. Clients must be told to trust exactly this one.
 * @throws BulwarkError `BULWARK_CERTIFICATE_INVALID`, `BULWARK_PACKAGE_MISSING`
 */
export async function selfSign(
  names: readonly string[],
  key: string,
  { days = 90, usage = 'server', passphrase }: Omit<LeafOptions, 'kind'> & { readonly passphrase?: string } = {},
): Promise<string> {
  const parsed = names.map(parseName)
  const [first] = parsed
  if (first === undefined) throw invalid('a certificate needs at least one name', "hand in names such as ['localhost']")
  if (!(days > 0 && days <= 397))
    throw invalid('nobody takes a certificate that lasts that long', 'use from 1 to 397 days')
  const signingKey = readPrivateKey(key, passphrase)
  const publicKey = createPublicKey(signingKey)
  const now = Date.now()
  return signCertificate({
    subject: first.name,
    issuer: first.name,
    names: parsed,
    publicKey,
    signingKey,
    issuerKey: publicKey,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + days * 86_400_000),
    usage,
  })
}
