import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { secure, securityOf } from '../adapters/node.ts'
import { off } from '../core/policy.ts'
import {
  createKeyFile,
  type FileKeyRing,
  idOf,
  localProvider,
  makeKey,
  openKeyFile,
  revokeKey,
  rotateKeys,
} from './index.ts'

const home = mkdtempSync(join(tmpdir(), 'bulwark-rotation-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const HOUR = 3_600_000
const VISITORS = 8

/** One process of an app: it signs the visitor in, or greets who the signed cookie, the sealed value and the signed link say it is. */
async function start(keys: FileKeyRing): Promise<Server> {
  const server = createServer((req, res) => {
    const { cookies, encryption } = securityOf(req)
    const url = new URL(req.url ?? '/', 'http://localhost')
    if (url.pathname === '/in') {
      const name = url.searchParams.get('name') ?? ''
      cookies.set('reader', name)
      res.end(
        JSON.stringify({
          sealed: encryption.box('notes').seal(name),
          link: encryption.links('files').sign(`/file?of=${name}`),
        }),
      )
    } else if (url.pathname === '/file') res.end(String(encryption.links('files').isSigned(req.url ?? '')))
    else res.end(`${cookies.get('reader')} ${encryption.box('notes').open(url.searchParams.get('sealed'))}`)
  })
  secure(server, {
    keys,
    rateLimit: off('all of them come from one address'),
    overload: off('the machine may be busy'),
    onEvent: () => undefined,
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

interface Visitor {
  readonly name: string
  readonly cookie: string
  readonly sealed: string
  readonly link: string
}

test('a rotation under load signs nobody out and refuses nothing; a revoked key is refused at once', async () => {
  const file = join(home, 'keys.sealed')
  const provider = localProvider(makeKey())
  let now = Date.now()
  const clock = (): number => now
  const [first] = (await createKeyFile(file, provider, clock)).keys
  const rings = await Promise.all([0, 1].map(() => openKeyFile({ file, provider, now: clock, reload: '1h' })))
  const servers = await Promise.all(rings.map(start))
  const urls = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const failures: string[] = []
  let asked = 0

  const get = (url: string, path: string, cookie = ''): Promise<Response> => {
    asked++
    return fetch(url + path, { headers: { cookie } })
  }
  const signIn = async (name: string): Promise<Visitor> => {
    const answer = await get(urls[asked % 2] ?? '', `/in?name=${name}`)
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return { name, cookie, ...((await answer.json()) as { sealed: string; link: string }) }
  }
  /** At every process, whichever it was that signed the visitor in. */
  const isWelcome = async ({ name, cookie, sealed, link }: Visitor): Promise<boolean> => {
    const texts: string[] = []
    for (const url of urls) {
      const [page, linked] = [await get(url, `/?sealed=${sealed}`, cookie), await get(url, link)]
      texts.push(await page.text(), await linked.text())
    }
    return texts.join() === [`${name} ${name}`, 'true', `${name} ${name}`, 'true'].join()
  }
  const visitors = await Promise.all(Array.from({ length: VISITORS }, (_, i) => signIn(`old${i}`)))
  let isOver = false
  const load = Array.from({ length: VISITORS }, async (_, i) => {
    for (let round = 0; !isOver; round++) {
      const fresh = await signIn(`new${i}x${round}`)
      for (const visitor of [fresh, visitors[i]]) {
        if (visitor && !(await isWelcome(visitor))) failures.push(`${visitor.name} at ${round}`)
      }
    }
  })
  const some = async (): Promise<void> => {
    const from = asked
    await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(from + 10 * VISITORS)
  }

  await some()
  await rotateKeys(file, provider, { publishFor: HOUR, now: clock })
  await rings[0]?.reload()
  await some()
  await rings[1]?.reload()
  await some()
  now += HOUR
  await some()
  expect(rings.map((ring) => ring.active('x')?.id)).not.toContain(idOf(first?.secret ?? ''))
  isOver = true
  await Promise.all(load)
  expect(failures).toEqual([])

  const fresh = await signIn('fresh')
  await revokeKey(file, provider, idOf(first?.secret ?? ''), clock)
  await Promise.all(rings.map((ring) => ring.reload()))
  expect(await Promise.all(visitors.map(isWelcome))).toEqual(visitors.map(() => false))
  expect(await isWelcome(fresh)).toBe(true)

  for (const ring of rings) ring.close()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
}, 60_000)
