import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig, readConfig } from './config.ts'

test('a complete configuration is taken over as it stands', async () => {
  const config = {
    url: 'http://127.0.0.1:3000',
    account: {
      signIn: { method: 'POST', path: '/in', type: 'form', fields: { user: 'ada' } },
      ok: { status: [303], cookie: true },
    },
    other: { signIn: { path: '/in', type: 'json', fields: { user: 'grace' } } },
    routes: [
      {
        method: 'POST',
        path: '/a',
        query: { b: 'c' },
        headers: { 'x-signature': 'abc' },
        body: { type: 'json', fields: { d: 'e' } },
        readBack: '/f',
        signedIn: true,
        own: true,
      },
    ],
    crawl: false,
    only: ['csrf'],
    skip: ['headers/x'],
  }
  const folder = await mkdtemp(join(tmpdir(), 'bulwark-'))
  await writeFile(join(folder, 'c.json'), JSON.stringify(config))
  expect(await readConfig(join(folder, 'c.json'))).toEqual(config)
  await rm(folder, { recursive: true })
  expect(parseConfig('{"routes":[{"path":"/a"},{"path":"/b","method":"post"}]}')).toEqual({
    routes: [
      { method: 'GET', path: '/a' },
      { method: 'POST', path: '/b' },
    ],
  })
  expect(parseConfig('{}')).toEqual({})
})

test.each([
  ['{"urls":"x"}', 'urls is not known; known are url, account, other, routes, crawl, only, skip, budget, plainPort.'],
  ['[]', 'the file must be an object.'],
  ['{"url":1}', 'url must be a text.'],
  ['{"crawl":"no"}', 'crawl must be true or false.'],
  ['{"account":{}}', 'account.signIn must be an object.'],
  ['{"other":{}}', 'other.signIn must be an object.'],
  ['{"other":{"signIn":{"path":"in","type":"form","fields":{}}}}', 'other.signIn.path must begin with /.'],
  ['{"account":{"signIn":{"path":"in","type":"form","fields":{}}}}', 'account.signIn.path must begin with /.'],
  ['{"account":{"signIn":{"path":"/in","type":"xml","fields":{}}}}', 'account.signIn.type must be form or json.'],
  ['{"account":{"signIn":{"path":"/in","type":"form","fields":{"a":1}}}}', 'account.signIn.fields.a must be a text.'],
  [
    '{"account":{"signIn":{"path":"/in","type":"form","fields":{}},"ok":{"status":["200"]}}}',
    'account.ok.status[0] must be an HTTP status.',
  ],
  ['{"routes":{}}', 'routes must be a list.'],
  ['{"routes":[{"path":"/a"},{"paht":"/b"}]}', 'routes[1].paht is not known; known are method, path,'],
  ['{"routes":[{"path":"/a","headers":{"x-signature":1}}]}', 'routes[0].headers.x-signature must be a text.'],
  ['{"routes":[{"path":"/a","body":{"type":"form"}}]}', 'routes[0].body.fields must be an object.'],
  ['{"routes":[{"path":"/a","signedIn":1}]}', 'routes[0].signedIn must be true or false.'],
  ['{"skip":["a",""]}', 'skip[1] must be a text.'],
  ['{"skip":', 'bulwark.probe.json is no JSON'],
])('%s is refused by the name of the key', (text, message) => {
  expect(() => parseConfig(text)).toThrow(message)
  expect(() => parseConfig(text)).toThrow('bulwark.probe.json')
})

test('a file that is not there is named', async () => {
  await expect(readConfig('no/such.json')).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'no/such.json cannot be read.',
  })
})
