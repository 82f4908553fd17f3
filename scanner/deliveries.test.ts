import { describe, expect, test } from 'vitest'
import type { Harmless } from '../library/core/rule.ts'
import { taintsIn } from './lab.ts'

const taints = (text: string, harmless?: Harmless): string[] =>
  taintsIn(text, {}, harmless).map((taint) => taint?.source ?? 'safe')

const sends = (body: string): string =>
  `import express from 'express'; express().post('/x', async (req, res) => { ${body} });`

describe('what a queue delivers', () => {
  const bullmq = `import { Queue, Worker } from 'bullmq'; const q = new Queue('mails'); `
  const bull = `import Bull from 'bull'; const q = new Bull('mails'); `
  const amqp = `import amqp from 'amqplib'; const ch = await (await amqp.connect('x')).createChannel(); `
  const kafka = `import { Kafka } from 'kafkajs'; const k = new Kafka({}); const p = k.producer(); const c = k.consumer({}); `
  const nest = `import { Processor, Process } from '@nestjs/bullmq'; class A { constructor(private q: Queue) {} @Post() a(@Body() b: Dto) { this.q.add('x', b) } } `
  test.each([
    [
      'to a worker',
      `${bullmq}${sends(`q.add('a', { to: req.body.to, n: 1 })`)} new Worker('mails', async (job) => { sink(job.data.to); sink(job.data.n) })`,
      ['req.body.to', 'safe'],
    ],
    [
      'to a named worker',
      `${bullmq}${sends(`q.add('a', req.body)`)} async function work({ data }) { sink(data.to) } new Worker('mails', work)`,
      ['req.body.to'],
    ],
    [
      'to a worker of another queue',
      `${bullmq}${sends(`q.add('a', req.body)`)} new Worker('other', async (job) => sink(job.data.to))`,
      ['safe'],
    ],
    [
      'what no client sent',
      `${bullmq} q.add('a', { to: 'x' }); new Worker('mails', async (job) => sink(job.data.to))`,
      ['safe'],
    ],
    [
      'to what processes it',
      `${bull}${sends(`q.add(req.body)`)} q.process(2, async (job) => sink(job.data.to))`,
      ['req.body.to'],
    ],
    [
      'in bytes',
      `${amqp}${sends(`ch.sendToQueue('a', Buffer.from(JSON.stringify(req.body)))`)} ch.consume('a', (msg) => sink(JSON.parse(msg.content.toString()).to))`,
      ['req.body'],
    ],
    [
      'in records',
      `${kafka}${sends(`p.send({ topic: 't', messages: [{ key: 'k', value: JSON.stringify(req.body) }] })`)} c.run({ eachMessage: async ({ message, topic }) => { sink(JSON.parse(message.value.toString()).to); sink(topic); sink(message.key) } })`,
      ['req.body', 'safe', 'safe'],
    ],
    [
      'to a class',
      `${nest.replace('Processor, Process', 'Processor, Body, Post')} @Processor('x') class P { async process(job: Job) { sink(job.data.to) } async other(job: Job) { sink(job.data.to) } }`,
      ['req.body.to', 'safe'],
    ],
    [
      'to a method',
      `${nest.replace('Processor, Process', 'Process, Body, Post')} class P { @Process('x') run(job: Job) { sink(job.data.to) } }`,
      ['req.body.to'],
    ],
  ])('%s', (_, text, expected) => expect(taints(text)).toEqual(expected))
})

describe('what a procedure is handed', () => {
  const trpc = (body: string): string =>
    `import { initTRPC } from '@trpc/server'; import { z } from 'zod'; const t = initTRPC.create(); const open = t.procedure; export const r = t.router({ a: open${body} })`
  test.each([
    ['an input', `.input(z.object({ a: z.string() })).query(({ input }) => sink(input.a))`, ['req.input.a']],
    [
      'an input of numbers',
      `.input(z.object({ a: z.number() })).mutation(async ({ input }) => sink(input.a))`,
      ['safe'],
    ],
    [
      'an input of its list',
      `.input(z.object({ a: z.enum(['x']).default('x') })).query((opts) => sink(opts.input.a))`,
      ['safe'],
    ],
    [
      'an input with more around it',
      `.use(m).input(z.string()).output(z.any()).query(({ input, ctx }) => { sink(input); sink(ctx.a) })`,
      ['req.input', 'safe'],
    ],
  ])('%s', (_, body, expected) => expect(taints(trpc(body))).toEqual(expected))

  test('with a client of the same kind', () => {
    expect(taints(`client.query(({ input }) => sink(input.a))`)).toEqual(['safe'])
    const action = `import { createSafeActionClient } from 'next-safe-action'; import { z } from 'zod'; createSafeActionClient().schema(z.object({ a: z.string() })).action(async ({ parsedInput: { a } }) => sink(a))`
    expect(taints(action)).toEqual(['req.input.a'])
  })
})

