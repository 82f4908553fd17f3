import { describe, expect, test } from 'vitest'
import type { Route } from '../library/core/probe.ts'
import type { Account } from './account.ts'
import { crawl } from './crawl.ts'
import { FormTokens } from './form-tokens.ts'
import { page, reach, type Served, serve } from './lab.ts'

async function crawled(victim: Served, more: { account?: Account; routes?: readonly Route[] } = {}): Promise<Route[]> {
  const { account, routes = [] } = more
  const { target } = await reach(victim.origin, account ? { account } : {})
  const found: Route[] = []
  await crawl({
    origin: victim.origin,
    firstPage: '/',
    send: target.send,
    account,
    routes,
    found,
    tokens: new FormTokens(),
  })
  return found
}

const site = (pages: Readonly<Record<string, string>>): Promise<Served> =>
  serve((seen, res) => {
    const html = pages[seen.url.split('?')[0] ?? '']
    if (html === undefined) res.writeHead(404).end()
    else page(res, html)
  })

const line = ({ method, path, query, body }: Route): string =>
  `${method} ${path}${query ? ` ?${Object.keys(query)}` : ''}${body ? ` ${body.type}:${Object.keys(body.fields)}` : ''}`

describe('crawling', () => {
  test('follows links, notes their parameters, and reads the forms', async () => {
    const victim = await site({
      '/': '<a href="/a?x=1&y=2">a</a><a href="sub/page">b</a><a href="#top">t</a><a href="mailto:x@y.z">m</a><a href="/gone">g</a>',
      '/a': '<form action="/search"><input name=q></form>',
      '/search': 'results',
      '/sub/page': '<form method=post><textarea name=text></textarea></form><a href="../">up</a>',
    })
    const routes = await crawled(victim)
    expect(routes.map(line)).toEqual([
      ...['GET /', 'GET /a ?x,y', 'GET /search ?q', 'GET /sub/page', 'POST /sub/page form:text'],
    ])
    expect(routes[4]).toMatchObject({ readBack: '/sub/page' })
    expect(routes.every((route) => route.method === 'POST' || route.html)).toBe(true)
  })

  test('knows where things are read that are added somewhere else', async () => {
    const victim = await site({
      '/': '<a href=/cart>c</a><a href=/new>n</a><form method=post action=/cart/add><input name=amount></form>',
      '/cart': 'empty',
      '/new':
        '<form method=post action=/tickets enctype="multipart/form-data"><input name=title><input type=file name=f></form>',
    })
    const routes = await crawled(victim)
    expect(routes.map(({ path, readBack }) => [path, readBack])).toEqual([
      ...[
        ['/', undefined],
        ['/cart/add', '/cart'],
        ['/cart', undefined],
        ['/new', undefined],
        ['/tickets', undefined],
      ],
    ])
  })

  test('finds the web sockets that scripts of a page open', async () => {
    const victim = await site({
      '/': `<script>const a = new WebSocket('ws://' + location.host + '/live'); new WebSocket(\`wss://\${location.host}/room\`)
        new WebSocket("wss://elsewhere.example/far"); new WebSocket(location.origin.replace(/^http/, 'ws') + "/third?x=1")</script>`,
    })
    const sockets = async (at: Served): Promise<string[]> =>
      (await crawled(at)).filter(({ method }) => method === 'UPGRADE').map(({ path }) => path)
    expect(await sockets(victim)).toEqual(['/live', '/room', '/third'])
  })

  test('sends nothing but GET, and goes nowhere that ends something', async () => {
    const victim = await site({
      '/': `<a href=/sign-out>x</a><a href=/logout?a=b>x</a><a href="/posts/1/delete">x</a><a href="/posts?action=remove">x</a>
        <form method=post action=/write><input name=a></form><form method=post action="/posts/1/delete"><input name=b></form>
        <form method=post action="/me"><button name=do value=destroy>Go</button></form><form method=post action=/x><button>Sign out</button></form>
        <a href=/deleted-scenes>film</a><a href=/posts/7?do=3>Delete this</a>`,
      '/deleted-scenes': 'fine',
    })
    const routes = await crawled(victim)
    expect(victim.seen.map((one) => `${one.method} ${one.url}`)).toEqual(['GET /', 'GET /deleted-scenes'])
    expect(routes.map(line)).toEqual(['GET /', 'POST /write form:a', 'GET /deleted-scenes'])
  })

  test('guesses where words can be read again only where the address speaks for it', async () => {
    const form = (action: string, field = '<input name=t>'): string =>
      `<form method=post action="${action}">${field}</form>`
    const victim = await site({
      '/': `${form('/guestbook')}<a href=/posts/1>x</a><a href=/posts/1/edit>x</a><a href=/write>x</a>`,
      '/posts/1': form('/posts/1/comments') + form('/mail', '<input type=email name=e>'),
      '/posts/1/edit': form('/posts/1') + form('/posts/12'),
      '/write': form('/posts') + form('', '<input type=email name=e>'),
    })
    const routes = await crawled(victim)
    expect(
      Object.fromEntries(routes.filter((route) => route.body).map((route) => [route.path, route.readBack])),
    ).toEqual({
      '/guestbook': '/',
      '/posts/1/comments': '/posts/1',
      '/mail': undefined,
      '/posts/1': '/posts/1/edit',
      '/posts/12': undefined,
      '/posts': undefined,
      '/write': undefined,
    })
  })

  test('stays on the origin', async () => {
    const victim = await site({
      '/': '<a href="https://127.0.0.1/">x</a><a href="http://127.0.0.1:1/">y</a><form method=post action="//evil.example/"><input name=a></form>',
    })
    expect((await crawled(victim)).map(line)).toEqual(['GET /'])
  })

  test('keeps what redirects as a place, and looks at where it leads on the same origin', async () => {
    const victim = await serve((seen, res) => {
      if (seen.url === '/') page(res, '<a href="/go?to=/x">go</a>')
      else if (seen.url === '/x') page(res, 'x')
      else res.writeHead(302, { location: '/x' }).end()
    })
    expect((await crawled(victim)).map(line)).toEqual(['GET /', 'GET /go ?to', 'GET /x'])
  })

  test('reads no more than sixty pages, four links deep, and few that are alike', async () => {
    const many = Array.from(
      { length: 100 },
      (_, i) => `<a href="/${'abcdefghij'[i % 10]}${'klmnopqrst'[Math.floor(i / 10)]}">x</a>`,
    )
    const wide = await serve((_, res) => page(res, many.join('')))
    await crawled(wide)
    expect(wide.seen).toHaveLength(60)
    const deep = await serve((seen, res) => page(res, `<a href="${seen.url}z/">on</a>`))
    await crawled(deep)
    expect(deep.seen.map((one) => one.url)).toEqual(['/', '/z/', '/z/z/', '/z/z/z/', '/z/z/z/z/'])
    const alike = await serve((seen, res) =>
      page(
        res,
        seen.url === '/' ? Array.from({ length: 30 }, (_, i) => `<a href="/posts/${i}">x</a>`).join('') : 'post',
      ),
    )
    expect((await crawled(alike)).map(line)).toEqual(['GET /', 'GET /posts/0', 'GET /posts/1'])
    expect(alike.seen.length).toBeLessThan(6)
  })

  test('puts the given routes first and does not find them again', async () => {
    const victim = await site({
      '/': '<form action=/s><input name=q></form>',
      '/s': 'x',
      '/api': '<a href=/hidden>',
      '/hidden': 'y',
    })
    const given: Route[] = [
      { method: 'GET', path: '/s', query: { q: 'mine' } },
      { method: 'GET', path: '/api' },
    ]
    const routes = await crawled(victim, { routes: given })
    expect(routes.slice(0, 2)).toEqual(given)
    expect(routes.map(line)).toEqual(['GET /s ?q', 'GET /api', 'GET /', 'GET /hidden'])
  })

  test('recognises the sign-in and not the registration', async () => {
    const password = '<input type=password name=p>'
    const victim = await site({
      '/': `<form method=post action=/in><input name=u>${password}<button>Log in</button></form>
        <form method=post action=/join><input name=u>${password}<input type=password name=p2></form>
        <form method=post action=/auth/password>${password}<input type=password name=again></form>
        <form method=post action=/vault>${password}<button>Open</button></form>`,
    })
    const routes = await crawled(victim)
    expect(routes.filter((route) => route.signIn).map(line)).toEqual(['POST /in form:u,p'])
    expect(routes.some((route) => route.readBack)).toBe(false)
  })

  test('sees with an account what strangers do not, and says which is which', async () => {
    const victim = await serve((seen, res) => {
      const known = seen.headers.cookie === 'sid=1'
      if (seen.url === '/in' && seen.method === 'POST')
        return res.writeHead(303, { location: '/', 'set-cookie': 'sid=1; Path=/' }).end()
      if (seen.url === '/in')
        return page(
          res,
          '<form method=post><input name=u><input name=p type=password><input type=hidden name=next value=/home></form>',
        )
      if (seen.url === '/mine' && !known) return res.writeHead(302, { location: '/in' }).end()
      page(
        res,
        known ? '<a href=/mine>mine</a><form method=post action=/post><input name=t></form>' : '<a href=/in>in</a>',
      )
    })
    const account: Account = { signIn: { path: '/in', type: 'form', fields: { u: 'ada', p: 'right-one' } } }
    const routes = await crawled(victim, { account })
    expect(routes).toEqual([
      {
        method: 'POST',
        path: '/in',
        body: { type: 'form', fields: { u: 'ada', p: 'right-one', next: '/home' } },
        signIn: true,
      },
      { method: 'GET', path: '/', html: true },
      { method: 'GET', path: '/in', html: true },
      {
        method: 'POST',
        path: '/post',
        signedIn: true,
        crawled: true,
        body: { type: 'form', fields: { t: 'sample' } },
        readBack: '/',
      },
      { method: 'GET', path: '/mine', html: true, signedIn: true, crawled: true },
    ])
  })
})

