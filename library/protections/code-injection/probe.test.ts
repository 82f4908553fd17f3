import { expect, test } from 'vitest'
import { attacked } from '../../../laws/attacked.ts'
import type { Victim } from '../../core/victim.ts'
import { probes } from './probe.ts'

/** A template language of its own: it knows numbers and nothing else. */
const rendered = (text: string): string =>
  text.replace(/\{\{\s*(\d+)\*(\d+)\s*\}\}/g, (_, a, b) => String(Number(a) * Number(b)))

const card =
  (write: (text: string) => string): Victim =>
  (app) =>
    app.post('/card', (req, res) => res.send(write(String(req.body['message']))), {
      body: { type: 'form', fields: { message: 'Happy birthday' } },
    })

test('a template that only counts gives itself away by that', async () => {
  expect(await attacked(card(rendered), probes)).toEqual(['code-injection/template POST /card'])
  expect(await attacked(card(String), probes)).toEqual([])
})

test('a calculator that reads formulas itself runs no code', async () => {
  const counts = card((text) =>
    String(
      /^(\d+)\*(\d+)$/
        .exec(text)
        ?.slice(1)
        .reduce((a, b) => String(+a * +b)) ?? 'no',
    ),
  )
  expect(await attacked(counts, probes)).toEqual([])
})
