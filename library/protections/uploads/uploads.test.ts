import { expect, test } from 'vitest'
import { frameworks } from '../../../laws/frameworks.ts'
import { prove } from '../../../laws/prove.ts'
import { probe } from '../../../prober/index.ts'
import type { FileField } from '../../core/upload.ts'
import type { Victim } from '../../core/victim.ts'
import { setup } from '../../testing/exchange.ts'
import { type UploadsOptions, uploads } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { fixed, victim } from './victim.ts'

prove('uploads', {
  victim,
  fixed,
  offered: true,
  probes,
  rules,
  sources: ['fixtures/shop.js'],
  renewed: /\/pictures\/[\w.]+/g,
})

test.each<[string, string, UploadsOptions]>([
  ['BULWARK_POLICY_INVALID', 'policy.uploads.folder', { folder: '/nowhere/at/all' }],
  ['BULWARK_SIZE_INVALID', 'policy.uploads.memory', { memory: 'much' }],
  ['BULWARK_SIZE_INVALID', 'policy.uploads.fieldSize', { fieldSize: 0 }],
  ['BULWARK_LIMIT_INVALID', 'policy.uploads.fields', { fields: -1 }],
])('a policy that cannot be meant is %s at %s', (code, at, options) => {
  expect(() => uploads(options, setup())).toThrow(expect.objectContaining({ code, at }))
})

test.each<[string, string, object]>([
  ['BULWARK_SIZE_INVALID', 'size', { size: 'much', types: ['image/png'] }],
  ['BULWARK_SIZE_INVALID', 'size', { types: ['image/png'] }],
  ['BULWARK_LIMIT_INVALID', 'most', { size: 1, most: 0, types: ['image/png'] }],
  ['BULWARK_LIMIT_INVALID', 'most', { size: 1, least: 2, types: ['image/png'] }],
  ['BULWARK_POLICY_INVALID', 'types', { size: 1 }],
  ['BULWARK_POLICY_INVALID', 'types', { size: 1, types: [] }],
  ['BULWARK_POLICY_INVALID', 'types[1]', { size: 1, types: ['image/png', 'image/*'] }],
])('a contract that cannot be meant is %s at %s, and the app does not start', (code, at, field) => {
  const guard = uploads({}, setup())
  const route = { method: 'POST', path: '/', at: undefined, contract: { files: { picture: field as FileField } } }
  expect(() => guard.onRoutes!([route])).toThrow(
    expect.objectContaining({ code, at: `POST /, secure({ files }).picture.${at}` }),
  )
})

/** A desk that shows a ticket, which links to its file under a name of the desk's own. */
const desk =
  (type: (name: string, sent: string) => string): Victim =>
  (app) => {
    const files: { type: string; content: string }[] = []
    app.get('/files', (req, res) => {
      const file = files[Number.parseInt(String(req.query['name']), 10)]
      if (file === undefined) return res.status(404).send('none')
      return res.set('content-type', file.type).send(file.content)
    })
    app.get(
      '/tickets',
      (_req, res) => res.send(`<a href="/files?name=${files.length - 1}.bin&amp;as=1.bin">file</a>`),
      {
        html: true,
      },
    )
    app.post(
      '/tickets',
      (req, res) => {
        const { paper } = req.body as { readonly paper?: { name: string; type: string; content: string } }
        if (paper === undefined) return res.status(400).send('no file')
        files.push({ type: type(paper.name, paper.type), content: paper.content })
        return res.redirect('/tickets')
      },
      { body: { type: 'form', fields: {}, files: { paper: { name: 'a.png', type: 'image/png', content: 'PNG' } } } },
    )
  }

test.each([
  ['proven', desk((name, sent) => (name.endsWith('.html') ? 'text/html' : sent))],
  ['disproven', desk(() => 'application/octet-stream')],
])('a file is found behind the page that the answer leads to: %s', async (verdict, app) => {
  const running = await frameworks['node:http']!(app, undefined)
  try {
    const only = probes.filter(({ name }) => name === 'uploads/served-as-page')
    const { results } = await probe({ url: running.origin, routes: [...running.routes], crawl: false, probes: only })
    expect(results.map(({ verdict }) => verdict)).toEqual([verdict])
  } finally {
    await running.close()
  }
})
