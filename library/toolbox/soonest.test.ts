import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Soonest } from './soonest.ts'

test('times come out in order, whatever the order they went in', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat({ max: 50 })), { maxLength: 80 }), (steps) => {
      const queue = new Soonest()
      const model: number[] = []
      for (const step of steps) {
        if (step === null) {
          expect(queue.peek()?.time).toBe(model[0])
          expect(queue.pop()?.time).toBe(model.shift())
        } else {
          queue.push(step, `k${step}`)
          model.push(step)
          model.sort((a, b) => a - b)
        }
        expect(queue.size).toBe(model.length)
      }
      for (const time of model) expect(queue.pop()).toEqual({ time, key: `k${time}` })
      expect(queue.pop()).toBeUndefined()
    }),
  )
})

test('a cleared queue is empty', () => {
  const queue = new Soonest()
  queue.push(1, 'a')
  queue.clear()
  expect(queue.size).toBe(0)
  expect(queue.pop()).toBeUndefined()
})
