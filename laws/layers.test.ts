import { describe, expect, test } from 'vitest'
import { importsOf } from './imports.ts'
import { breaches, isJudged, LAYERS, layerOf } from './layers.ts'
import { filesOf, textOf } from './tree.ts'

const judged = filesOf().filter(isJudged)

test('no import leaves its layer', () => {
  expect(breaches(new Map(judged.map((path) => [path, textOf(path)])))).toEqual([])
})

test('the law has read the tree', () => {
  const names = new Set(judged.map((path) => layerOf(path)?.name))
  for (const name of [
    'core',
    'toolbox',
    'runtime',
    'entry',
    'scanner',
    'prober',
    'cli',
    'console',
    'example',
    'bench',
  ]) {
    expect(names, `no file of ${name} was read`).toContain(name)
  }
  expect(judged.length).toBeGreaterThan(60)
})

test('every source folder of a package belongs to a layer', () => {
  const homeless = filesOf().filter(
    (path) => /^(library|scanner|prober|cli|console|example|bench)\/.*\.ts$/.test(path) && layerOf(path) === undefined,
  )
  expect(homeless).toEqual([])
})

describe('a planted breach is caught', () => {
  const planted: readonly (readonly [path: string, text: string, reason: string])[] = [
    ['library/core/guard.ts', "import { a } from '../toolbox/ip.ts'", 'library/toolbox/ip.ts'],
    ['library/core/guard.ts', "import { a } from 'node:crypto'", 'node:crypto'],
    ['library/toolbox/ip.ts', "import type { A } from '../core/guard.ts'", 'library/core/guard.ts'],
    ['library/toolbox/ip.ts', "import a from 'ipaddr.js'", 'the package ipaddr.js'],
    ['library/protections/csrf/guard.ts', "import { a } from '../xss/guard.ts'", 'library/protections/xss/guard.ts'],
    ['library/protections/csrf/guard.ts', "export { a } from '../../runtime/runtime.ts'", 'library/runtime/runtime.ts'],
    ['library/protections/csrf/guard.ts', "import { a } from './probe.ts'", 'ships, and imports'],
    ['library/protections/csrf/guard.ts', "import { a } from './probe-forms.ts'", 'ships, and imports'],
    ['library/protections/passwords/index.ts', "import { hash } from '@node-rs/argon2'", 'the package @node-rs/argon2'],
    ['library/protections/passwords/hashing/packages.ts', "require('argon2')", 'the package argon2'],
    ['library/protections/input/kit/text.ts', "require('validator')", 'the package validator'],
    ['library/protections/input/kit/packages.ts', "require('joi')", 'the package joi'],
    ['library/protections/uploads/receive.ts', "require('@fastify/busboy')", 'the package @fastify/busboy'],
    ['library/protections/uploads/parser.ts', "require('multer')", 'the package multer'],
    ['library/protections/csrf/index.ts', "import { a } from 'zod'", 'the package zod'],
    ['library/protections/csrf/rule.ts', "import { parseSync } from 'oxc-parser'", 'the package oxc-parser'],
    ['library/protections/csrf/rule.ts', "import { readFileSync } from 'node:fs'", 'node:fs'],
    ['library/protections/csrf/probe.ts', "import { connect } from 'node:net'", 'node:net'],
    ['library/protections/csrf/probe.ts', "const net = await import('node:net')", 'node:net'],
    ['library/protections/csrf/probe.ts', "const net = process.getBuiltinModule('node:net')", 'node:net'],
    ['library/protections/csrf/probe.ts', "let a: import('../../../prober/target.ts').T", 'prober/target.ts'],
    ['library/protections/csrf/victim.ts', "import express from 'express'", 'the package express'],
    ['library/protections/csrf/risks.ts', "import { a } from './guard.ts'", 'library/protections/csrf/guard.ts'],
    [
      'library/stores/memory.ts',
      "import { csrf } from '../protections/csrf/guard.ts'",
      'library/protections/csrf/guard.ts',
    ],
    ['library/stores/redis.ts', "import { createClient } from 'redis'", 'the package redis'],
    ['library/stores/sqlite.ts', "import a from 'better-sqlite3'", 'the package better-sqlite3'],
    ['library/tokens/verify.ts', "import { jwtVerify } from 'jose'", 'the package jose'],
    ['library/tokens/jose.ts', "require('jsonwebtoken')", 'the package jsonwebtoken'],
    ['library/keys/ring.ts', "import { a } from '../runtime/policy.ts'", 'library/runtime/policy.ts'],
    ['library/audit/trail.ts', "import { a } from '../runtime/events.ts'", 'library/runtime/events.ts'],
    ['library/transport/x509.ts', "import forge from 'node-forge'", 'the package node-forge'],
    ['library/transport/dev.ts', "import * as x509 from '@peculiar/x509'", 'the package @peculiar/x509'],
    [
      'library/runtime/runtime.ts',
      "import { csrf } from '../protections/csrf/guard.ts'",
      'library/protections/csrf/guard.ts',
    ],
    ['library/runtime/runtime.ts', "import { a } from '../stores/sqlite.ts'", 'library/stores/sqlite.ts'],
    ['library/runtime/runtime.ts', "import { a } from '../adapters/express.ts'", 'library/adapters/express.ts'],
    ['library/firewall/context.ts', "import { a } from '../runtime/runtime.ts'", 'library/runtime/runtime.ts'],
    ['library/firewall/drivers/pg.ts', "import pg from 'pg'", 'the package pg'],
    ['library/firewall/drivers/mongo.ts', "import { Collection } from 'mongodb'", 'the package mongodb'],
    ['library/adapters/express.ts', "import express from 'express'", 'the package express'],
    ['library/adapters/express.ts', "import type { Context } from 'koa'", 'the package koa'],
    ['library/adapters/express.ts', "import { a } from '../guards.ts'", 'library/guards.ts'],
    ['library/index.ts', "export { scan } from '../scanner/index.ts'", 'scanner/index.ts'],
    ['library/index.ts', "export { probes } from './protections/csrf/probe.ts'", 'ships, and imports'],
    ['library/accounts/index.ts', "import { sqliteStore } from '../stores/sqlite.ts'", 'library/stores/sqlite.ts'],
    ['library/accounts/index.ts', "await import('otpauth')", 'the package otpauth'],
    ['library/accounts/packages/otpauth.ts', "import { totp } from 'otplib'", 'the package otplib'],
    ['library/accounts/stores/postgres.ts', "import { Pool } from 'pg'", 'the package pg'],
    ['library/testing/index.ts', "import { test } from 'vitest'", 'the package vitest'],
    ['library/index.ts', 'const a = await import(name)', 'only shows at run time'],
    ['cli/main.ts', 'const a = await import(name)', 'only shows at run time'],
    ['scanner/parse.ts', "import ts from 'typescript'", 'the package typescript'],
    ['scanner/taint.ts', "import { parseSync } from 'oxc-parser'", 'the package oxc-parser'],
    [
      'scanner/index.ts',
      "import { rules } from '../library/protections/csrf/rule.ts'",
      'library/protections/csrf/rule.ts',
    ],
    [
      'scanner/rules.ts',
      "import { csrf } from '../library/protections/csrf/guard.ts'",
      'library/protections/csrf/guard.ts',
    ],
    [
      'prober/probes.ts',
      "import { rules } from '../library/protections/csrf/rule.ts'",
      'library/protections/csrf/rule.ts',
    ],
    ['prober/target.ts', "import { request } from 'undici'", 'the package undici'],
    ['prober/target.ts', "import { serve } from './lab.ts'", 'which only tests may'],
    ['prober/target.ts', "import { scan } from '../scanner/index.ts'", 'scanner/index.ts'],
    ['prober/target.ts', "import http from 'http'", 'http without node:'],
    ['cli/commands/scan.ts', "import { scan } from '../../scanner/index.ts'", 'scanner/index.ts'],
    ['cli/routes/child.ts', "import { bulwark } from 'bulwark'", 'the package bulwark'],
    ['cli/db/drivers.ts', "import pg from 'pg'", 'the package pg'],
    ['cli/main.ts', "import chalk from 'chalk'", 'the package chalk'],
    ['console/console.ts', "import { a } from '../library/index.ts'", 'library/index.ts'],
    ['console/console.ts', "import { scan } from '@bulwark/scanner'", 'the package @bulwark/scanner'],
    ['example/blog/app.ts', "import { a } from '../../library/index.ts'", 'library/index.ts'],
    ['bench/main.ts', "const a = require('../library/dist/index.js')", 'library/dist/index.js'],
    ['library/core/guard.ts', "import type { A } from './exchange'", 'without its ending'],
  ]

  test.each(planted)('%s: %s', (path, text, reason) => {
    const [breach, ...more] = breaches(new Map([[path, text]]))
    expect(breach).toContain(`${path}:1 `)
    expect(breach).toContain(reason)
    expect(more).toEqual([])
  })

  test('in every layer', () => {
    const named = new Set(planted.map(([path]) => layerOf(path)?.name))
    expect(LAYERS.map(({ name }) => name).filter((name) => !named.has(name))).toEqual([])
  })
})

