import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { connect } from 'node:tls'
import { expect, test } from 'vitest'
import { readClientHello } from './client-hello.ts'

/** What a real client says first. */
async function hello(options: object): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  client.on('error', () => undefined)
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [first] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return first
}

test('the name and the protocols that a client offers are read', async () => {
  const both = await hello({ servername: 'App.bulwark.test', ALPNProtocols: ['acme-tls/1', 'h2'] })
  expect(readClientHello(both)).toEqual({ name: 'app.bulwark.test', protocols: ['acme-tls/1', 'h2'] })
  expect(readClientHello(await hello({ maxVersion: 'TLSv1.2' }))).toEqual({ name: undefined, protocols: [] })
})

test('however the bytes arrive, there is no answer before the last one', async () => {
  const whole = await hello({ servername: 'app.bulwark.test', ALPNProtocols: ['acme-tls/1'] })
  for (let length = 0; length < whole.length; length++) {
    expect(readClientHello(whole.subarray(0, length)), String(length)).toBe('more')
  }
})

test('what is no first message of TLS is none, and lengths that lie are believed by nobody', async () => {
  expect(readClientHello(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBeUndefined()
  expect(readClientHello(Buffer.from([0x16, 3, 1, 0xff, 0xff]))).toBeUndefined()
  const whole = await hello({ servername: 'app.bulwark.test', ALPNProtocols: ['acme-tls/1'] })
  const answers = new Set<string>()
  for (let at = 5; at < whole.length; at++) {
    for (const byte of [0, 0x7f, 0xff]) {
      const lie = Buffer.from(whole)
      lie[at] = byte
      answers.add(typeof readClientHello(lie))
    }
  }
  expect([...answers].sort()).toEqual(['object', 'undefined'])
})
