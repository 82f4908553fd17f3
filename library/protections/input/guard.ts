import type { Contract } from '../../core/contract.ts'
import { BulwarkError } from '../../core/errors.ts'
import type { Awaitable, Exchange } from '../../core/exchange.ts'
import { type Denial, deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'
import type { InputOf, InputSchemas, Schema } from '../../core/schema.ts'
import type { FileField } from '../../core/upload.ts'
import { parseSize } from '../../toolbox/size.ts'
import { compilePart, type How, type Judged, judge, type Part, type Unicode } from './part.ts'
import { type Reading, readBody, readQuery } from './read.ts'

export interface InputOptions extends CommonOptions {
  /**
   * In which form texts reach the schemas and the app. Composed forms (`NFC`) make equal what looks equal; `NFKC` also folds compatibility
   * characters, which suits names that must be unique and not what people write.
   * @default 'as sent'
   */
  readonly unicode?: Unicode
}

declare module '../../core/contract.ts' {
  interface Contract {
    /** What the body must be, read as JSON or as a form: any Standard Schema. Texts of a form are also taken for what they exactly are. */
    readonly body?: Schema
    /** What the query must be. Its texts are also taken for what they exactly are, such as `'42'` for 42. */
    readonly query?: Schema
    /** What the parts of the path must be; as with `query`. */
    readonly params?: Schema
    /** What the request headers must be, by lower-case names; only those that the schema asks for are looked at. As with `query`. */
    readonly headers?: Schema
    /** Which files a form may carry, by the names of its fields. Their types, sizes and names are checked while they arrive. */
    readonly files?: Readonly<Record<string, FileField>>
    /** As `policy.input.unicode`, for this route. */
    readonly unicode?: Unicode
  }
}

declare module '../../core/security.ts' {
  interface Security {
    /** What the schemas of the route made of the request. `undefined` for parts that the route does not declare. */
    readonly input: Input
  }
}

/** The parts of a request as the route's schemas made them. */
export type Input = { readonly [Part in keyof InputOf<unknown>]: unknown }

type Name = keyof InputSchemas

/** The path comes first: whoever asks for what cannot be there need not be told about the body. */
const NAMES: readonly Name[] = ['params', 'query', 'headers', 'body']
const NOTHING: Input = Object.freeze({
  body: undefined,
  query: undefined,
  params: undefined,
  headers: undefined,
  files: undefined,
})

type Given = Record<keyof Input, unknown>

interface Plan {
  /** The names of the file fields, where the route declares any. */
  readonly fileNames: readonly string[] | undefined
  readonly parts: readonly (readonly [name: Name, part: Part])[]
  readonly unicode: Unicode
}

/**
 * Lets a request reach its handler only as what the route's schemas say, and hands the result over typed; nothing is rewritten in place.
 *
 * Keys that a schema does not know never pass, and nothing is bent into another type, whatever the habits of the library that made it.
 * **Security**: CWE-20, CWE-915, CWE-843; ASVS 2.2.1, 2.2.2, 15.3.3, 15.3.5. 422 for a body, 400 for the rest, 415 for another kind of body.
 * @throws BulwarkError `BULWARK_SCHEMA_INVALID` when the app starts, `BULWARK_POLICY_INVALID`
 */
export function input(options: InputOptions, setup: Setup): Guard {
  const unicode = checkUnicode(options.unicode ?? 'as sent', 'policy.input.unicode')
  const plans = new WeakMap<Contract, Plan | typeof NONE>()
  let declaresBodies = false
  const toldUnread = new Set<string>()

  const planOf = (contract: Contract, at: string): Plan | undefined => {
    let plan = plans.get(contract)
    if (plan === undefined) {
      plans.set(contract, (plan = compile(contract, unicode, at) ?? NONE))
      if (contract.body !== undefined) {
        declaresBodies = true
        setup.bodies.kept = Math.max(setup.bodies.kept, ...sizesOf(contract))
      }
    }
    return plan === NONE ? undefined : plan
  }

  return {
    name: 'input',
    phase: 'input',
    onRoutes(routes) {
      for (const { method, path, contract } of routes) if (contract !== undefined) planOf(contract, `${method} ${path}`)
    },
    onRoute(x) {
      const { contract } = x
      const plan = contract && planOf(contract, 'secure()')
      if (plan === undefined) return undefined
      const given: Given = { ...NOTHING }
      return judgeParts(x, plan, given, 0, setup)
    },
    onResponse(x) {
      // A body that a handler answered to, without the route having said what it takes: the next one may be anything.
      if (!declaresBodies || !x.request.hasBody || x.response.status >= 400) return undefined
      const { route, contract } = x
      if (route === undefined || contract?.body !== undefined || x.request.bodyBytes === 0) return undefined
      if (contract?.files !== undefined) return undefined
      const key = `${route.method} ${route.path}`
      if (toldUnread.has(key) || toldUnread.size >= 1_000) return undefined
      toldUnread.add(key)
      x.report({
        guard: 'input',
        risk: 'unvalidated-input',
        reason: `${key} took a body that it does not declare`,
        fix: 'declare it with secure({ body: schema }), as the other routes do',
      })
      return undefined
    },
    offers: { input: (x) => (x.notes.get('input') as Input | undefined) ?? NOTHING },
  }
}

const NONE = Symbol('declares nothing')

function judgeParts(x: Exchange, plan: Plan, given: Given, from: number, setup: Setup): Awaitable<Denial | undefined> {
  for (let i = from; i < plan.parts.length; i++) {
    const [name, part] = plan.parts[i]!
    const verdict = judgePart(x, name, part, plan, setup)
    if (isPromise(verdict)) {
      return verdict.then((settled) => take(settled, name, given) ?? judgeParts(x, plan, given, i + 1, setup))
    }
    const denial = take(verdict, name, given)
    if (denial !== undefined) return denial
  }
  if (plan.fileNames !== undefined) return takeFiles(x, plan.fileNames, given, setup)
  x.notes.set('input', given)
  return undefined
}

/** The fields of the form were judged with the body; asking for it again answers the same. */
async function takeFiles(
  x: Exchange,
  names: readonly string[],
  given: Given,
  setup: Setup,
): Promise<Denial | undefined> {
  const form = await setup.uploads.receive(x)
  if (form !== undefined && 'status' in form) return form
  given.files = form?.files ?? Object.fromEntries(names.map((name) => [name, []]))
  x.notes.set('input', given)
  return undefined
}

function take(judged: Judged | Denial, name: Name, given: Given): Denial | undefined {
  if ('status' in judged) return judged
  if ('value' in judged) {
    given[name] = judged.value
    return undefined
  }
  const errors =
    name === 'body' ? judged.errors : judged.errors.map((error) => ({ ...error, path: under(name, error.path) }))
  return deny(judged.risk, `${name}: ${judged.reason}`, name === 'body' ? 422 : 400, { errors })
}

function judgePart(x: Exchange, name: Name, part: Part, plan: Plan, setup: Setup): Awaitable<Judged | Denial> {
  const { unicode } = plan
  const how: How = { texts: true, isForm: false, drops: true, unicode }
  switch (name) {
    case 'params':
      return judge(part, { ...x.params }, how)
    case 'query':
      return judgeReading(part, readQuery(x.request.target), how)
    case 'headers':
      return judge(part, headersOf(x, part), how)
    case 'body': {
      if (plan.fileNames !== undefined) return judgeForm(x, part, plan, setup)
      return judgeBody(x, part, unicode, setup.bodies.kept)
    }
  }
}

/** A form with files has fields as well; whatever else was sent to the route is read as everywhere. */
async function judgeForm(x: Exchange, part: Part, { unicode }: Plan, setup: Setup): Promise<Judged | Denial> {
  const form = await setup.uploads.receive(x)
  if (form === undefined) return judgeBody(x, part, unicode, setup.bodies.kept)
  return 'status' in form ? form : judge(part, form.fields, { texts: true, isForm: true, drops: false, unicode })
}

function judgeBody(x: Exchange, part: Part, unicode: Unicode, most: number): Awaitable<Judged | Denial> {
  const isForm = x.request.header('content-type')?.startsWith('application/x-www-form-urlencoded') === true
  const ways: How = { texts: isForm, isForm, drops: false, unicode }
  const chunks = x.request.bodyStart()
  return isPromise(chunks)
    ? chunks.then((all) => judgeReading(part, readBody(x, all, most), ways))
    : judgeReading(part, readBody(x, chunks, most), ways)
}

function judgeReading(part: Part, reading: Reading, how: How): Awaitable<Judged | Denial> {
  return 'value' in reading
    ? judge(part, reading.value, how)
    : deny('unvalidated-input', reading.reason, reading.status)
}

/** Only what the schema asks for by name: every request carries headers that nobody declares. */
function headersOf(x: Exchange, part: Part): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of part.shape.keys.keys()) {
    const value = x.request.header(name)
    if (value !== undefined) headers[name] = value
  }
  return headers
}