test.each([
  [
    'library/protections/csrf/guard.ts',
    "import { deny } from '../../core/guard.ts'\nimport { a } from '../../toolbox/ip.ts'\nimport { b } from './words.ts'",
  ],
  [
    'library/protections/csrf/probe.ts',
    "import type { Probe } from '../../core/probe.ts'\nimport { gzipSync } from 'node:zlib'",
  ],
  ['library/stores/sqlite.ts', "await import('@photostructure/sqlite')"],
  [
    'library/runtime/policy.ts',
    "import { factories } from '../guards.ts'\nimport { memoryStore } from '../stores/memory.ts'",
  ],
  ['library/adapters/fastify.ts', "import type {} from 'fastify'"],
  ['library/adapters/hono.ts', "import type {} from 'hono'"],
  ['scanner/rules.ts', "import { rules } from '../library/protections/csrf/rule.ts'"],
  ['scanner/parse.ts', "import { parseSync } from 'oxc-parser'"],
  ['cli/main.ts', "import { scan } from '@bulwark/scanner'"],
  ['console/pages/now.ts', "import { html } from 'bulwark'"],
  ['example/blog/app.ts', "import express from 'express'\nimport { bulwark } from 'bulwark/express'"],
  ['library/core/guard.ts', "const text = \"import x from 'express'\" // from 'express'"],
])('an allowed import is none: %s', (path, text) => {
  expect(breaches(new Map([[path, text]]))).toEqual([])
})

test('every form of import is seen, with its line', () => {
  const text = [
    "import a from 'a'",
    "import type { B } from 'b'",
    "export { c } from 'c'",
    "export * from 'd'",
    "const e = await import('e')",
    "const f = require('f')",
    "let g: import('g').G",
    "import h = require('h')",
    "import 'i'",
    'export const j = 1',
  ].join('\n')
  expect(importsOf('x.ts', text).map(({ specifier, line }) => `${specifier}${line}`)).toEqual([
    'a1',
    'b2',
    'c3',
    'd4',
    'e5',
    'f6',
    'g7',
    'h8',
    'i9',
  ])
})

test('a file that does not parse is no file without imports', () => {
  expect(() => importsOf('x.ts', 'import {')).toThrow('x.ts does not parse')
})
