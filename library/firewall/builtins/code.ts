import Module, { syncBuiltinESMExports } from 'node:module'
import vm from 'node:vm'
import threads from 'node:worker_threads'
import { replace, watchOf } from './replace.ts'

/** What the platform tells of text that is about to become code. */
export interface CodeInspector {
  /** Throws to stop it. */
  code(text: string): void
  /** A module is about to be loaded by `require`, from the file `from`. Throws to stop it. */
  module(name: string, from: string): void
}

type Class = abstract new (...args: never[]) => object
type Load = (request: string, parent: { readonly filename?: string } | undefined, isMain: boolean) => unknown

const watch = watchOf<CodeInspector>('code')

/**
 * Watches what makes code of text: `Function` and its kin, `node:vm`, workers from text, and `require`. Functions are replaced once.
 *
 * `eval` cannot be watched: one that is replaced no longer sees the variables around it. Nor can `import()`, which asks no function.
 */
export function watchCode(inspector: CodeInspector): void {
  const isFirst = watch.inspector === undefined
  watch.inspector = inspector
  if (!isFirst) return
  watchFunctions()
  for (const name of ['runInContext', 'runInNewContext', 'runInThisContext', 'compileFunction']) {
    replace(vm, name, (native) => {
      return function (code, ...rest) {
        if (typeof code === 'string') watch.inspector?.code(code)
        return native.call(this, code, ...rest)
      }
    })
  }
  replaceClass(vm, 'Script', ([code]) => {
    if (typeof code === 'string') watch.inspector?.code(code)
  })
  replaceClass(threads, 'Worker', ([code, options]) => {
    const isText = (options as { eval?: unknown } | undefined)?.eval === true
    if (isText && typeof code === 'string') watch.inspector?.code(code)
    else if (code instanceof URL && code.protocol === 'data:') watch.inspector?.code(decodeURIComponent(code.pathname))
  })
  syncBuiltinESMExports()
  const loader = Module as unknown as { _load: Load }
  const native = loader._load
  loader._load = function (request, parent, isMain) {
    if (typeof request === 'string') watch.inspector?.module(request, parent?.filename ?? '')
    return native.call(this, request, parent, isMain)
  }
}

/** `Function` and the three kinds of it that have no name of their own, however they are reached. */
function watchFunctions(): void {
  const kinds = [() => {}, async () => {}, function* () {}, async function* () {}]
  for (const [i, kind] of kinds.entries()) {
    const prototype = Object.getPrototypeOf(kind) as { readonly constructor: Class }
    const native = prototype.constructor
    const watched = watchedClass(native, (texts) => watch.inspector?.code(texts.map(String).join('\n')))
    const { writable = false, enumerable = false } = Object.getOwnPropertyDescriptor(prototype, 'constructor') ?? {}
    Object.defineProperty(prototype, 'constructor', { value: watched, writable, enumerable, configurable: true })
    if (i === 0) globalThis.Function = watched as unknown as FunctionConstructor
  }
}

function replaceClass(owner: object, name: string, look: (args: readonly unknown[]) => void): void {
  const native = (owner as Record<string, Class>)[name]
  if (typeof native !== 'function') return
  const own = Object.getOwnPropertyDescriptor(owner, name)
  if (own?.configurable === false) return
  Object.defineProperty(owner, name, { ...own, value: watchedClass(native, look) })
}

/** The same class, looked at whenever it is called or made an object of. */
function watchedClass(native: Class, look: (args: readonly unknown[]) => void): Class {
  const watched: Class = new Proxy(native, {
    construct(Target, args, newTarget) {
      look(args)
      return Reflect.construct(Target, args, newTarget === watched ? Target : newTarget) as object
    },
    apply(Target, self, args) {
      look(args)
      return Reflect.apply(Target as unknown as (...all: unknown[]) => unknown, self, args)
    },
  })
  return watched
}
