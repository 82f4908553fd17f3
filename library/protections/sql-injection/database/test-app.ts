import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import { secure } from '../../../adapters/node.ts'
import type { SecurityEvent } from '../../../core/event.ts'

/** Closes the quotes, and is true for every row. */
export const EVIL: string = "x' OR '1'='1"

export type Answer = (name: string) => Promise<unknown>

export interface App {
  ask(name: string): Promise<{ status: number; text: string }>
  readonly events: SecurityEvent[]
  close(): Promise<void>
}

/** Serves one function behind the default policy: what it throws is answered, what it answers is sent. */
export async function serve(answer: Answer, mode?: 'observe'): Promise<App> {
  const events: SecurityEvent[] = []
  const listener = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const rows = await answer(new URL(req.url ?? '/', 'http://localhost').searchParams.get('name') ?? '')
    res.setHeader('content-type', 'application/json').end(JSON.stringify(rows))
  }
  const server = secure(http.createServer(listener), {
    onEvent: (event) => void (event.guard === 'sql-injection' && events.push(event)),
    ...(mode && { sqlInjection: { mode } }),
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    events,
    async ask(name) {
      const response = await fetch(`http://127.0.0.1:${port}/?name=${encodeURIComponent(name)}`)
      return { status: response.status, text: await response.text() }
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

/** Holds that what a client sends runs as code in no query, and that honest ones answer as ever. */
export async function holds(answer: Answer, honest = 'ann'): Promise<void> {
  const app = await serve(answer)
  try {
    const fine = await app.ask(honest)
    expect(fine, fine.text).toMatchObject({ status: 200 })
    expect(fine.text).toContain('ann')
    const stopped = await app.ask(EVIL)
    expect(stopped.status, stopped.text).toBe(403)
    expect(JSON.parse(stopped.text)).toMatchObject({ status: 403, title: 'Forbidden' })
    expect(app.events).toHaveLength(1)
    expect(app.events[0]).toMatchObject({ outcome: 'denied', risk: 'sql-injection' })
    expect(app.events[0]?.request?.id).toBe(JSON.parse(stopped.text).incident)
    expect(JSON.stringify(app.events)).not.toContain('OR')
    // An apostrophe that is escaped as it should be is no attack.
    expect((await app.ask('nobody')).status).toBe(200)
  } finally {
    await app.close()
  }
}
