import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

/** What Node keeps of a response's headers until they leave: by lower-case name, the name as written and the value. */
export type OutHeaders = Record<string, [name: string, value: string | string[] | number] | undefined>

/**
 * Where a response keeps its headers, found by looking at one; `undefined` where Node keeps them in another form.
 *
 * Frameworks change the prototype of each response, which makes every call on it slow: eleven headers by `setHeader` cost more than all
 * guards together. Everything goes through Node's own functions where this is not found.
 */
const KEY: symbol | undefined = findKey()

export function outHeadersOf(res: ServerResponse): OutHeaders | undefined {
  return KEY === undefined
    ? undefined
    : ((res as unknown as Record<symbol, OutHeaders | null | undefined>)[KEY] ?? undefined)
}

function findKey(): symbol | undefined {
  const res = new ServerResponse(new IncomingMessage(new Socket()))
  res.setHeader('X-Bulwark', 'a')
  const carrier = res as unknown as Record<symbol, unknown>
  return Object.getOwnPropertySymbols(res).find((symbol) => {
    const entry = (carrier[symbol] as OutHeaders | null | undefined)?.['x-bulwark']
    return Array.isArray(entry) && entry.length === 2 && entry[0] === 'X-Bulwark' && entry[1] === 'a'
  })
}
