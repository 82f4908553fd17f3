import { execFileSync } from 'node:child_process'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { strengthOf } from '../toolbox/certificates.ts'
import {
  type Authority,
  devCertificate,
  type Leaf,
  makeAuthority,
  makeRequest,
  openAuthority,
  selfSign,
} from './index.ts'
import { KEY_KINDS, makePrivateKey, readPrivateKey } from './private-keys.ts'
import { signCertificate } from './x509.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-tls-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

let authority: Authority
beforeAll(async () => {
  authority = await makeAuthority({ name: 'Test, authority="x"' })
})

/** Says what a TLS client finds wrong with a server's certificate. */
async function judged(leaf: Pick<Leaf, 'key' | 'cert'>, servername: string, ca = authority.cert): Promise<string> {
  const server = createServer({ key: leaf.key, cert: leaf.cert }, (_, res) => void res.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = (server.address() as AddressInfo).port
  const socket = connect({ host: '127.0.0.1', port, servername, ca, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { authorized, authorizationError } = socket
  socket.destroy()
  server.close()
  return authorized ? 'trusted' : String((authorizationError as { code?: string })?.code ?? authorizationError)
}

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', cwd: home, stdio: 'pipe' })
}

describe('a local authority', () => {
  test('makes certificates that clients believe for exactly these names', async () => {
    const leaf = await authority.issue(['localhost', '*.bulwark.test', '::1'])
    expect(await judged(leaf, 'localhost')).toBe('trusted')
    expect(await judged(leaf, 'app.bulwark.test')).toBe('trusted')
    expect(await judged(leaf, 'bulwark.test')).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    expect(new X509Certificate(leaf.cert).subjectAltName).toBe(
      'DNS:localhost, DNS:*.bulwark.test, IP Address:0:0:0:0:0:0:0:1',
    )
    expect(await judged(leaf, 'localhost', (await makeAuthority()).cert)).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/)
  })

  test('is held by clients to local names, even by whoever has its key', async () => {
    const key = await makePrivateKey()
    const [signingKey, own] = [readPrivateKey(authority.key), readPrivateKey(key)]
    const stolen = (name: string): Promise<string> =>
      signCertificate({
        subject: name,
        issuer: 'Test, authority="x"',
        names: [{ kind: /^\d/.test(name) ? 'ip' : 'dns', name }],
        publicKey: createPublicKey(own),
        signingKey,
        issuerKey: createPublicKey(signingKey),
        notBefore: new Date(Date.now() - 1000),
        notAfter: new Date(Date.now() + 86_400_000),
        usage: 'server',
      })
    writeFileSync(join(home, 'bound.pem'), authority.cert)
    const verdict = async (name: string): Promise<string> => {
      writeFileSync(join(home, 'stolen.pem'), await stolen(name))
      return openssl('verify', '-CAfile', 'bound.pem', 'stolen.pem')
    }
    expect(await verdict('bank.test')).toBe('stolen.pem: OK\n')
    for (const name of ['bank.com', '8.8.8.8'])
      await expect(verdict(name)).rejects.toThrow(/permitted subtree violation/)
    expect(await judged({ key, cert: await stolen('bank.com') }, 'bank.com')).not.toBe('trusted')
  })

  test.each([
    ['a public name', ['bank.com'], /may not sign for bank\.com/],
    ['a public address', ['8.8.8.8'], /may not sign for 8\.8\.8\.8/],
    ['a name that ends like a local one', ['mytest'], /may not sign for mytest/],
    ['no name', [], /at least one name/],
    ['a URL', ['https://app.test'], /cannot be made/],
    ['a port', ['app.test:8443'], /cannot be made/],
    ['all of a domain ending', ['*.test'], /cannot be made/],
    ['a line break', ['app.test\nDNS:bank.com'], /cannot be made/],
    ['a label that ends with a hyphen', ['app-.test'], /cannot be made/],
  ])('refuses %s', async (_, names, message) => {
    await expect(authority.issue(names)).rejects.toThrow(message)
    await expect(authority.issue(names)).rejects.toMatchObject({ code: 'BULWARK_CERTIFICATE_INVALID' })
  })

  test('signs for further domains that it was made for', async () => {
    const own = await makeAuthority({ permitted: ['dev.example.com', '100.64.0.0/10'] })
    const leaf = await own.issue(['app.dev.example.com', '100.64.1.1'])
    expect(await judged(leaf, 'app.dev.example.com', own.cert)).toBe('trusted')
    await expect(own.issue(['example.com'])).rejects.toThrow(/may not sign/)
    for (const wide of ['0.0.0.0/0', '*.example.com', '10.0.0.1/8', 'a b'])
      await expect(makeAuthority({ permitted: [wide] })).rejects.toMatchObject({ code: 'BULWARK_CERTIFICATE_INVALID' })
  })

  test('never lets a certificate outlive it, or last longer than clients accept', async () => {
    const own = await makeAuthority({ days: 10 })
    const leaf = await own.issue(['localhost'], { days: 90 })
    expect(leaf.expires).toBe(Date.parse(new X509Certificate(own.cert).validTo))
    for (const days of [0, -1, 398, Number.NaN])
      await expect(own.issue(['localhost'], { days })).rejects.toThrow(/lasts that long/)
    await expect(makeAuthority({ days: 4000 })).rejects.toThrow(/lasts that long/)
  })

  test('opens again from its files, and not with parts that do not belong together', async () => {
    const leaf = await openAuthority(authority).issue(['localhost'])
    expect(await judged(leaf, 'localhost')).toBe('trusted')
    expect(() => openAuthority({ cert: authority.cert, key: leaf.key })).toThrow(/do not belong together/)
    expect(() => openAuthority({ cert: leaf.cert, key: leaf.key })).toThrow(/no authority/)
    expect(() => openAuthority(authority, { now: () => Date.now() + 900 * 86_400_000 })).toThrow(/has expired/)
    expect(() => openAuthority({ cert: 'x', key: 'y' })).toThrow(/no certificate/)
  })

  test('satisfies OpenSSL', async () => {
    const leaf = await authority.issue(['app.bulwark.test'], { usage: 'both' })
    writeFileSync(join(home, 'ca.pem'), authority.cert)
    writeFileSync(join(home, 'leaf.pem'), leaf.cert)
    const verify = ['verify', '-x509_strict', '-CAfile', 'ca.pem']
    expect(openssl(...verify, '-purpose', 'sslserver', '-verify_hostname', 'app.bulwark.test', 'leaf.pem')).toBe(
      'leaf.pem: OK\n',
    )
    expect(openssl(...verify, '-purpose', 'sslclient', 'leaf.pem')).toBe('leaf.pem: OK\n')
  })
})

describe('signing requests', () => {
  test('carry the names to the authority, which signs for the key in them', async () => {
    const key = await makePrivateKey('p384')
    const request = await makeRequest(['app.bulwark.test', '127.0.0.1'], key)
    writeFileSync(join(home, 'own.csr'), request)
    expect(openssl('req', '-in', 'own.csr', '-noout', '-verify', '-text')).toMatch(
      /DNS:app\.bulwark\.test, IP Address:127\.0\.0\.1/,
    )
    const cert = await authority.sign(request)
    expect(await judged({ key, cert }, 'app.bulwark.test')).toBe('trusted')
  })

  test('made by OpenSSL are signed too', async () => {
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'rsa.key',
      '-out',
      'rsa.csr',
      '-subj',
      '/CN=rsa.test',
      '-addext',
      'subjectAltName=DNS:rsa.test',
    )
    const cert = await authority.sign(readFileSync(join(home, 'rsa.csr'), 'utf8'))
    expect(await judged({ key: readFileSync(join(home, 'rsa.key'), 'utf8'), cert }, 'rsa.test')).toBe('trusted')
  })

  test('with a weak key, without a name, or changed on the way are refused', async () => {
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:1024',
      '-nodes',
      '-keyout',
      'weak.key',
      '-out',
      'weak.csr',
      '-subj',
      '/CN=weak.test',
      '-addext',
      'subjectAltName=DNS:weak.test',
    )
    await expect(authority.sign(readFileSync(join(home, 'weak.csr'), 'utf8'))).rejects.toThrow(/too weak: RSA 1024/)
    openssl(
      'req',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'bare.key',
      '-out',
      'bare.csr',
      '-subj',
      '/CN=bare.test',
    )
    await expect(authority.sign(readFileSync(join(home, 'bare.csr'), 'utf8'))).rejects.toThrow(/at least one name/)
    const request = await makeRequest(['app.bulwark.test'], await makePrivateKey())
    const der = Buffer.from(request.replace(/-----.*-----/g, ''), 'base64')
    der[der.indexOf('bulwark')] = 0x78
    const changed = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    await expect(authority.sign(changed)).rejects.toThrow(/whose signature holds/)
    await expect(authority.sign('nothing')).rejects.toMatchObject({ code: 'BULWARK_CERTIFICATE_INVALID' })
  })
})

