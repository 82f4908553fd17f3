import { describe, expect, test } from 'vitest'
import { taintsIn } from './lab.ts'

/** Whether the argument of `sink(...)` is the client's, in a handler with `x` from the query. */
function isTainted(body: string, files: Readonly<Record<string, string>> = {}): boolean {
  const text = `import express from 'express'; import path from 'node:path'; const OK = new Set(['/a', '/b']); const LIST = ['/a'];
    express().get('/x', async (req, res) => { let x = req.query.x; ${body} })`
  return taintsIn(text, files).at(-1) !== undefined
}

describe('a condition that every way passes makes a value safe', () => {
  test.each([
    ['an early return', `if (!OK.has(x)) return; sink(x)`],
    ['an early throw in a block', `if (!LIST.includes(x)) { log(x); throw new Error() } sink(x)`],
    ['a branch', `if (OK.has(x)) { sink(x) }`],
    ['the other branch', `if (!OK.has(x)) { res.end() } else sink(x)`],
    ['a conditional', `sink(OK.has(x) ? x : '/')`],
    ['and', `OK.has(x) && sink(x)`],
    ['or', `!OK.has(x) || sink(x)`],
    ['one of two conditions', `if (typeof x !== 'string' || !OK.has(x)) return; sink(x)`],
    ['equal to a constant', `if (x !== '/a') return; sink(x)`],
    ['equal to one of two constants', `if (x !== '/a' && x !== '/b') return; sink(x)`],
    ['equal to the environment', `if (x !== process.env.TOKEN) return; sink(x)`],
    ['a switch', `switch (x) { case '/a': case '/b': sink(x) }`],
    ['indexOf', `if (LIST.indexOf(x) === -1) return; sink(x)`],
    ['indexOf below zero', `if (LIST.indexOf(x) < 0) return; sink(x)`],
    ['some', `if (!LIST.some((item) => item === x)) return; sink(x)`],
    ['in', `const T = { a: 1 }; if (!(x in T)) return; sink(x)`],
    ['hasOwn', `const T = { a: 1 }; if (!Object.hasOwn(T, x)) return; sink(x)`],
    ['an anchored pattern', `if (!/^[a-z0-9_-]{1,20}$/.test(x)) return; sink(x)`],
    ['an anchored pattern under a name', `const P = /^\\d+$/; if (!P.test(x)) return; sink(x)`],
    ['a number by type', `if (typeof x !== 'number') return; sink(x)`],
    ['a whole number', `if (!Number.isInteger(x)) return; sink(x)`],
    ['a validator', `const v = require('validator'); if (!v.isUUID(x)) return; sink(x)`],
    ['a stored condition', `const ok = OK.has(x); if (!ok) return; sink(x)`],
    ['a function that decides', `const isOk = (v) => OK.has(v); if (!isOk(x)) return; sink(x)`],
    [
      'a function that answers true or false',
      `function isOk(v) { if (OK.has(v)) return true; return false } if (!isOk(x)) return; sink(x)`,
    ],
    ['a function that throws', `function check(v) { if (!OK.has(v)) throw new Error() } check(x); sink(x)`],
    ['replaced when not allowed', `if (!OK.has(x)) x = '/'; sink(x)`],
    ['the property itself', `if (!OK.has(req.query.y)) return; sink(req.query.y)`],
    ['a value that is handed on after', `const go = (v) => sink(v); if (!OK.has(x)) return; go(x)`],
    ['a closure after', `if (!OK.has(x)) return; setImmediate(() => sink(x))`],
    ['another letter case', `if (!OK.has(x.toLowerCase())) return; sink(x)`],
    ['the host of the URL', `const u = new URL(x); if (u.host !== 'a.example') return; sink(u)`],
    [
      'the host taken out of the URL',
      `const { hostname, href } = new URL(x); if (!OK.has(hostname)) return; sink(href)`,
    ],
    ['the host taken out, then the text', `const { host } = new URL(x); if (host !== 'a.b') throw 1; sink(x)`],
    ['the host of the URL, then the text', `const u = new URL(x); if (!OK.has(u.hostname)) return; sink(x)`],
    ['below a folder', `const f = path.resolve('/r', x); if (!f.startsWith('/r' + path.sep)) return; sink(f)`],
    ['a fixed origin', `if (!x.startsWith('https://a.example/')) return; sink(x)`],
    ['nothing foreign in it', `if (/[^a-z0-9-]/i.test(x)) return; sink(x)`],
    ['a filtered list', `for (const y of [x].filter((v) => OK.has(v))) sink(y)`],
    ['a folder by indexOf', `const f = path.resolve('/r', x); if (f.indexOf('/r' + path.sep) !== 0) return; sink(f)`],
    [
      'no way out of a folder',
      `const f = path.resolve('/r', x); const rel = path.relative('/r', f); if (rel.startsWith('..')) return; sink(f)`,
    ],
    ['a schema that was asked', `const s = require('joi').string().uuid(); if (s.validate(x).error) return; sink(x)`],
    [
      'a schema of a whole object',
      `const { z } = require('zod'); const s = z.object({ x: z.enum(['a']) }); const ok = s.safeParse(req.query);
        if (!ok.success) return; sink(x)`,
    ],
    [
      'the folder itself, or below it',
      `const f = path.resolve(root, x); if (f !== root && !f.startsWith(root + path.sep)) return; sink(f)`,
    ],
    ['a whole object', `const isOk = (q) => OK.has(q.x); if (!isOk(req.query)) return; sink(req.query.x)`],
    [
      'a whole object, taken apart',
      `const isOk = ({ x }) => OK.has(x); if (!isOk(req.query)) return; sink(req.query.x)`,
    ],
    ['an object made for it', `const isOk = ({ y }) => OK.has(y); if (!isOk({ y: x })) return; sink(x)`],
    [
      'a whole object under another name',
      `function isOk(q: any): q is { x: '/a' } { const c = q as any; return OK.has(c.x) }
        const q = req.query; if (!isOk(q)) return; const { x: y } = q; sink(y)`,
    ],
    [
      'a whole object, by what throws',
      `const must = (q) => { if (!OK.has(q.x)) throw 1 }; must(req.query); sink(req.query.x)`,
    ],
    [
      'checked before the whole is handed on',
      `const f = ({ x: y }) => sink(y); if (!OK.has(req.query.x)) return; f(req.query)`,
    ],
    [
      'a JSON schema',
      `const Ajv = require('ajv'); const ok = new Ajv().compile({ type: 'object', properties: { x: { enum: ['a'] } } });
        if (!ok(req.query)) return; sink(req.query.x)`,
    ],
    [
      'a JSON schema, in one go',
      `const Ajv = require('ajv').default; const S = { type: 'object', properties: { x: { type: 'integer' } } }; const ajv = new Ajv();
        if (!ajv.validate(S, req.query)) throw 1; sink(req.query.x)`,
    ],
    [
      'the host of the URL, read in parts',
      `const u = new URL(x); if (!OK.has(u.host)) return; const { href } = u; sink(href)`,
    ],
    ['the same under another name', `const q = req.query; if (!OK.has(req.query.x)) return; sink(q.x)`],
    ['entries by their names', `for (const [k] of Object.entries(req.query).filter(([name]) => OK.has(name))) sink(k)`],
  ])('%s', (_, body) => expect(isTainted(body)).toBe(false))

  test('also when the deciding function lives in another file', () => {
    const files = { 'ok.ts': `const OK = ['/a']; export function isOk(v: string) { return OK.includes(v) }` }
    expect(isTainted(`const { isOk } = require('./ok'); if (!isOk(x)) return; sink(x)`, files)).toBe(false)
  })
})

