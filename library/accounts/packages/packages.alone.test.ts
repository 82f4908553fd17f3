import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => {
  vi.doUnmock('otpauth')
  vi.doUnmock('@simplewebauthn/server')
  vi.resetModules()
})

test.each([
  ['otpauth', 'npm install otpauth@9', async () => (await import('./otpauth.ts')).loadCodes],
  [
    '@simplewebauthn/server',
    'npm install @simplewebauthn/server@14',
    async () => (await import('./simplewebauthn.ts')).loadPasskeys,
  ],
])('without %s the error says what to install, and it is found later', async (name, fix, leaf) => {
  let isThere = false
  vi.resetModules()
  vi.doMock(name, async (original) => {
    if (isThere) return original()
    throw new Error(`Cannot find package '${name}'`)
  })
  const load = await leaf()
  await expect(load()).rejects.toMatchObject({ code: 'BULWARK_PACKAGE_MISSING', fix })
  isThere = true
  vi.resetModules()
  vi.doUnmock(name)
  expect(await load()).toBeTypeOf('object')
})
