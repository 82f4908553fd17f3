import { expect, test } from 'vitest'
import { Places, withoutDepths } from './depths.ts'

test('what a cut put together is not found, and what was there is found where it was', () => {
  const inner = Array.from({ length: 600 }, (_, i) => `w${i}`).join(' ')
  const text = `a '${inner}' b '${inner}' c`
  const runs = [3, 3 + inner.length, 8 + inner.length, 8 + 2 * inner.length]
  const lefts = withoutDepths(text, runs, 32)
  const [{ left }] = lefts
  expect(left.length).toBeLessThan(200)
  const places = new Places(lefts)
  expect(left).toContain('w10 593')
  expect([...places.of('w10 593')]).toEqual([])
  expect([...places.of("w599' b 'w0 w1")]).toEqual([text.indexOf("w599' b")])
  expect([...places.of("w599' ")]).toEqual([text.indexOf("w599' b"), text.indexOf("w599' c")])
})
