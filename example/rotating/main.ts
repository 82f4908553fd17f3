import { readFileSync } from 'node:fs'
import { bulwark, secure } from 'bulwark/express'
import { localProvider, openKeyFile } from 'bulwark/keys'
import { redisStore } from 'bulwark/stores/redis'
import { sqliteStore } from 'bulwark/stores/sqlite'
import { listen } from 'bulwark/transport'
import express from 'express'

/** One of two processes that use every kind of key there is, while all of them are exchanged. */
const { env } = process
const { ROTATING_NAME: name = '', ROTATING_OTHER: other = '', ROTATING_OTHER_PORT: otherPort = '' } = env
const { ROTATING_FOLDER: folder = '', ROTATING_ISSUER: issuer = '', REDIS_URL: redisUrl } = env
const ca = readFileSync(`${folder}/authority.pem`, 'utf8')
const keys = await openKeyFile({ file: `${folder}/keys.sealed`, provider: localProvider(env['BULWARK_MASTER_KEY']) })
const otherUrl = `https://127.0.0.1:${otherPort}`

const app = express()
app.use(
  bulwark({
    app: 'rotating',
    store: redisUrl ? redisStore(new (await import('ioredis')).Redis(redisUrl)) : sqliteStore(`${folder}/app.db`),
    keys,
    callers: {
      self: name,
      targets: { [other]: { url: otherUrl, tls: { ca } } },
      known: { [other]: { keys: `${otherUrl}/.well-known/jwks.json`, tls: { ca }, may: ['inner:call'] } },
    },
    accessTokens: {
      issuers: [
        { issuer: 'https://id.test', audience: 'rotating', keys: `${issuer}/jwks.json`, fresh: '1s', coolDown: '1s' },
      ],
    },
    rateLimit: { off: 'all of the load comes from one address' },
  }),
)
app.get('/.well-known/jwks.json', secure({ allow: 'anyone' }), (req, res) => void res.json(req.security.keySet))

app.post('/in', async (req, res) => {
  const visitor = String(req.query['name'])
  await req.security.session.signIn({ id: visitor })
  req.security.cookies.set('reader', visitor)
  const { encryption } = req.security
  res.json({
    sealed: encryption.box('notes').seal(visitor),
    link: encryption.links('files').sign(`/file?of=${visitor}`),
  })
})
app.get('/me', async (req, res) => {
  const user = await req.security.user()
  if (user === undefined) return void res.status(401).end()
  const { cookies, encryption } = req.security
  const names = [user.id, cookies.get('reader'), encryption.box('notes').open(String(req.query['sealed'] ?? ''))]
  res.json({ names, token: req.security.csrfToken() })
})
app.get('/file', (req, res) => void res.json({ isSigned: req.security.encryption.links('files').isSigned(req.url) }))
app.post('/change', secure({ csrf: 'token' }), (_req, res) => void res.json({ changed: true }))
app.get('/relay', async (req, res) => {
  const { status } = await req.security.callService(other, { path: '/inner', onBehalfOf: 'ann' })
  res.json({ status })
})
app.get('/inner', secure({ caller: 'inner:call' }), (req, res) => void res.json(req.security.caller))
app.get('/token', secure({ token: true }), (req, res) => void res.json({ sub: req.security.token?.sub }))

const { port } = await listen(app, {
  ...{ port: Number(env['ROTATING_PORT'] ?? 0), host: '127.0.0.1', keys, lookEvery: 200 },
  tls: { certFile: `${folder}/site.pem`, keyFile: `${folder}/site.key` },
  // Said by the test when it changes a file; on the way from one to the other the pair does not fit, and the old one stays.
  onNotice: ({ kind }) => console.log(kind),
})
console.log(`The rotating program is at https://127.0.0.1:${port}`)
