/** What the app around a README's code has: names that no block declares, because everybody has their own. */
import type { SafeFetchOptions } from 'bulwark'
import type { Express as App, Request, RequestHandler, Response } from 'express'
import type { FastifyInstance } from 'fastify'
import type { Hono } from 'hono'

export { execFile } from 'node:child_process'
export { writeFile } from 'node:fs/promises'
export { default as http } from 'node:http'
export { promisify } from 'node:util'
export { Pool } from 'pg'
export { z } from 'zod'

/** The app's own, of a type that the code does not depend on. */
// biome-ignore lint/suspicious/noExplicitAny: whatever people have
type Own = any

export declare const app: App
export declare const req: Request
export declare const res: Response
export declare const fastify: FastifyInstance
export declare const hono: Hono<{ Bindings: { incoming: Own; outgoing: Own } }>
export declare const RESPONSE_ALREADY_SENT: globalThis.Response

export declare const authorize: RequestHandler
export declare const changePassword: RequestHandler
export declare const editPerson: RequestHandler
export declare const exportAll: RequestHandler
export declare const feed: RequestHandler
export declare const health: RequestHandler
export declare const importAll: RequestHandler
export declare const listener: import('node:http').RequestListener
export declare const partner: RequestHandler
export declare const paste: RequestHandler
export declare const publish: RequestHandler
export declare const receive: RequestHandler
export declare const report: RequestHandler
export declare const search: RequestHandler
export declare const show: RequestHandler
export declare const signIn: RequestHandler
export declare const transfer: RequestHandler
export declare const unsubscribe: RequestHandler
export declare const widget: RequestHandler

export interface Post {
  readonly id: string
  readonly author: string
  readonly lockedUntil: number
}
export declare const blogs: { find(id: string): Promise<Post | undefined> }
export declare const posts: {
  find(filter: Own): Own
  remove(post: Post): Promise<void>
  save(id: string, values: object): void
}
export declare const people: Own
export declare const person: { readonly id: string; readonly role: string; readonly password: string }
export declare const post: Post
export declare const user: { readonly id: string; readonly email: string }
export declare const db: Own
export declare const pool: Own
export declare const redis: Own
export declare const client: Own
export declare const oldClient: Own
export declare const mongoose: Own
export declare const mssql: Own
export declare const pg: Own
export declare const postgres: Own
export declare const kyselySql: Own
export declare const Driver: { readonly prototype: object }
export declare const passport: Own
export declare const policy: { readonly origins: readonly string[]; readonly store: import('bulwark').Store }
export declare const keys: import('bulwark').KeyRing
export declare const store: import('bulwark').Store
export declare const query: import('bulwark').SqlQuery
export declare const mail: (letter: { to: string; subject: string; text: string }) => Promise<void>
export declare const tls: { readonly certFile: string; readonly keyFile: string }
export declare const log: (notice: object) => void
export declare const titleOf: (html: string) => string
export declare const data: object
export declare const list: readonly { readonly author: string; readonly site: string; readonly text: string }[]
export declare const isClosed: boolean
export declare const bytes: Uint8Array
export declare const headers: Record<string, string>
export declare const method: string
export declare const body: string
export declare const allow: NonNullable<SafeFetchOptions['allow']>
export declare const address: string
export declare const author: string
export declare const ca: string
export declare const cert: string
export declare const code: string
export declare const email: string
export declare const id: string
export declare const key: string
export declare const name: string
export declare const number: string
export declare const oldSecret: string
export declare const password: string
export declare const q: string
export declare const sort: string
export declare const title: string
export declare const url: string
export declare const console_: import('@bulwark/console').Console
export declare const accounts: import('bulwark/accounts').AccountStore
export declare const leaf: { readonly key: string; readonly cert: string }
export declare const FILES: string
export declare const UPLOADS: string
