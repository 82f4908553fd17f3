import { execFile } from 'node:child_process'
import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { createKeyFile, localProvider, makeKey, openKeyFile, rotateKeys } from 'bulwark/keys'
import { authorityIn } from 'bulwark/transport'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Server } from '../scripts/servers/process.ts'
import { startRedis } from '../scripts/servers/redis.ts'
import { find, redis, type Service } from '../scripts/services.ts'
import { freePort } from './free-port.ts'
import { type BlogProcess, startProgram } from './processes.ts'

/** Two processes behind TLS, visitors with a session, a cookie, sealed values, forms and tokens; and every key exchanged beneath them. */
const folder = mkdtempSync(join(tmpdir(), 'bulwark-rotating-'))
const master = makeKey()
const keyFile = join(folder, 'keys.sealed')
const program = find(redis)
const wrk: Service = { name: 'wrk', variable: 'BULWARK_WRK', places: ['wrk'], debian: ['wrk'] }
const VISITORS = 6
/** Longer than every process needs to learn of a new key. */
const PUBLISH = 1500
let server: Server | undefined
let programs: BlogProcess[] = []
let ca = ''
const issuer = createServer((_req, res) => res.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) })))
const agents: Agent[] = []

interface TokenKey {
  readonly jwk: object
  readonly key: KeyObject
  readonly kid: string
}
const tokenKey = (): TokenKey => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const kid = randomUUID()
  return { kid, key: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'EdDSA', use: 'sig' } }
}
let signing = tokenKey()
let published = [signing]

