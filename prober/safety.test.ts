import { describe, expect, test } from 'vitest'
import { findGround, placeOf, proofOf } from './safety.ts'

const never = (): Promise<never> => Promise.reject(new Error('a name was looked up'))
const finds =
  (...addresses: string[]) =>
  () =>
    Promise.resolve(addresses)

describe('this machine', () => {
  test.each([
    ['http://127.0.0.1:3000', '127.0.0.1', 3000],
    ['http://127.1.2.3/', '127.1.2.3', 80],
    ['https://[::1]:8443/app?x=1', '::1', 8443],
    ['http://2130706433:81', '127.0.0.1', 81],
    ['https://127.0.0.1', '127.0.0.1', 443],
  ])('is %s', async (url, address, port) => {
    expect(await findGround(url, undefined, never)).toMatchObject({ addresses: [address], port, place: 'loopback' })
  })

  test('is localhost and every name below it', async () => {
    expect((await findGround('http://localhost:1')).addresses).toEqual(['127.0.0.1', '::1'])
    expect((await findGround('http://a.localhost.:1')).place).toBe('loopback')
  })

  test('is not a name that only looks like it, and not localhost when it points away', async () => {
    for (const host of ['localhost.evil.example', 'notlocalhost', '127.0.0.1.nip.example']) {
      await expect(findGround(`http://${host}/`, undefined, never)).rejects.toMatchObject({ code: 'TARGET_REFUSED' })
    }
    await expect(findGround('http://localhost/', undefined, finds('10.0.0.1'))).rejects.toThrow('does not stand for')
  })
})

describe('another machine', () => {
  test('is refused before its name is looked up, until its exact host is repeated', async () => {
    for (const own of [undefined, 'app', 'app.internal.', 'APP.internal', 'http://app.internal', '*']) {
      await expect(findGround('http://app.internal:8080', own, never)).rejects.toMatchObject({ code: 'TARGET_REFUSED' })
    }
    for (const own of ['app.internal', 'app.internal:8080']) {
      const ground = await findGround('http://app.internal:8080', own, finds('10.1.2.3', '10.1.2.4'))
      expect(ground).toMatchObject({ place: 'private', addresses: ['10.1.2.3'], host: 'app.internal:8080' })
    }
  })

  test('is public as soon as one of its addresses is', async () => {
    expect(await findGround('http://a.example', 'a.example', finds('10.0.0.1', '93.184.216.34'))).toMatchObject({
      place: 'public',
    })
  })

  test('is never a metadata service, a multicast group or no address at all', async () => {
    for (const address of ['169.254.169.254', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::', 'fe80::1', 'ff02::1']) {
      await expect(findGround('http://a.example', 'a.example', finds(address))).rejects.toThrow('never a web app')
    }
    await expect(findGround('http://0.0.0.0', '0.0.0.0', never)).rejects.toThrow('never a web app')
    await expect(findGround('http://a.example', 'a.example', finds())).rejects.toThrow('no address')
  })
})

test.each([
  ['127.255.255.254', 'loopback'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'loopback'],
  ['::ffff:10.0.0.1', 'private'],
  ['::ffff:8.8.8.8', 'public'],
  ['172.16.0.1', 'private'],
  ['172.32.0.1', 'public'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['fd00::1', 'private'],
  ['2001:db8::1', 'public'],
  ['::ffff:169.254.169.254', 'never'],
  ['x', 'never'],
])('%s is %s', (address, place) => {
  expect(placeOf(address)).toBe(place)
})

test.each(['ftp://127.0.0.1', '127.0.0.1:3000', '', 'javascript:1', 'http://'])('%j is no target', async (url) => {
  await expect(findGround(url, undefined, never)).rejects.toMatchObject({ code: 'OPTIONS_INVALID' })
})

test('an address with a password in it is refused without repeating it', async () => {
  const refused = findGround('http://ada:hopper@127.0.0.1/', undefined, never)
  await expect(refused).rejects.toThrow('carries a password')
  await expect(refused).rejects.not.toThrow('hopper')
})

test('the proof depends on the host and on nothing else', () => {
  expect(proofOf('App.Example')).toBe(proofOf('app.example'))
  expect(proofOf('app.example')).toMatch(/^bulwark-probe-[0-9a-f]{24}$/)
  expect(proofOf('app.example')).not.toBe(proofOf('app2.example'))
})
