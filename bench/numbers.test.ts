import { describe, expect, test } from 'vitest'
import { cpuPerRequest, Histogram, median, percentile, ratio, spread } from './numbers.ts'

describe('percentile', () => {
  test('is a value that was measured, by nearest rank', () => {
    const values = [50, 10, 40, 30, 20]
    expect([0, 0.2, 0.21, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([10, 10, 20, 30, 50, 50])
    expect(values).toEqual([50, 10, 40, 30, 20])
  })

  test('sorts by value and not by text', () => {
    expect(percentile([100, 9, 20], 0.2)).toBe(9)
  })

  test('refuses to speak about nothing', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError)
    expect(() => median([])).toThrow(RangeError)
  })
})

test('the median of an even number of rounds lies between the two in the middle', () => {
  expect(median([4, 1, 100, 2])).toBe(3)
  expect(median([100, 1, 2])).toBe(2)
  expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1, min: 1, max: 3, rounds: [3, 1, 2] })
})

describe('CPU per request', () => {
  test('is the cheap end of the windows, so that a neighbour on the machine does not count', () => {
    const quiet = Array.from({ length: 4 }, () => ({ cpu: 20_000, requests: 1000 }))
    const disturbed = Array.from({ length: 6 }, () => ({ cpu: 45_000, requests: 900 }))
    expect(cpuPerRequest([...disturbed, ...quiet])).toBe(20)
  })

  test('leaves out windows in which the load had hardly begun', () => {
    const begun = { cpu: 100, requests: 100 }
    const idle = { cpu: 900, requests: 0 }
    const full = { cpu: 20_000, requests: 1000 }
    expect(cpuPerRequest([begun, full, full, full, idle])).toBe(20)
  })

  test('is unknown when no request was seen', () => {
    expect(() => cpuPerRequest([{ cpu: 100, requests: 0 }])).toThrow('no window saw a request')
  })
})

test('a ratio exists only over something positive', () => {
  expect(ratio(5, 50)).toBe(0.1)
  expect(ratio(-5, 50)).toBe(-0.1)
  expect([ratio(5, 0), ratio(5, -3), ratio(undefined, 5), ratio(5, undefined)]).toEqual(Array(4).fill(undefined))
})

describe('the histogram', () => {
  test('finds the latency that a share of answers kept to', () => {
    const histogram = new Histogram()
    for (let n = 1; n <= 100; n++) histogram.add(n / 10)
    expect(histogram.percentile(0.5)).toBeCloseTo(5, 1)
    expect(histogram.percentile(0.99)).toBeCloseTo(9.9, 1)
    expect(histogram.percentile(1)).toBe(10)
  })

  test('remembers the longest beyond its range', () => {
    const histogram = new Histogram()
    histogram.add(1)
    histogram.add(3456)
    expect(histogram.percentile(0.99)).toBe(3456)
  })
})