beforeAll(async () => {
  server = program === undefined ? undefined : await startRedis(program)
  await createKeyFile(keyFile, localProvider(master))
  ca = (await authorityIn(folder)).cert
  writeFileSync(join(folder, 'authority.pem'), ca)
  await newCertificate()
  issuer.listen(0, '127.0.0.1')
  await once(issuer, 'listening')
  const [north, south] = [await freePort(), await freePort()]
  const shared = {
    ...(server && { REDIS_URL: server.url }),
    ...{ BULWARK_MASTER_KEY: master, ROTATING_FOLDER: folder },
    ROTATING_ISSUER: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`,
  }
  const one = (name: string, port: number, other: string, otherPort: number): Promise<BlogProcess> =>
    startProgram('rotating/main.ts', {
      ...shared,
      ...{ ROTATING_NAME: name, ROTATING_PORT: String(port) },
      ...{ ROTATING_OTHER: other, ROTATING_OTHER_PORT: String(otherPort) },
    })
  programs = await Promise.all([one('north', north, 'south', south), one('south', south, 'north', north)])
}, 60_000)

afterAll(async () => {
  for (const agent of agents) agent.destroy()
  await Promise.all(programs.map((each) => each.kill()))
  issuer.close()
  issuer.closeAllConnections()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Both files are replaced, one after the other: in between they do not belong together. */
async function newCertificate(): Promise<void> {
  const { cert, key } = await (await authorityIn(folder)).issue(['localhost', '127.0.0.1'])
  for (const [name, text] of [
    ['site.key', key],
    ['site.pem', cert],
  ] as const) {
    writeFileSync(join(folder, `${name}.new`), text)
    renameSync(join(folder, `${name}.new`), join(folder, name))
  }
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly cookies: readonly string[]
}

interface Visitor {
  readonly name: string
  readonly cookie: string
  readonly sealed: string
  readonly link: string
  readonly token: string
}

let asked = 0
let resumed = 0
/** Half of the connections are kept and half are new, of which TLS resumes most. */
async function ask(
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const number = asked++
  const origin = programs[number % 2]?.origin ?? ''
  const agent = agents[number % 4 < 2 ? 0 : 1]
  const sent = request(`${origin}${path}`, {
    method,
    agent,
    headers: { ...(method === 'POST' && { origin, 'sec-fetch-site': 'same-origin' }), ...headers },
  })
  sent.end()
  const [answer] = await once(sent, 'response')
  if ((sent.socket as TLSSocket).isSessionReused()) resumed++
  const text = await textOf(answer)
  return {
    status: answer.statusCode,
    cookies: answer.headers['set-cookie'] ?? [],
    body: text.startsWith('{') ? JSON.parse(text) : {},
  }
}

async function signIn(name: string): Promise<Visitor> {
  const { body, cookies } = await ask(`/in?name=${name}`, { method: 'POST' })
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ')
  const { sealed, link } = body as unknown as Visitor
  const me = await ask(`/me?sealed=${sealed}`, { headers: { cookie } })
  return { name, cookie, sealed, link, token: String(me.body['token']) }
}

/** What does not work for a visitor any more; each question goes to whichever process is next. */
async function complaintsOf({ name, cookie, sealed, link, token }: Visitor, bearer: string): Promise<string[]> {
  const answers = {
    me: await ask(`/me?sealed=${sealed}`, { headers: { cookie } }),
    form: await ask('/change', { method: 'POST', headers: { cookie, 'x-csrf-token': token } }),
    file: await ask(link),
    call: await ask('/relay'),
    token: await ask('/token', { headers: { authorization: `Bearer ${bearer}` } }),
  }
  const good = {
    me: String(answers.me.body['names']) === `${name},${name},${name}`,
    form: answers.form.body['changed'] === true,
    file: answers.file.body['isSigned'] === true,
    call: answers.call.body['status'] === 200,
    token: answers.token.body['sub'] === 'ann',
  }
  return Object.entries(good).flatMap(([what, isGood]) =>
    isGood ? [] : [`${what} of ${name}: ${JSON.stringify(answers[what as keyof typeof answers])}`],
  )
}

function bearer(): string {
  const iat = Math.floor(Date.now() / 1000)
  const claims = { iss: 'https://id.test', aud: 'rotating', sub: 'ann', iat, exp: iat + 300 }
  const text = [{ alg: 'EdDSA', typ: 'at+jwt', kid: signing.kid }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${sign(null, Buffer.from(text), signing.key).toString('base64url')}`
}

/** The certificate that a new connection gets. */
async function certificateOf(origin: string): Promise<string> {
  const socket = connect({ port: Number(new URL(origin).port), host: '127.0.0.1', ca })
  await once(socket, 'secureConnect')
  const { raw } = socket.getPeerCertificate()
  socket.destroy()
  return createHash('sha256').update(raw).digest('hex')
}

test('every kind of key is exchanged under load: no request is dropped, and nobody is signed out', async () => {
  agents.push(new Agent({ ca, keepAlive: true, maxSockets: 8 }), new Agent({ ca, keepAlive: false }))
  const old = await Promise.all(Array.from({ length: VISITORS }, (_, i) => signIn(`old${i}`)))
  const oldBearer = bearer()
  const complaints: string[] = []
  let isOver = false
  const load = old.map(async (visitor, i) => {
    for (let round = 0; !isOver; round++) {
      try {
        complaints.push(...(await complaintsOf(visitor, oldBearer)))
        complaints.push(...(await complaintsOf(await signIn(`new${i}x${round}`), bearer())))
      } catch (error) {
        complaints.push(`dropped: ${error instanceof Error ? error.message : error}`)
      }
    }
  })
  const tool = find(wrk)
  const first = programs[0]?.origin ?? ''
  const pressure = tool
    ? promisify(execFile)(tool, [
        '-t1',
        '-c4',
        '-d8s',
        '-H',
        `Cookie: ${old[0]?.cookie}`,
        `${first}/me?sealed=${old[0]?.sealed}`,
      ])
    : undefined
  const some = async (): Promise<void> => {
    const from = asked
    await expect.poll(() => asked, { timeout: 30_000 }).toBeGreaterThan(from + 10 * VISITORS)
  }

  await some()
  // The master ring: sessions' bindings, cookies, forms, sealed values, links, calls and session tickets follow from it.
  const before = await activeKey()
  await rotateKeys(keyFile, localProvider(master), { publishFor: PUBLISH })
  // The issuer of tokens publishes its next key, and signs with it once everybody can know it.
  const next = tokenKey()
  published = [next, signing]
  const certificate = await certificateOf(first)
  await newCertificate()
  await pause(PUBLISH + 500)
  signing = next
  await some()
  // And once more, for the keys that have just become old.
  await rotateKeys(keyFile, localProvider(master), { publishFor: PUBLISH })
  await newCertificate()
  await pause(PUBLISH + 500)
  await some()
  isOver = true
  await Promise.all(load)
  expect(await activeKey()).not.toBe(before)
  expect(await certificateOf(first)).not.toBe(certificate)
  expect(complaints).toEqual([])
  expect(resumed).toBeGreaterThan(asked / 10)
  if (pressure) {
    const { stdout } = await pressure
    expect(stdout).toMatch(/[1-9]\d* requests in/)
    expect(stdout).not.toMatch(/Non-2xx|Socket errors/)
    if (process.env['BULWARK_MEASURE']) console.log(asked, resumed, stdout)
  }
}, 90_000)

async function activeKey(): Promise<string | undefined> {
  const ring = await openKeyFile({ file: keyFile, provider: localProvider(master) })
  ring.close()
  return ring.active('x')?.id
}
