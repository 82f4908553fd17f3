import { localProvider, openKeyFile } from 'bulwark/keys'
import { startBlog } from './blog/app.ts'
import { keysBeside } from './blog/keys.ts'
import { mailFolder } from './blog/mail-folder.ts'
import { certificateHelp } from './demo/screen.ts'
import { credentialsOf } from './notify/certificates.ts'
import { developmentIdentity } from './shared/identity.ts'

const { env } = process
const { BLOG_FILE: file = 'blog.db', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, BLOG_MAIL: mail } = env
const { BLOG_KEY_FILE: keyFile, BULWARK_MASTER_KEY: masterKey = '', NOTIFY_URL: notifyUrl, BLOG_AUDIT: audit } = env
const port = Number(env['PORT'] ?? 0)
// Where a proxy ends TLS in front, and in production, the blog itself speaks plain HTTP, on this machine only.
const isPlain = env['BLOG_TLS'] === 'off' || env['BLOG_PROXY'] === 'loopback' || env['NODE_ENV'] === 'production'
const identity = isPlain ? undefined : await developmentIdentity()
const { origin } = await startBlog({
  port,
  origin: env['BLOG_ORIGIN'],
  ...(identity && { tls: identity }),
  file,
  databaseUrl,
  redisUrl,
  ...(mail && { mail: mailFolder(mail) }),
  ...(audit && { audit }),
  // Several machines need to be given the same; one makes its own.
  keys: keyFile
    ? await openKeyFile({ file: keyFile, provider: localProvider(masterKey) })
    : (env['BULWARK_KEYS'] ?? (databaseUrl ? undefined : keysBeside(file))),
  notify: notifyUrl
    ? { url: notifyUrl, tls: await credentialsOf('blog.internal', env['NOTIFY_TLS'] ?? 'notify.tls') }
    : undefined,
  policy: (own) => ({ ...own, proxies: env['BLOG_PROXY'] === 'loopback' ? 'loopback' : 'none' }),
})
console.log(`The blog is at ${origin}`)
// In production there are no sample people, since everybody can read their passwords here.
if (env['NODE_ENV'] !== 'production')
  console.log(`Sign in as ada@example.org (correct horse battery), grace@example.org (hopper rows the boat),
or mary@example.org (fossils by the sea wall), who is an admin.`)
if (identity) console.log(`\n${certificateHelp(identity.isKept)}`)
