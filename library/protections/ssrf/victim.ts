import http, { type RequestOptions } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { VictimApp } from '../../core/victim.ts'

type Lookup = NonNullable<RequestOptions['lookup']>

/** A newsroom's tool: it shows previews of links, imports pictures, and tries out the hooks of its readers. */
export function victim(app: VictimApp): void {
  const town = openTown()

  app.get(
    '/',
    (_req, res) => res.send('<!doctype html><title>The newsroom of Tidewater</title><p>For those inside only.</p>'),
    { html: true },
  )
  app.get(
    '/preview',
    async (req, res) => {
      const page = await fetch(req.query.url as string) // spots: ssrf/tainted-address
      const title = /<title>(.*?)<\/title>/.exec(await page.text())?.[1]
      res.json({ title: title ?? 'a page without a title' })
    },
    { query: { url: 'data:text/html,<title>The tide tables</title>' } },
  )
  app.post(
    '/pictures',
    async (req, res) => {
      const { address } = req.body
      // What people write instead of a check.
      if (/localhost|127\.0\.0\.1|169\.254|192\.168|\b10\./i.test(String(address))) {
        res.status(400).send('not from there')
        return
      }
      const picture = await fetch(String(address)) // spots: ssrf/tainted-address
      res.set('Content-Type', 'text/plain').send((await picture.text()).slice(0, 200))
    },
    { body: { type: 'json', fields: { address: 'data:text/plain,a%20picture' } } },
  )
  app.post(
    '/hooks/try',
    async (req, res) => {
      const { hostname, port } = new URL(String(req.body.hook))
      const works = await reaches({ hostname, port: port || (await town).port, lookup: hosts })
      res.json({ works })
    },
    { body: { type: 'form', fields: { hook: 'http://hooks.example/' } } },
  )
  // An inner machine that the app itself has chosen is no danger, whatever the client calls things.
  app.get(
    '/weather',
    async (req, res) => {
      const answer = await fetch(
        `http://127.0.0.1:${(await town).port}/weather?at=${encodeURIComponent(req.query.at ?? '')}`,
      )
      res.json({ at: req.query.at, weather: await answer.text() })
    },
    { query: { at: 'harbour' } },
  )
}

function reaches(options: RequestOptions): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const request = http.get(options) // spots: ssrf/tainted-address
    request.on('response', (answer) => {
      answer.resume()
      resolve(true)
    })
    request.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' ? resolve(false) : reject(error),
    )
  })
}

/** The inner machine: it believes whoever reaches it. */
function openTown(): Promise<AddressInfo> {
  return new Promise((resolve) => {
    const server = http.createServer((_req, res) => res.end('calm'))
    server.listen(0, '127.0.0.1', () => resolve(server.address() as AddressInfo)).unref()
  })
}

/** The name server of the town. */
const hosts: Lookup = (_name, { all }, callback) => {
  if (all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}