describe('private keys', () => {
  // rsa4096 differs from rsa3072 in the seconds that it takes.
  test.each(KEY_KINDS.filter((kind) => kind !== 'rsa4096'))(
    '%s: OpenSSL reads it, and a certificate can be made for it',
    async (kind) => {
      const key = await makePrivateKey(kind)
      writeFileSync(join(home, 'any.key'), key)
      expect(openssl('pkey', '-in', 'any.key', '-noout', '-text')).toMatch(/Private-Key|ED25519/)
      writeFileSync(join(home, 'any.pem'), await selfSign(['any.test'], key))
      expect(openssl('verify', '-CAfile', 'any.pem', 'any.pem')).toBe('any.pem: OK\n')
      expect(strengthOf(readPrivateKey(key)).strong).toBe(true)
    },
  )

  test('with a passphrase open with it and without it not', async () => {
    const key = await makePrivateKey('p256', 'correct horse battery')
    expect(key).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    expect(readPrivateKey(key, 'correct horse battery').asymmetricKeyType).toBe('ec')
    expect(() => readPrivateKey(key)).toThrow(/needs a passphrase/)
    expect(() => readPrivateKey(key, 'wrong horse battery')).toThrow(/no private key that can be read/)
    await expect(makePrivateKey('p256', 'short')).rejects.toThrow(/12 characters/)
    await expect(makePrivateKey('dsa' as 'p256')).rejects.toThrow(/no kind of key/)
  })
})

