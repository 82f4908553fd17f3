import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Counts answers inside the app's own routes, so that counting touches neither the server nor what protects it. */
export interface Counter {
  served: number
}

/** Builds the app under one stack, listens on the loopback address and answers the port. */
export type Start = (counter: Counter) => Promise<number>

export function listen(listener: RequestListener): Promise<number> {
  return portOf(createServer(listener))
}

export function portOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
