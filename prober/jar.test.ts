import { describe, expect, test } from 'vitest'
import { Jar } from './jar.ts'

const filled = (lines: readonly string[], path = '/', secure = true): Jar => {
  const jar = new Jar(secure)
  jar.take(lines, path)
  return jar
}

describe('a jar', () => {
  test('gives back what was set, the newest value of each name', () => {
    expect(filled(['a=1; Path=/', 'b=2; Path=/', 'a=3; Path=/']).headerFor('/')).toBe('a=3; b=2')
    expect(new Jar(true).headerFor('/')).toBeUndefined()
  })

  test('sends a cookie only below its path', () => {
    const jar = filled(['b=2; Path=/', 'a=1; Path=/admin'])
    expect(jar.headerFor('/')).toBe('b=2')
    expect(jar.headerFor('/administration')).toBe('b=2')
    expect(jar.headerFor('/admin?x=/')).toBe('a=1; b=2')
    expect(jar.headerFor('/admin/users')).toBe('a=1; b=2')
  })

  test('takes the folder of the request where no path is given', () => {
    const jar = filled(['a=1'], '/app/sign-in?x=/y/z')
    expect(jar.headerFor('/app')).toBe('a=1')
    expect(jar.headerFor('/')).toBeUndefined()
  })

  test('drops what is deleted by Max-Age, Expires or an empty past', () => {
    const jar = filled(['a=1; Path=/', 'b=2; Path=/', 'c=3; Path=/'])
    jar.take(
      ['a=; Path=/; Max-Age=0', 'b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT', 'c=; Path=/; Max-Age=-1'],
      '/',
    )
    expect(jar.headerFor('/')).toBeUndefined()
    expect(jar.has('a')).toBe(false)
  })

  test('forgets a cookie when its time is over, and lets Max-Age win over Expires', () => {
    const jar = new Jar(true)
    jar.take(['a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT'], '/', 1000)
    expect(jar.headerFor('/', 10_999)).toBe('a=1')
    expect(jar.headerFor('/', 11_000)).toBeUndefined()
  })

  test('keeps Secure cookies where the connection is trusted, and nowhere else', () => {
    expect(filled(['__Host-a=1; Path=/; Secure'], '/', true).headerFor('/')).toBe('__Host-a=1')
    expect(filled(['__Host-a=1; Path=/; Secure'], '/', false).headerFor('/')).toBeUndefined()
  })

  test('names what was set, without what was deleted', () => {
    expect(new Jar(true).take(['a=1', 'b=; Max-Age=0', '=nothing'], '/')).toEqual(['a'])
  })
})