describe('the certificate for development', () => {
  test('is kept with its authority, and made anew for further names or before it ends', async () => {
    const folder = join(home, 'dev')
    const first = await devCertificate({ folder, names: ['app.bulwark.test'] })
    expect([first.kept, await judged(first, 'localhost', first.authority)]).toEqual([false, 'trusted'])
    const again = await devCertificate({ folder })
    expect([again.kept, again.cert, again.spki]).toEqual([true, first.cert, first.spki])
    const more = await devCertificate({ folder, names: ['other.test'] })
    expect([more.kept, more.authority]).toEqual([false, first.authority])
    expect(readFileSync(more.authorityFile, 'utf8')).toBe(first.authority)
    const later = await devCertificate({ folder, now: () => Date.now() + 84 * 86_400_000 })
    expect([later.kept, later.authority]).toEqual([false, first.authority])
    const muchLater = await devCertificate({ folder, now: () => Date.now() + 820 * 86_400_000 })
    expect(muchLater.authority).not.toBe(first.authority)
    for (const file of ['authority-key.pem', 'server.pem'])
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
  })

  test('comes from one authority, though several programs start at once', async () => {
    const folder = join(home, 'together')
    const all = await Promise.all(Array.from({ length: 4 }, () => devCertificate({ folder })))
    expect(new Set(all.map(({ authority: cert }) => cert)).size).toBe(1)
  })

  test('does not take a broken file for an authority', async () => {
    const folder = join(home, 'broken')
    await devCertificate({ folder })
    writeFileSync(join(folder, 'authority-key.pem'), 'half a fi')
    await expect(devCertificate({ folder })).rejects.toThrow(/holds no authority/)
  })
})
