import { createCipheriv, createHash } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { expect, test } from 'vitest'
import type { Answer, Ask, Target } from '../../core/probe.ts'
import { probes } from './probe.ts'

/** A page that shows what it reads out of a parameter, and fails where it can read nothing. */
function targetWith(draft: string, read: (value: string) => string): Target {
  const send = async ({ path }: Ask): Promise<Answer> => {
    try {
      const text = read(new URLSearchParams(path.split('?')[1]).get('draft') ?? '')
      return { status: 200, text } as unknown as Answer
    } catch {
      return { status: 500, text: 'Failed' } as unknown as Answer
    }
  }
  const routes = [{ method: 'GET', path: '/write', query: { draft } }]
  return { origin: 'http://127.0.0.1', routes, send } as unknown as Target
}

async function verdictsOf(target: Target): Promise<string[]> {
  const verdicts: string[] = []
  const probe = probes.find(({ name }) => name === 'encryption/altered-ciphertext')
  for await (const { verdict } of probe?.attack(target) ?? []) verdicts.push(verdict)
  return verdicts
}

test('what can be read in a link is not taken for encrypted, in whatever bytes it stands', async () => {
  const draft = { title: 'On “a letter to whoever reads this”', body: 'In answer to Ada: ' }
  const readV8 = (value: string): string => deserialize(Buffer.from(value, 'base64url')).title
  const v8 = targetWith(serialize(draft).toString('base64url'), readV8)
  expect(await verdictsOf(v8)).toEqual([])
  const readJson = (value: string): string => JSON.parse(Buffer.from(value, 'base64url').toString()).title
  const json = targetWith(Buffer.from(JSON.stringify(draft)).toString('base64url'), readJson)
  expect(await verdictsOf(json)).toEqual([])
})

test('what is encrypted without being authenticated still is, however its bytes fall', async () => {
  const plain = 'On a letter to whoever reads this'
  for (let i = 0; i < 50; i++) {
    const key = createHash('sha256').update(`key ${i}`).digest()
    const cipher = (bytes: Buffer): Buffer => createCipheriv('aes-256-ctr', key, Buffer.alloc(16, i)).update(bytes)
    // As apps do: what is no text of theirs any more fails, and a single letter goes unnoticed.
    const read = (value: string): string => {
      const text = cipher(Buffer.from(value, 'base64url')).toString('latin1')
      if (!/^[\x20-\x7e]*$/.test(text)) throw new Error('This cannot be read.')
      return text
    }
    const target = targetWith(cipher(Buffer.from(plain)).toString('base64url'), read)
    expect([i, await verdictsOf(target)]).toEqual([i, ['proven']])
  }
})
