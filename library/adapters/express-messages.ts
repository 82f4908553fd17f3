import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'

type Listener = (req: IncomingMessage, res: ServerResponse) => void

/** What an Express application puts under each request and response. */
interface Prototypes {
  readonly request: object
  readonly response: object
}

/**
 * Has a server make its requests and responses with the prototypes that the Express application would give them later.
 *
 * Changing the prototype of an object that lives makes every later access to it slow: more than half of what Express costs. What has
 * the right prototype from the start is left as it is. Nothing is done for a server that several listeners share, that was told to use
 * classes of its own, or where Node keeps these classes in another way.
 */
export function shapeMessages(server: Server, app: Listener & Prototypes): void {
  const listeners = server.listeners('request')
  if (listeners.length !== 1 || listeners[0] !== app) return
  const slots = server as unknown as Record<symbol, unknown>
  const symbols = Object.getOwnPropertySymbols(server)
  const requestSlot = symbols.find((symbol) => slots[symbol] === IncomingMessage)
  const responseSlot = symbols.find((symbol) => slots[symbol] === ServerResponse)
  if (requestSlot === undefined || responseSlot === undefined) return
  const shaped = shapedOf(app)
  if (shaped === undefined) return
  slots[requestSlot] = shaped.Request
  slots[responseSlot] = shaped.Response
}

/** The same for an Express application that does not know of it; any other server is left as it is. */
export function shapeMessagesOfExpress(server: Server): void {
  const [listener] = server.listeners('request')
  if (isExpress(listener)) shapeMessages(server, listener)
}

function isExpress(listener: unknown): listener is Listener & Prototypes {
  if (typeof listener !== 'function') return false
  const { request, response, handle } = listener as unknown as Partial<Prototypes> & { handle?: unknown }
  return typeof handle === 'function' && request instanceof IncomingMessage && response instanceof ServerResponse
}

interface Shaped {
  readonly Request: unknown
  readonly Response: unknown
}

/** The two constructors, or nothing where Node's own cannot be called on an object that is there already. */
function shapedOf({ request, response }: Prototypes): Shaped | undefined {
  const makeRequest = IncomingMessage as unknown as (this: unknown, socket: Socket) => void
  const makeResponse = ServerResponse as unknown as (this: unknown, req: IncomingMessage, options: unknown) => void
  function Request(this: unknown, socket: Socket): void {
    makeRequest.call(this, socket)
  }
  function Response(this: unknown, req: IncomingMessage, options: unknown): void {
    makeResponse.call(this, req, options)
  }
  Request.prototype = request
  Response.prototype = response
  try {
    const req: unknown = Reflect.construct(Request, [new Socket()])
    const res: unknown = Reflect.construct(Response, [req, {}])
    const isWhole = Object.hasOwn(req as object, 'httpVersion') && Object.hasOwn(res as object, 'finished')
    return isWhole ? { Request, Response } : undefined
  } catch {
    // A class cannot be called. The app works as ever, and no faster.
    return undefined
  }
}
