import { expect, test } from 'vitest'
import { certificateNames } from './certificate-names.ts'

test.each([
  ['DNS:blog.internal', ['blog.internal']],
  ['DNS:Blog.Internal, IP Address:10.0.0.1', ['blog.internal']],
  ['DNS:a.internal, URI:spiffe://example.test/blog', ['a.internal', 'spiffe://example.test/blog']],
  ['URI:spiffe://a.test/x, URI:spiffe://b.test/y', []],
  ['URI:spiffe://a.test/x, URI:no uri', []],
  ['DNS:"blog.internal, DNS:pay.internal"', []],
  ['DNS:a.internal, DNS:"x, DNS:pay.internal"', []],
  ['DNS:*.internal', []],
  ['email:blog.internal', []],
  ['URI:spiffe://a.test/x y', []],
  ['', []],
  [undefined, []],
])('%s names %j', (text, names) => {
  expect(certificateNames(text)).toEqual(names)
})
