import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Counts answers inside the app's own routes, so that counting touches neither the server nor what protects it. */
export interface Counter {
  served: number
}

/** Builds the app under one stack, listens on the loopback address and answers the port. */
export type Start = (counter: Counter) => Promise<number>

/** The port of a server that listens or is about to. */
export async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
