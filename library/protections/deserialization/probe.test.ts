import { expect, test } from 'vitest'
import type { Answer, Ask, Route, Target } from '../../core/probe.ts'
import { probes } from './probe.ts'

/** An app with many fields that hold no data to revive, and one that does, behind all of them. */
function targetWith(plain: number): { target: Target; asked: Ask[] } {
  const fields = Object.fromEntries(Array.from({ length: plain }, (_, i) => [`field${i}`, 'some words']))
  const routes: Route[] = [
    { method: 'POST', path: '/long', body: { type: 'form', fields } },
    { method: 'POST', path: '/feed', body: { type: 'form', fields: { entry: '<entry><title>Tea</title></entry>' } } },
  ]
  const asked: Ask[] = []
  const send = async (ask: Ask): Promise<Answer> => {
    asked.push(ask)
    const xml = `${(ask.form as Record<string, string> | undefined)?.['entry']}`
    const word = /<!ENTITY b "([^"]*)">/.exec(xml)?.[1] ?? ''
    return { status: 200, text: xml.replaceAll('&b;', word), headers: {}, ms: 1 } as unknown as Answer
  }
  let n = 0
  const nonce = (): string => `word${++n}`
  return { target: { origin: 'http://127.0.0.1', routes, send, nonce } as unknown as Target, asked }
}

test('fields that hold nothing to revive cost no place and no request', async () => {
  const { target, asked } = targetWith(60)
  const entity = probes.find(({ name }) => name === 'deserialization/entity')
  const found: string[] = []
  for await (const { verdict, path } of entity?.attack(target) ?? []) found.push(`${verdict} ${path}`)
  expect(found).toEqual(['proven /feed'])
  expect(asked.every(({ path }) => path === '/feed')).toBe(true)
})
