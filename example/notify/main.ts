import { readFileSync } from 'node:fs'
import { startNotify } from './app.ts'
import { credentialsOf } from './certificates.ts'

const { env } = process
const { NOTIFY_FILE: file = 'notify.db', REDIS_URL: redisUrl, NOTIFY_TLS: folder = 'notify.tls' } = env
const tokenKeys = env['NOTIFY_TOKEN_KEYS']
const { port } = await startNotify({
  port: Number(env['NOTIFY_PORT'] ?? 0),
  file,
  redisUrl,
  credentials: await credentialsOf('notify.internal', folder),
  blogKeys: env['NOTIFY_BLOG_KEYS'] ?? 'http://127.0.0.1:3000/.well-known/jwks.json',
  tokenKeys: tokenKeys ? JSON.parse(readFileSync(tokenKeys, 'utf8')) : undefined,
  mailSecret: env['NOTIFY_MAIL_SECRET'],
})
console.log(`The notification program is at https://127.0.0.1:${port}`)
