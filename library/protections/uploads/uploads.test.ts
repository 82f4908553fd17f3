import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import type { FileField } from '../../core/upload.ts'
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
