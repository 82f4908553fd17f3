import { execFile } from 'node:child_process'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { makeKey } from 'bulwark/keys'
import { authorityIn, makeAuthority, openAuthority } from 'bulwark/transport'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Server } from '../scripts/servers/process.ts'
import { startRedis } from '../scripts/servers/redis.ts'
import { find, redis } from '../scripts/services.ts'
import { type Browser, openBrowser } from './browser.ts'
import { freePort } from './free-port.ts'
import { TOKEN_ISSUER } from './notify/app.ts'
import type { Attempt, Loot, Recorded } from './notify/intruder.ts'
import { type BlogProcess, kill, runProgram, spawnProgram, startProcess, startProgram } from './processes.ts'
import { ada, grace } from './shared/seed.ts'

/** The blog, two replicas of its notification program, and an intruder: each a process of its own. */
const home = mkdtempSync(join(tmpdir(), 'bulwark-notify-'))
const [keyFile, tls, tokenFile] = [join(home, 'keys.sealed'), join(home, 'tls'), join(home, 'tokens.json')]
const masterKey = makeKey()
const mailSecret = `whsec_${Buffer.from(makeKey()).toString('base64')}`
const issuer = generateKeyPairSync('rsa', { modulusLength: 2048 })
const program = find(redis)
let server: Server | undefined
let blog: BlogProcess
let blogEnv: Record<string, string>
let replicas: BlogProcess[] = []
let replicaEnv: Record<string, string>[]
let audit: Agent
let [author, reader]: (Browser | undefined)[] = []

const bulwark = async (...args: readonly string[]): Promise<string> => {
  const command = new URL('../cli/bulwark.js', import.meta.url).pathname
  const env = { ...process.env, BULWARK_MASTER_KEY: masterKey }
  return (await promisify(execFile)(process.execPath, [command, ...args], { env })).stdout
}

beforeAll(async () => {
  server = program === undefined ? undefined : await startRedis(program)
  await bulwark('keys', 'new', '--file', keyFile)
  const tokenKey = { ...issuer.publicKey.export({ format: 'jwk' }), kid: 'id-1', alg: 'RS256', use: 'sig' }
  writeFileSync(tokenFile, JSON.stringify({ keys: [tokenKey] }))
  const authority = await authorityIn(tls)
  const { cert, key } = await authority.issue(['audit.internal'], { usage: 'client' })
  audit = new Agent({ ca: authority.cert, cert, key })

  const ports = [await freePort(), await freePort(), await freePort()]
  const shared = {
    ...(server && { REDIS_URL: server.url }),
    NOTIFY_TLS: tls,
    BULWARK_MASTER_KEY: masterKey,
  }
  replicaEnv = ports.slice(0, 2).map((port) => ({
    ...shared,
    NOTIFY_PORT: String(port),
    NOTIFY_FILE: join(home, 'notify.db'),
    NOTIFY_BLOG_KEYS: `http://127.0.0.1:${ports[2]}/.well-known/jwks.json`,
    NOTIFY_TOKEN_KEYS: tokenFile,
    NOTIFY_MAIL_SECRET: mailSecret,
  }))
  blogEnv = {
    ...shared,
    BLOG_TLS: 'off',
    PORT: String(ports[2]),
    BLOG_FILE: join(home, 'blog.db'),
    BLOG_KEY_FILE: keyFile,
    NOTIFY_URL: `https://127.0.0.1:${ports[0]}`,
  }
  const [one, ...others] = await Promise.all([startProcess(blogEnv), ...replicaEnv.map(startReplica)])
  blog = one
  replicas = others
  author = openBrowser(blog.origin)
  reader = openBrowser(blog.origin)
  expect((await author.post('/sign-in', ada)).status).toBe(303)
  expect((await reader.post('/sign-in', grace)).status).toBe(303)
}, 60_000)

afterAll(async () => {
  await Promise.all([blog, ...replicas].map((one) => one?.kill()))
  await server?.stop()
  rmSync(home, { recursive: true, force: true })
})

const startReplica = (env: Record<string, string>): Promise<BlogProcess> => startProgram('notify/main.ts', env)
const comment = async (path: string, body: string): Promise<number | undefined> =>
  (await reader?.post(`${path}/comments`, { body }))?.status
const inbox = async (): Promise<string> => (await author?.visit('/inbox'))?.text ?? ''

/** How much the notification program has, as a program learns it that may know nothing else. */
async function count(): Promise<{ notices: number; bounced: string[] }> {
  return JSON.parse((await ask('/count', 'GET', audit)).text)
}