describe('what a socket delivers', () => {
  test.each([
    [
      'messages',
      `import { WebSocketServer } from 'ws'; new WebSocketServer({}).on('connection', (ws, req) => { ws.on('message', (raw) => sink(JSON.parse(raw).a)); ws.on('close', (code) => sink(code)); sink(req.url) })`,
      ['req body', 'safe', 'req.url'],
    ],
    [
      'events',
      `import { Server } from 'socket.io'; const io = new Server(); io.of('/x').on('connection', (socket) => { socket.on('rename', (id, { name }, done) => { sink(id); sink(name) }); socket.on('disconnect', (why) => sink(why)); sink(socket.handshake.query.a); sink(socket.handshake.address) })`,
      ['req body', 'req body', 'safe', 'req.query.a', 'safe'],
    ],
    [
      'messages of a plugin',
      `import Fastify from 'fastify'; const app = Fastify(); app.get('/ws', { websocket: true }, (socket, req) => { socket.on('message', (m) => sink(m)); sink(req.query.a) })`,
      ['req body', 'req.query.a'],
    ],
    [
      'messages of somebody else',
      `import { WebSocket } from 'ws'; const ws = new WebSocket('wss://a.example'); ws.on('message', (raw) => sink(raw))`,
      ['safe'],
    ],
    [
      'bodies of a gateway',
      `import { MessageBody, SubscribeMessage } from '@nestjs/websockets'; class G { @SubscribeMessage('a') a(@MessageBody('text') text: string) { sink(text) } }`,
      ['req.body.text'],
    ],
  ])('%s', (_, text, expected) => expect(taints(text)).toEqual(expected))
})

describe('what a request says in other words', () => {
  const resolvers = `import { ApolloServer } from '@apollo/server'; export const resolvers = { Query: { a: (_parent, args, context) => { sink(args.id); sink(context.id) } }, Mutation: { async b(_, { input }) { sink(input.name) } } }; new ApolloServer({ resolvers })`
  test.each([
    ['arguments of resolvers', resolvers, ['req.args.id', 'safe', 'req.args.input.name']],
    [
      'arguments of decorated resolvers',
      `import { Args, Query } from '@nestjs/graphql'; class R { @Query() a(@Args('id') id: string) { sink(id) } }`,
      ['req.args.id'],
    ],
    [
      'forms of server actions',
      `'use server'; export async function save(data: FormData) { sink(data.get('x') as string) } async function own(x) { sink(x) } export const go = async (id: string) => sink(id)`,
      ['req.body', 'safe', 'req.body'],
    ],
    [
      'an action inside a component',
      `export default function Page() { async function save(data: FormData) { 'use server'; sink(data.get('x')) } return save }`,
      ['req.body'],
    ],
    [
      'cookies by a function',
      `import { getCookie, getSignedCookie } from 'hono/cookie'; import { Hono } from 'hono'; new Hono().get('/', async (c) => { sink(getCookie(c, 'a')); sink(await getSignedCookie(c, 's', 'b')) })`,
      [`getCookie('a')`, 'safe'],
    ],
    [
      'cookies and headers of Next.js',
      `import { cookies, headers } from 'next/headers'; export async function f() { sink((await cookies()).get('a')?.value); sink(headers().get('b')) }`,
      [`cookies.get('a')`, `headers.get('b')`],
    ],
    [
      'entries of an archive',
      `import unzipper from 'unzipper'; ${sends(`req.pipe(unzipper.Parse()).on('entry', (entry) => { sink(entry.path) })`)} files.pipe(unzipper.Parse()).on('entry', (entry) => sink(entry.path))`,
      ['req body', 'safe'],
    ],
  ])('%s', (_, text, expected) => expect(taints(text)).toEqual(expected))

  test('a schema leaves resolvers no objects of the client', () => {
    expect(taints(resolvers, { when: 'text' })).toEqual(['safe', 'safe', 'safe'])
    const parsed = `export const resolvers = { Query: { a: (_, { filter }) => sink(JSON.parse(filter)) } }`
    expect(taints(parsed, { when: 'text' })).toEqual(['req.args.filter'])
  })
})