describe('a condition that proves nothing does not', () => {
  test.each([
    ['checked afterwards', `sink(x); if (!OK.has(x)) return`],
    ['checked without leaving', `if (!OK.has(x)) log(x); sink(x)`],
    ['the wrong way round', `if (OK.has(x)) return; sink(x)`],
    ['something foreign in it', `if (/[;&]/.test(x)) return; sink(x)`],
    [
      'the host of another URL',
      `const { hostname } = new URL(y); const { href } = new URL(x); if (!OK.has(hostname)) return; sink(href)`,
    ],
    ['the scheme of the URL', `const { protocol, href } = new URL(x); if (protocol !== 'https:') return; sink(href)`],
    ['a list filtered by what says nothing', `for (const y of [x].filter((v) => v.length)) sink(y)`],
    ['a schema that lets text pass', `const s = require('joi').string(); if (s.validate(x).error) return; sink(x)`],
    ['another value', `const y = req.query.y; if (!OK.has(y)) return; sink(x)`],
    ['one of two conditions is enough to pass', `if (!OK.has(x) && x !== req.query.y) return; sink(x)`],
    ['in another branch', `if (a) { if (!OK.has(x)) return } sink(x)`],
    ['in another function', `const f = () => { if (!OK.has(x)) return }; f(); sink(x)`],
    ['assigned anew after', `if (!OK.has(x)) return; x = req.query.z; sink(x)`],
    ['a list of the client', `if (!req.body.list.includes(x)) return; sink(x)`],
    ['what the value contains', `if (!x.includes('a')) return; sink(x)`],
    ['how it begins', `if (!x.startsWith('/')) return; sink(x)`],
    ['how it begins, without the end of the host', `if (!x.startsWith('https://a.example')) return; sink(x)`],
    ['a folder without its end', `const f = path.resolve('/r', x); if (!f.startsWith('/r')) return; sink(f)`],
    ['a pattern without anchors', `if (!/[a-z]+/.test(x)) return; sink(x)`],
    ['a pattern with one anchor', `if (!/^[a-z]+/.test(x)) return; sink(x)`],
    ['a pattern for each line', `if (!/^[a-z]+$/m.test(x)) return; sink(x)`],
    ['a pattern that lets all pass', `if (!/^.*$/.test(x)) return; sink(x)`],
    ['a pattern that forbids a few', `if (!/^[^<]+$/.test(x)) return; sink(x)`],
    ['anchors of two halves', `if (!/^a|b$/.test(x)) return; sink(x)`],
    ['that it is a string', `if (typeof x !== 'string') return; sink(x)`],
    ['that it is there', `if (!x) return; sink(x)`],
    ['that it differs from a constant', `if (x === '/admin') return; sink(x)`],
    ['the default of a switch', `switch (x) { case '/a': break; default: sink(x) }`],
    [
      'another folder itself',
      `const f = path.resolve(root, x); if (f !== y && !f.startsWith(root + path.sep)) return; sink(f)`,
    ],
    [
      'the folder itself, or anything',
      `const f = path.resolve(root, x); if (f !== root && !f.startsWith(root)) return; sink(f)`,
    ],
    [
      'a JSON schema with room for all',
      `const Ajv = require('ajv'); const ok = new Ajv().compile({ type: 'object', properties: { x: { type: 'string' } } });
        if (!ok(req.query)) return; sink(req.query.x)`,
    ],
    [
      'another part before the whole is handed on',
      `const f = (q) => sink(q.x); if (!OK.has(req.query.y)) return; f(req.query)`,
    ],
    ['another part of an object', `const isOk = (q) => OK.has(q.y); if (!isOk(req.query)) return; sink(req.query.x)`],
    [
      'entries by their names, not values',
      `for (const [, v] of Object.entries(req.query).filter(([name]) => OK.has(name))) sink(v)`,
    ],
    ['a name for what was there before', `const y = x; x = '/a'; if (!OK.has(x)) return; sink(y)`],
    ['a function that answers always', `const isOk = (v) => true; if (!isOk(x)) return; sink(x)`],
    ['a function that asks something else', `const isOk = (v) => v.length > 3; if (!isOk(x)) return; sink(x)`],
    ['a function that only logs', `function check(v) { if (!OK.has(v)) log(v) } check(x); sink(x)`],
    ['the header of a URL that was not parsed', `if (req.headers.host !== 'a') return; sink(req.headers)`],
  ])('%s', (_, body) => expect(isTainted(body)).toBe(true))
})