function ask(
  path: string,
  method: string,
  agent: Agent,
  { headers = {}, body = '' }: Partial<Recorded> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${replicas[0]?.origin}${path}`,
      { method, agent, headers: { 'content-type': 'application/json', ...headers } },
      async (answer) => {
        resolve({ status: answer.statusCode ?? 0, text: await textOf(answer) })
      },
    )
    asked.on('error', reject).end(body)
  })
}

describe('the blog and its notification program', { timeout: 60_000 }, () => {
  let post = ''

  test('whoever wrote a post is told of comments, over mutual TLS and by signed calls', async () => {
    post = (await author?.post('/posts', { title: 'Moths', body: 'They came back.' }))?.location ?? ''
    expect(await comment(post, 'I saw <b>two</b>.')).toBe(303)
    await expect.poll(inbox, { timeout: 10_000 }).toContain('Grace commented on “Moths”: I saw &lt;b&gt;two&lt;/b&gt;.')
    // Nobody is told of what they do themselves, and nobody reads what is for others.
    expect((await author?.post(`${post}/comments`, { body: 'So did I.' }))?.status).toBe(303)
    expect((await reader?.visit('/inbox'))?.text).toContain('Nothing new.')
    expect((await count()).notices).toBe(1)
  })

  test('an intruder with stolen certificates, keys, calls, tokens and deliveries gets nowhere', async () => {
    const taken = delivery('ann@example.org', Date.now())
    const gateway = await issue('gateway.internal')
    const asGateway = new Agent({ ca: gateway.ca, cert: gateway.cert, key: gateway.key })
    expect((await ask('/webhooks/mail', 'POST', asGateway, taken)).status).toBe(202)
    const before = await count()

    const attempts = await intrude({ taken, late: delivery('bob@example.org', Date.now() - 600_000) })
    const [controls, refused] = [attempts.filter(isControl), attempts.filter((one) => !isControl(one))]
    expect(controls.map(({ name, status }) => [name, status])).toEqual([
      ['CONTROL a call that was held back', 201],
      ['REPLAYS 100 copies at once', 1],
      ['CONTROL a good token', 200],
    ])
    expect(refused.length).toBeGreaterThan(60)
    const opened = refused.filter(
      ({ status, text }) => ![0, 400, 401, 403, 409].includes(status) || /Moths|INTRUDER/.test(text),
    )
    expect(opened).toEqual([])
    // What was never refused by a status is refused by its effect: two calls of the blog's own have arrived, and nothing else.
    expect(await count()).toEqual({ notices: before.notices + 2, bounced: ['ann@example.org'] })
    expect((await inbox()).match(/INTRUDER/g)).toHaveLength(2)
  })

  test('while it is away nobody waits for it, and nothing is lost, also when the blog ends meanwhile', async () => {
    const before = (await count()).notices
    await Promise.all(replicas.map((one) => one.kill()))
    expect(await comment(post, 'Said while nobody listened.')).toBe(303)
    expect(await comment(post, 'And once more.')).toBe(303)
    expect(await inbox()).toMatch(/cannot be shown right now[\s\S]*2 more are on their way/)
    await blog.kill()
    blog = await startProcess(blogEnv)
    expect((await author?.visit(post))?.text).toContain('Said while nobody listened.')
    replicas = await Promise.all(replicaEnv.map(startReplica))
    await expect.poll(inbox, { timeout: 20_000, interval: 200 }).toMatch(/And once more|Said while/)
    await expect.poll(async () => (await count()).notices, { timeout: 20_000, interval: 200 }).toBe(before + 2)
    expect(await inbox()).not.toContain('on their way')
  })

  test('a stolen key is worthless a moment after it was revoked, in all processes, and the blog goes on', async () => {
    const stolen = join(home, 'stolen.sealed')
    copyFileSync(keyFile, stolen)
    const credentials = join(home, 'thief.json')
    writeFileSync(credentials, JSON.stringify(await issue('blog.internal')))
    const thieves = replicas.map(({ origin }) =>
      startThief({ THIEF_URL: origin, THIEF_KEYS: stolen, THIEF_TLS: credentials, BULWARK_MASTER_KEY: masterKey }),
    )
    try {
      for (const { heard } of thieves) await expect.poll(() => heard.at(-1)?.status, { timeout: 20_000 }).toBe(200)
      const { keys } = JSON.parse(await bulwark('keys', 'status', '--file', keyFile, '--json'))
      await bulwark('keys', 'revoke', keys[0].id, '--file', keyFile)
      const revoked = statSync(keyFile).mtimeMs
      for (const { heard } of thieves) {
        await expect.poll(() => heard.at(-1)?.status, { timeout: 10_000 }).toBe(401)
        const first = heard.find(({ status, at }) => status === 401 && at > revoked)
        // A second on a machine that has nothing else to do.
        expect((first?.at ?? Number.POSITIVE_INFINITY) - revoked).toBeLessThan(3000)
        expect(heard.filter(({ at, status }) => at > (first?.at ?? 0) && status !== 401)).toEqual([])
        if (process.env['BULWARK_MEASURE']) console.log(`refused after ${(first?.at ?? 0) - revoked} ms`)
      }
    } finally {
      await Promise.all(thieves.map(({ end }) => end()))
    }
    const before = (await count()).notices
    expect(await comment(post, 'Under a new key.')).toBe(303)
    await expect.poll(async () => (await count()).notices, { timeout: 15_000 }).toBe(before + 1)
  })
})

const isControl = ({ name }: Attempt): boolean => /^(?:CONTROL|REPLAYS)/.test(name)

async function issue(name: string): Promise<{ ca: string; cert: string; key: string }> {
  const authority = await authorityIn(tls)
  const { cert, key } = await authority.issue([name], { usage: 'client' })
  return { ca: authority.cert, cert, key }
}

async function intrude(deliveries: Loot['deliveries']): Promise<readonly Attempt[]> {
  const authority = await authorityIn(tls)
  const past = openAuthority(authority, { now: () => Date.now() - 3 * 86_400_000 })
  const stranger = await makeAuthority()
  const copy = join(home, 'copy.sealed')
  copyFileSync(keyFile, copy)
  const response = await fetch(`${blog.origin}/.well-known/jwks.json`)
  const now = Math.floor(Date.now() / 1000)
  const good = { iss: TOKEN_ISSUER, aud: 'notify', sub: '2', iat: now, exp: now + 600, scope: 'notices:read' }
  const { aud: _, ...unaddressed } = good
  const loot: Loot = {
    targets: [replicas[0]?.origin ?? '', replicas[1]?.origin ?? ''],
    ca: authority.cert,
    certificates: {
      blog: await issue('blog.internal'),
      audit: await issue('audit.internal'),
      gateway: await issue('gateway.internal'),
      stranger: await stranger.issue(['blog.internal'], { usage: 'client' }),
      expired: await past.issue(['blog.internal'], { usage: 'client', days: 1 }),
    },
    keyFile: copy,
    masterKey,
    blogKeys: (await response.json()) as Loot['blogKeys'],
    tokenKeys: { keys: [issuer.publicKey.export({ format: 'jwk' })] },
    tokens: {
      good: token(good),
      foreign: token({ ...good, aud: 'shop' }),
      unaddressed: token(unaddressed),
      expired: token({ ...good, iat: now - 900, exp: now - 300 }),
      unscoped: token({ ...good, scope: 'posts:read' }),
    },
    deliveries,
  }
  const file = join(home, 'loot.json')
  writeFileSync(file, JSON.stringify(loot))
  return JSON.parse(await runProgram('notify/intruder.ts', { INTRUDER_LOOT: file }))
}

function token(claims: object): string {
  const text = [{ alg: 'RS256', typ: 'at+jwt', kid: 'id-1' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  return `${text}.${sign('sha256', Buffer.from(text), issuer.privateKey).toString('base64url')}`
}

/** A delivery as the mail provider signs it. */
function delivery(address: string, at: number): Recorded {
  const [id, time, body] = [
    `msg_${address}`.replaceAll('.', '_'),
    String(Math.floor(at / 1000)),
    JSON.stringify({ address }),
  ]
  const key = Buffer.from(mailSecret.slice('whsec_'.length), 'base64')
  const mac = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')
  return { headers: { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${mac}` }, body }
}

function startThief(env: Record<string, string>): {
  readonly heard: { at: number; status: number }[]
  end(): Promise<void>
} {
  const child = spawnProgram('notify/thief.ts', env)
  const heard: { at: number; status: number }[] = []
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const [, at, status] of String(chunk).matchAll(/^(\d+) (\d+)$/gm))
      heard.push({ at: Number(at), status: Number(status) })
  })
  return { heard, end: () => kill(child) }
}