test('a form that strangers see too is sent as somebody, and given routes stay as they are', async () => {
  const form = (path: string): string => `<form method=post action="${path}"><input name=t></form>`
  const victim = await serve((seen, res) => {
    if (seen.url === '/in' && seen.method === 'POST')
      return res.writeHead(302, { location: '/', 'set-cookie': 's=1; Path=/' }).end()
    if (seen.url === '/in') return page(res, '<form method=post><input name=u><input name=p type=password></form>')
    page(
      res,
      form('/comments') +
        form('/given') +
        '<form method=post action=/join><input type=password name=a><input type=password name=b></form>',
    )
  })
  const account: Account = { signIn: { path: '/in', type: 'form', fields: { u: 'ada', p: 'right-one' } } }
  const given = { method: 'POST', path: '/given', body: { type: 'form', fields: { t: 'x' } } } as const
  const routes = await crawled(victim, { account, routes: [given] })
  const who = routes.filter(({ method }) => method === 'POST').map(({ path, signedIn }) => [path, signedIn === true])
  expect(who).toEqual([
    ['/given', false],
    ['/in', false],
    ['/comments', true],
    ['/join', false],
  ])
})

test('what a page for something new makes is read in the list', async () => {
  const form = '<form method=post action=/contacts><input name=t></form>'
  const victim = await serve((seen, res) => page(res, seen.url === '/contacts/new' ? form : 'Ann'))
  const routes = await crawled(victim, { routes: [{ method: 'GET', path: '/contacts/new' }] })
  expect(routes.find(({ body }) => body)?.readBack).toBe('/contacts')
})

test('what never ends is no place to attack, and what could not do as the link says is', async () => {
  const victim = await serve((seen, res) => {
    if (seen.url === '/')
      return page(res, '<a href="/drip?x=1">a</a><a href="/proxy?src=b">b</a><a href="/gone?c=1">c</a>')
    if (seen.url.startsWith('/drip')) return void res.writeHead(200, { 'content-type': 'text/html' }).write('<p>')
    res.writeHead(seen.url.startsWith('/proxy') ? 502 : 404).end()
  })
  expect((await crawled(victim)).map(line)).toEqual(['GET /', 'GET /proxy ?src'])
}, 15_000)
