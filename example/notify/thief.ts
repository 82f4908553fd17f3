import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { createCalls } from 'bulwark'
import { localProvider, openKeyFile } from 'bulwark/keys'

/** Calls again and again with a key file and a certificate that were copied, and writes down when it was answered how. */
const {
  THIEF_URL: url = '',
  THIEF_KEYS: file = '',
  BULWARK_MASTER_KEY: masterKey = '',
  THIEF_TLS: tls = '',
} = process.env
const keys = await openKeyFile({ file, provider: localProvider(masterKey) })
const { callService } = createCalls({
  self: 'blog',
  keys,
  targets: { notify: { url, tls: JSON.parse(readFileSync(tls, 'utf8')) } },
})
for (;;) {
  const { status } = await callService('notify', { path: '/notices', onBehalfOf: '1' })
  console.log(`${Date.now()} ${status}`)
  await pause(20)
}