function under(name: Name, path: string): string {
  return path === '' ? name : `${name}.${path}`
}

function compile(contract: Contract, unicode: Unicode, at: string): Plan | undefined {
  const parts = NAMES.flatMap((name): [Name, Part][] => {
    const schema = contract[name]
    return schema === undefined ? [] : [[name, compilePart(checkSchema(schema, `${at}, secure({ ${name} })`))]]
  })
  const fileNames = contract.files && Object.keys(contract.files)
  if (parts.length === 0 && fileNames === undefined) return undefined
  return { fileNames, parts, unicode: checkUnicode(contract.unicode ?? unicode, `${at}, secure({ unicode })`) }
}

function checkSchema(schema: Schema, at: string): Schema {
  const standard = (schema as Partial<Schema> | undefined)?.['~standard']
  if (standard?.version === 1 && typeof standard.validate === 'function') return schema
  throw new BulwarkError('BULWARK_SCHEMA_INVALID', 'this is no Standard Schema', {
    at,
    fix: 'use a schema of zod 4, valibot 1, arktype 2, joi 18 or yup 1.7, or schemaOf(validate) for what ajv or TypeBox compiled',
  })
}

function checkUnicode(unicode: Unicode, at: string): Unicode {
  if (unicode === 'as sent' || unicode === 'NFC' || unicode === 'NFKC') return unicode
  throw new BulwarkError('BULWARK_POLICY_INVALID', 'there is no such form of Unicode', {
    at,
    fix: "use 'NFC', 'NFKC' or 'as sent'",
  })
}

function sizesOf({ bodyLimits }: Contract): number[] {
  return [bodyLimits?.json, bodyLimits?.form].map((size) => (size === undefined ? 0 : (parseSize(size) ?? 0)))
}

function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}
