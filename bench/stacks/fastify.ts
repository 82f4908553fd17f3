import fastifyCookie from '@fastify/cookie'
import fastifyCsrf from '@fastify/csrf-protection'
import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifySession from '@fastify/session'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteShorthandOptions,
} from 'fastify'
import { accept, page, posts } from '../cases.ts'
import { forFastify } from './bulwark.ts'
import { type Counter, portOf } from './counter.ts'

/** Validation as Fastify has it built in (ajv), where the other frameworks use zod. */
const newPost = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['title', 'text', 'tags', 'draft'],
    properties: {
      title: { type: 'string', minLength: 1, maxLength: 120 },
      text: { type: 'string', maxLength: 5000 },
      tags: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 30 } },
      draft: { type: 'boolean' },
    },
  },
}

export async function bare(counter: Counter): Promise<number> {
  return serve(fastify(), counter, { nonce: () => '', post: {} })
}

/** What a careful team puts together today, each part as its own README shows it. */
export async function usual(counter: Counter): Promise<number> {
  const app = fastify()
  await app.register(fastifyHelmet, { enableCSPNonces: true })
  await app.register(fastifyRateLimit, { max: 1_000_000_000, timeWindow: '1 minute' })
  await app.register(fastifyCookie)
  await app.register(fastifySession, {
    secret: 'a secret of the benchmark, which protects nothing',
    cookieName: 'journal.sid',
    saveUninitialized: false,
    // The benchmark speaks plain HTTP.
    cookie: { httpOnly: true, sameSite: 'lax', secure: false },
  })
  await app.register(fastifyCsrf, { sessionPlugin: '@fastify/session' })
  app.get('/token', async (_request, reply) => ({ token: reply.generateCsrf() }))
  return serve(app, counter, {
    nonce: (_request, reply) => reply.cspNonce.script,
    post: { schema: newPost, onRequest: app.csrfProtection },
  })
}

export async function bulwark(counter: Counter): Promise<number> {
  const app = fastify()
  const { plug, nonce } = await forFastify()
  await app.register(plug)
  return serve(app, counter, { nonce, post: { schema: newPost } })
}

interface Routes {
  nonce(request: FastifyRequest, reply: FastifyReply): string
  readonly post: RouteShorthandOptions
}

async function serve(app: FastifyInstance, counter: Counter, { nonce, post }: Routes): Promise<number> {
  app.get('/', (request, reply) => {
    counter.served++
    reply.type('text/html; charset=utf-8').send(page(nonce(request, reply)))
  })
  app.get('/api/posts', (_request, reply) => {
    counter.served++
    reply.send(posts)
  })
  app.post<{ Body: { title: string; text: string } }>('/api/posts', post, (request, reply) => {
    counter.served++
    reply.code(201).send(accept(request.body))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return portOf(app.server)
}
