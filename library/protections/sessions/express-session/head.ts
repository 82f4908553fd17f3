import type { ServerResponse } from 'node:http'

export type HeldResponse = ServerResponse

/** What has to be done before the head leaves. */
export interface Before {
  isSettled(): boolean
  settle(): Promise<void>
}

type Loose = (...args: never[]) => unknown

/** What begins an answer, or ends it. */
const BEGINNINGS = ['writeHead', 'flushHeaders', 'write', 'end'] as const
type Beginning = (typeof BEGINNINGS)[number]

/** What an app must believe while its answer is held: a second answer would otherwise put its headers on the first one. */
const REFUSED = ['setHeader', 'setHeaders', 'appendHeader'] as const

/**
 * Holds an answer back until everything is stored that the app has changed. Then it goes out as it was; or it never does, and `fail` is told.
 * An answer before which nothing has changed is not held at all.
 *
 * **Security**: the other way round a client would follow a redirect before its session is there, and hear "done" of what was lost.
 */
export function beforeHead(res: HeldResponse, before: Before, fail: (error: unknown) => void): void {
  const own = res as unknown as Record<Beginning, Loose>
  const native = { writeHead: own.writeHead, flushHeaders: own.flushHeaders, write: own.write, end: own.end }
  let held: { readonly name: Beginning; readonly args: never[] }[] | undefined
  const shadows: Shadows = new Map()
  let hasBegun = false
  let isOver = false

  const call = (name: Beginning, args: never[]): unknown => {
    if (name === 'end') isOver = true
    hasBegun = true
    return native[name].apply(res, args)
  }

  const release = (): void => {
    const calls = held ?? []
    held = undefined
    unshadow(res, shadows)
    for (const { name, args } of calls) call(name, args)
    // Whoever wrote was told to wait.
    if (!isOver && calls.some(({ name }) => name === 'write') && !res.writableNeedDrain) res.emit('drain')
  }

  const refuse = (error: unknown): void => {
    held = undefined
    isOver = true
    unshadow(res, shadows)
    if (!res.headersSent) {
      // What is true of the answer that will not come.
      for (const name of res.getHeaderNames()) if (CONTENT.test(name)) res.removeHeader(name)
    }
    fail(error)
  }

  for (const name of BEGINNINGS) {
    own[name] = (...args: never[]): unknown => {
      if (held !== undefined) {
        const isLate = held.at(-1)?.name === 'end' || (name === 'writeHead' && hasHead(held))
        if (!isLate) held.push({ name, args })
        if (name === 'end') shadow(res, shadows, 'writableEnded', true)
        return name === 'write' ? false : res
      }
      // Later writes have nothing to wait for; the end has, since the app may have changed more on the way.
      if (isOver || (hasBegun && name !== 'end') || before.isSettled()) return call(name, args)
      held = [{ name, args }]
      shadow(res, shadows, 'headersSent', true)
      if (name === 'end') shadow(res, shadows, 'writableEnded', true)
      for (const method of REFUSED) shadow(res, shadows, method, refuseHeader)
      before.settle().then(release, refuse)
      return name === 'write' ? false : res
    }
  }
}

const CONTENT = /^(?:content-|etag$|last-modified$|location$|accept-ranges$|cache-control$|transfer-encoding$)/

function hasHead(calls: readonly { readonly name: Beginning }[]): boolean {
  return calls.some(({ name }) => name === 'writeHead')
}

/** As Node says it. */
function refuseHeader(): never {
  throw Object.assign(new Error('Cannot set headers after they are sent to the client'), {
    code: 'ERR_HTTP_HEADERS_SENT',
  })
}

type Shadows = Map<string, PropertyDescriptor | undefined>

function shadow(res: HeldResponse, shadows: Shadows, name: string, value: unknown): void {
  if (shadows.has(name)) return
  shadows.set(name, Object.getOwnPropertyDescriptor(res, name))
  Object.defineProperty(res, name, { configurable: true, writable: true, value })
}

function unshadow(res: HeldResponse, shadows: Shadows): void {
  for (const [name, before] of shadows) {
    if (before === undefined) Reflect.deleteProperty(res, name)
    else Object.defineProperty(res, name, before)
  }
  shadows.clear()
}
