import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { accept, page, posts } from '../cases.ts'
import { forNode } from './bulwark.ts'
import { type Counter, portOf } from './counter.ts'

type Post = { readonly title: string; readonly text: string }

export async function bare(counter: Counter): Promise<number> {
  const server = createServer(app(counter, { nonce: () => '', check: (body) => body as Post }))
  return portOf(server.listen(0, '127.0.0.1'))
}

export async function bulwark(counter: Counter): Promise<number> {
  // Not at the top: the bare server must not carry zod in its heap.
  const { NewPost } = await import('./post.ts')
  const check = (body: unknown): Post | undefined => NewPost.safeParse(body).data
  const { plug, nonce } = await forNode()
  const server = createServer(app(counter, { nonce, check }))
  plug(server)
  return portOf(server.listen(0, '127.0.0.1'))
}

interface Routes {
  nonce(req: IncomingMessage): string
  check(body: unknown): Post | undefined
}

function app(counter: Counter, { nonce, check }: Routes): RequestListener {
  return (req, res) => {
    if (req.method === 'GET' && req.url === '/api/posts') {
      counter.served++
      answer(res, 200, 'application/json; charset=utf-8', JSON.stringify(posts))
    } else if (req.method === 'GET' && req.url === '/') {
      counter.served++
      answer(res, 200, 'text/html; charset=utf-8', page(nonce(req)))
    } else if (req.method === 'POST' && req.url === '/api/posts') {
      receive(req, res, (body) => {
        const post = check(body)
        if (post === undefined) return answer(res, 422, 'application/json; charset=utf-8', '{"error":"invalid"}')
        counter.served++
        answer(res, 201, 'application/json; charset=utf-8', JSON.stringify(accept(post)))
      })
    } else {
      answer(res, 404, 'application/json; charset=utf-8', '{"error":"not found"}')
    }
  }
}

function receive(req: IncomingMessage, res: ServerResponse, then: (body: unknown) => void): void {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => {
    let body: unknown
    try {
      body = JSON.parse(Buffer.concat(chunks).toString())
    } catch {
      return answer(res, 400, 'application/json; charset=utf-8', '{"error":"not JSON"}')
    }
    then(body)
  })
}

function answer(res: ServerResponse, status: number, type: string, body: string): void {
  res.statusCode = status
  res.setHeader('Content-Type', type)
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}
