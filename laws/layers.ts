import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import { importsOf } from './imports.ts'

/** What the files of one part of the tree may import. The first entry whose `files` fits a path is the one that counts. */
interface Layer {
  readonly name: string
  readonly files: RegExp
  /** Paths from the root; `$slice` stands for the protection's own folder. */
  readonly may: readonly string[]
  /** `true`: every built-in module. */
  readonly node?: true | readonly string[]
  /** May import what only shows at run time: an app that it was asked about. */
  readonly computed?: true
  /** `true`: every package, as an app would. */
  readonly packages?: true | readonly string[]
  /** Packages whose types may be spoken of. */
  readonly types?: readonly string[]
}

const CORE = 'library/core/'
const TOOLBOX = 'library/toolbox/'
const KEYS = 'library/keys/'
const FIREWALL = 'library/firewall/'
const TOKENS = 'library/tokens/'

/** The architecture, as data. An arrow that is not here may not be drawn. */
export const LAYERS: readonly Layer[] = [
  { name: 'core', files: /^library\/core\//, may: [CORE] },
  { name: 'toolbox', files: /^library\/toolbox\//, may: [TOOLBOX], node: true },
  { name: 'firewall', files: /^library\/firewall\//, may: [CORE, TOOLBOX, FIREWALL], node: true },

  // A probe never opens a socket and a rule never parses: their engines do that for them. Pure built-ins are enough.
  { name: 'risks', files: /^library\/protections\/[^/]+\/risks\.ts$/, may: [CORE] },
  {
    name: 'probe',
    files: /^library\/protections\/[^/]+\/probe(?:-[a-z]+)*\.ts$/,
    may: [CORE, TOOLBOX, '$slice'],
    node: ['node:buffer', 'node:crypto', 'node:zlib'],
  },
  { name: 'rule', files: /^library\/protections\/[^/]+\/rule\.ts$/, may: [CORE, TOOLBOX, '$slice'] },
  // A victim is an app: it may use the platform in all the wrong ways.
  { name: 'victim', files: /^library\/protections\/[^/]+\/victim\.ts$/, may: [CORE, TOOLBOX, '$slice'], node: true },
  // What packages do better than Node itself stands in a leaf of its own, and each of them is optional.
  {
    name: 'hashers',
    files: /^library\/protections\/passwords\/hashing\/packages\.ts$/,
    may: [],
    node: ['node:module'],
    packages: ['@node-rs/argon2', 'bcryptjs'],
  },
  // Grammars and lists that others keep up to date: e-mail addresses, domain names, countries.
  {
    name: 'checks',
    files: /^library\/protections\/input\/kit\/packages\.ts$/,
    may: [CORE],
    node: ['node:module'],
    packages: ['validator'],
  },
  {
    name: 'forms',
    files: /^library\/protections\/uploads\/parser\.ts$/,
    may: [CORE],
    node: ['node:module', 'node:stream'],
    packages: ['@fastify/busboy'],
  },
  // The firewall knows no protection; a sink of a protection stands on it.
  {
    name: 'protections',
    files: /^library\/protections\//,
    may: [CORE, TOOLBOX, KEYS, FIREWALL, TOKENS, '$slice'],
    node: true,
  },
  // Signatures are checked by a package that many eyes have read, and only where a policy asks for tokens.
  {
    name: 'signatures',
    files: /^library\/tokens\/jose\.ts$/,
    may: [CORE],
    node: ['node:crypto', 'node:module'],
    packages: ['jose'],
  },
  { name: 'tokens', files: /^library\/tokens\//, may: [CORE, TOOLBOX, TOKENS], node: true },
  { name: 'keys', files: /^library\/keys\//, may: [CORE, TOOLBOX, KEYS], node: true },
  { name: 'audit', files: /^library\/audit\//, may: [CORE, TOOLBOX, KEYS, 'library/audit/'], node: true },

  {
    name: 'sqlite',
    files: /^library\/stores\/sqlite(?:\.ts$|\/)/,
    may: [CORE, TOOLBOX, 'library/stores/'],
    node: true,
    packages: ['@photostructure/sqlite'],
  },
  { name: 'stores', files: /^library\/stores\//, may: [CORE, TOOLBOX, 'library/stores/'], node: true },
  // What makes certificates is the only part that needs a package, and only when it is asked to.
  {
    name: 'certificates',
    files: /^library\/transport\/x509\.ts$/,
    may: [CORE, TOOLBOX, 'library/transport/'],
    node: true,
    packages: ['@peculiar/x509', 'reflect-metadata'],
  },
  { name: 'transport', files: /^library\/transport\//, may: [CORE, TOOLBOX, 'library/transport/'], node: true },
  // The memory store is what a policy without a store gets.
  {
    name: 'runtime',
    files: /^library\/runtime\//,
    may: [
      CORE,
      TOOLBOX,
      KEYS,
      FIREWALL,
      'library/runtime/',
      'library/guards.ts',
      'library/known.ts',
      'library/stores/memory.ts',
    ],
    node: true,
  },
  {
    name: 'adapters',
    files: /^library\/adapters\//,
    may: [CORE, TOOLBOX, 'library/runtime/', 'library/adapters/'],
    node: true,
    // Whoever uses an adapter has its framework, so its types may add `req.security` to those of the framework.
    types: ['express', 'fastify', 'hono'],
  },
  // Whole flows out of several protections; no package but the two that second factors need, each in one leaf.
  {
    name: 'account-stores',
    files: /^library\/accounts\/stores\//,
    may: [CORE, TOOLBOX, 'library/accounts/', 'library/stores/'],
    node: true,
  },
  {
    name: 'account-packages',
    files: /^library\/accounts\/packages\//,
    may: [CORE, 'library/accounts/store.ts'],
    packages: ['otpauth', '@simplewebauthn/server'],
  },
  {
    name: 'accounts',
    files: /^library\/accounts\//,
    may: [CORE, TOOLBOX, 'library/accounts/', 'library/protections/'],
    node: true,
  },
  { name: 'testing', files: /^library\/testing\//, may: ['library/'], node: true },
  { name: 'entry', files: /^library\/[^/]+\.ts$/, may: ['library/'], node: true },

  {
    name: 'parser',
    files: /^scanner\/parse\.ts$/,
    may: ['scanner/', CORE, TOOLBOX],
    node: true,
    packages: ['oxc-parser'],
  },
  {
    name: 'rules',
    files: /^scanner\/rules\.ts$/,
    may: [CORE, 'library/protections/*/rule.ts', 'library/protections/*/risks.ts'],
  },
  { name: 'scanner', files: /^scanner\//, may: ['scanner/', CORE, TOOLBOX], node: true },
  {
    name: 'probes',
    files: /^prober\/probes\.ts$/,
    may: [CORE, 'library/protections/*/probe.ts', 'library/protections/*/risks.ts'],
  },
  { name: 'prober', files: /^prober\//, may: ['prober/', CORE, TOOLBOX], node: true },

  // Runs in a process of its own, which ends when it has asked the app for its routes.
  { name: 'cli child', files: /^cli\/routes\/child\.ts$/, may: ['cli/routes/'], node: true, computed: true },
  // The driver is the app's own: it is there, or it is asked for.
  { name: 'cli drivers', files: /^cli\/db\/drivers\.ts$/, may: ['cli/'], node: true, computed: true },
  {
    name: 'cli',
    files: /^cli\//,
    may: ['cli/'],
    node: true,
    packages: ['bulwark', '@bulwark/scanner', '@bulwark/prober'],
  },
  { name: 'console', files: /^console\//, may: ['console/'], node: true, packages: ['bulwark'] },
  { name: 'example', files: /^example\//, may: ['example/'], node: true, packages: true },
  { name: 'bench', files: /^bench\//, may: ['bench/'], node: true, packages: true },
]

/** What never ships inside `bulwark`: an import of it would be missing from the installed package. */
const ATTACKS = /^library\/protections\/[^/]+\/(?:probe(?:-[a-z]+)*|rule|victim)\.ts$/

/** What only tests import: built by nobody, published by nobody. The packages' tsconfig.json files exclude them. */
export const TEST_ONLY: readonly string[] = [
  'prober/lab.ts',
  'scanner/lab.ts',
  'cli/reporters/samples.ts',
  'library/accounts/test-world.ts',
  'library/accounts/test-authenticator.ts',
  'library/accounts/test-totp.ts',
  'library/protections/sql-injection/judge/hostile.ts',
  'library/protections/sql-injection/database/test-app.ts',
  'library/protections/uploads/test-forms.ts',
]

/** Whether the law reads this file: everything that ships or runs; tests may import what they like, and nothing runs what rules only read. */
export function isJudged(path: string): boolean {
  return (
    /\.[cm]?[jt]s$/.test(path) &&
    !/\.d\.ts$|\.test\.ts$|\/fixtures\//.test(path) &&
    !path.includes('/fixtures/') &&
    // Written as apps were in 2016, without `node:` and without endings.
    !path.startsWith('example/old/desk/') &&
    !TEST_ONLY.includes(path) &&
    layerOf(path) !== undefined
  )
}

/** Every import that no arrow allows, one readable line each. */
export function breaches(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const [path, text] of files) {
    const layer = layerOf(path)
    if (layer === undefined) continue
    for (const { specifier, line, typeOnly } of importsOf(path, text)) {
      const reason = specifier === undefined ? computed(layer) : judge(layer, path, specifier, typeOnly)
      if (reason !== undefined) found.push(`${path}:${line} (${layer.name}) ${reason}`)
    }
  }
  return found
}

export function layerOf(path: string): Layer | undefined {
  return LAYERS.find(({ files }) => files.test(path))
}

function computed(layer: Layer): string | undefined {
  return layer.packages === true || layer.computed === true
    ? undefined
    : 'imports something that only shows at run time'
}

function judge(layer: Layer, path: string, specifier: string, typeOnly: boolean): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    const target = posix.join(posix.dirname(path), specifier)
    if (!/\.(?:[cm]?[jt]s|json)$/.test(target)) return `imports ${specifier} without its ending`
    if (path.startsWith('library/') && ATTACKS.test(target) && !ATTACKS.test(path))
      return `ships, and imports ${target}, which does not`
    if (TEST_ONLY.includes(target)) return `imports ${target}, which only tests may`
    return layer.may.some((allowed) => fits(target, allowed, path)) ? undefined : `imports ${target}`
  }
  if (specifier.startsWith('node:')) {
    return layer.node === true || layer.node?.includes(specifier) ? undefined : `imports ${specifier}`
  }
  if (builtinModules.includes(specifier)) return `imports ${specifier} without node:`
  if (layer.packages === true) return undefined
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  if (typeOnly && layer.types?.includes(name)) return undefined
  return layer.packages?.includes(name) ? undefined : `imports the package ${specifier}`
}

function fits(target: string, allowed: string, path: string): boolean {
  const place = allowed === '$slice' ? path.split('/', 3).join('/').concat('/') : allowed
  if (place.endsWith('/')) return target.startsWith(place)
  const [before = '', after] = place.split('*')
  if (after === undefined) return target === place
  const between = target.slice(before.length, target.length - after.length)
  return target.startsWith(before) && target.endsWith(after) && /^[^/]+$/.test(between)
}
