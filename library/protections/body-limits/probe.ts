import { gzipSync } from 'node:zlib'
import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const HUGE = 2 * 1024 * 1024
const REMEDY = 'Protect the app with bulwark(), or add the bodyLimits protection back to its policy.'
/** Routes that one probe tries: the first that falls is enough. */
const MOST_ROUTES = 3

/** What one attack makes of an honest request; the word is in one of the fields. */
type Forge = (fields: Readonly<Record<string, string>>) => Pick<Ask, 'headers' | 'body'>

interface Plan {
  readonly type: 'json' | 'form'
  readonly forge: Forge
  readonly message: string
}

const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

const hugeJson = written('huge-json', 'oversized-body', 'JSON of any size is read', {
  type: 'json',
  // Blanks: whatever schema the route has, this is the same document as the honest one.
  forge: (fields) => ({ headers: JSON_TYPE, body: `${JSON.stringify(fields).slice(0, -1)}${' '.repeat(HUGE)}}` }),
  message: 'A JSON body of 2 MB is read into memory and used, so a few clients can fill the memory.',
})

const hugeForm = written('huge-form', 'oversized-body', 'A form of any size is read', {
  type: 'form',
  forge: (fields) => ({ headers: FORM_TYPE, body: `${new URLSearchParams(fields)}&padding=${'x'.repeat(HUGE)}` }),
  message: 'A form of 2 MB is read into memory and used, so a few clients can fill the memory.',
})

const manyKeys = written('many-keys', 'complex-body', 'An object of any number of keys is read', {
  type: 'json',
  forge: (fields) => {
    const more = Array.from({ length: 1300 }, (_, i) => `"${i.toString(36)}":0`).join()
    return { headers: JSON_TYPE, body: `{${more},${JSON.stringify(fields).slice(1)}` }
  },
  message: 'An object with 1,300 keys that nobody asked for is accepted.',
})

const duplicateKey = written('duplicate-key', 'ambiguous-body', 'A key that occurs twice is read in one of two ways', {
  type: 'json',
  forge: (fields) => {
    const honest = Object.fromEntries(Object.keys(fields).map((name) => [name, 'a harmless word']))
    return { headers: JSON_TYPE, body: `${JSON.stringify(honest).slice(0, -1)},${JSON.stringify(fields).slice(1)}` }
  },
  message:
    'Of two values under one key the last is used, so whatever checks the first (a proxy, another service) is passed by.',
})

const gzipBomb = written('gzip-bomb', 'compression-bomb', 'A small compressed body is inflated without a limit', {
  type: 'json',
  forge: (fields) => ({
    headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
    body: gzipSync(`${JSON.stringify(fields).slice(0, -1)}${' '.repeat(HUGE)}}`),
  }),
  message: 'Two kilobytes of gzip become two megabytes in the memory of the app.',
})

const unknownType = written('unknown-type', 'unexpected-content-type', 'A body of an unknown type is parsed', {
  type: 'json',
  forge: (fields) => ({ headers: { 'content-type': 'application/x-unknown' }, body: JSON.stringify(fields) }),
  message: 'A body of the type application/x-unknown is parsed as JSON, past everything that looks at the type.',
})

/** A body that no page can be drawn from any more: recursion over it runs out of stack, for everybody who asks. */
const deepJson: Probe = {
  name: 'body-limits/deep-json',
  risk: 'complex-body',
  title: 'A deeply nested body breaks a page for everybody',
  kind: 'last',
  async *attack(target) {
    for (const route of candidates(target, 'json')) {
      const fields = route.body?.fields ?? {}
      const name = fieldOf(fields)
      const body = JSON.stringify({ ...fields, [name]: 0 }).replace(
        /:0([,}])/,
        `:${'['.repeat(60_000)}${']'.repeat(60_000)}$1`,
      )
      const page = (): Promise<Answer> =>
        target.send({ path: route.readBack ?? '/', signedIn: route.signedIn === true })
      const outcome = await tryOut(
        {
          control: async () => {
            await target.send(asking(route, { headers: JSON_TYPE, body: JSON.stringify(fields) }))
            return isFine(await page())
          },
          attack: async () => {
            await target.send(asking(route, { headers: JSON_TYPE, body }))
            const answer = await page()
            return { worked: answer.status >= 500 || answer.failure !== undefined, answer }
          },
        },
        {
          method: route.method,
          path: route.path,
          message: `After one body of nested arrays, ${route.readBack} fails for everybody.`,
          remedy: REMEDY,
        },
      )
      // What was broken is repaired by an honest request, where the app lets it.
      await target.send(asking(route, { headers: JSON_TYPE, body: JSON.stringify(fields) }))
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** `__proto__` in a body reaches the object that others inherit from: the word turns up where nobody wrote it. */
const protoKey: Probe = {
  name: 'body-limits/proto-key',
  risk: 'prototype-pollution',
  title: 'A key of the body changes the prototype of other objects',
  kind: 'last',
  async *attack(target) {
    for (const route of candidates(target, 'json')) {
      const fields = route.body?.fields ?? {}
      const plant = async (key: string): Promise<{ worked: boolean; answer: Answer }> => {
        const word = target.nonce()
        const body = `${JSON.stringify(fields).slice(0, -1)},"${key}":{"${word}":"${word}"}}`
        await target.send(asking(route, { headers: JSON_TYPE, body }))
        const answer = await target.send({ path: route.readBack ?? '/', signedIn: route.signedIn === true })
        return { worked: answer.text.includes(word), answer }
      }
      const outcome = await tryOut(
        {
          control: async () => {
            const honest = await target.send(asking(route, { headers: JSON_TYPE, body: JSON.stringify(fields) }))
            return isFine(honest) && isFine(await target.send({ path: route.readBack ?? '/' }))
          },
          attack: () => plant('__proto__'),
          // A page that shows every key it was sent would show this one too.
          alsoHarmless: async () => (await plant('__prato__')).worked,
        },
        {
          method: route.method,
          path: route.path,
          message: `What is sent under "__proto__" shows up on ${route.readBack}, in an object that nobody wrote to.`,
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [
  hugeJson,
  hugeForm,
  manyKeys,
  duplicateKey,
  gzipBomb,
  unknownType,
  deepJson,
  protoKey,
]

/** A probe that judges by what was written: the word of an attack must be there to read, and that of an honest request too. */
function written(name: string, risk: string, title: string, plan: Plan): Probe {
  return {
    name: `body-limits/${name}`,
    risk,
    title,
    kind: 'state',
    async *attack(target): AsyncIterable<Outcome> {
      for (const route of candidates(target, plan.type)) {
        const honest: Forge = (fields) =>
          plan.type === 'json'
            ? { headers: JSON_TYPE, body: JSON.stringify(fields) }
            : { headers: FORM_TYPE, body: new URLSearchParams(fields).toString() }
        const outcome = await tryOut(
          {
            control: async () => (await write(target, route, honest)).worked,
            attack: () => write(target, route, plan.forge),
          },
          { method: route.method, path: route.path, message: plan.message, remedy: REMEDY },
        )
        // A route whose pages do not show what was written says nothing either way.
        if (outcome.verdict !== 'inconclusive') yield outcome
        if (outcome.verdict === 'proven') return
      }
    },
  }
}

function candidates(target: Target, type: 'json' | 'form'): readonly Route[] {
  return target.routes
    .filter(
      ({ method, body, readBack, signIn }) =>
        method !== 'GET' && body?.type === type && readBack !== undefined && !signIn,
    )
    .slice(0, MOST_ROUTES)
}

async function write(target: Target, route: Route, forge: Forge): Promise<{ worked: boolean; answer: Answer }> {
  const word = target.nonce()
  const fields = { ...route.body?.fields }
  fields[fieldOf(fields)] = word
  const answer = await target.send(asking(route, forge(fields)))
  const page = await target.send({ path: route.readBack ?? '/', signedIn: route.signedIn === true })
  return { worked: page.text.includes(word), answer }
}

function asking(route: Route, what: Pick<Ask, 'headers' | 'body'>): Ask {
  return { method: route.method, path: route.path, signedIn: route.signedIn === true, timeout: 10_000, ...what }
}

/** The field that most likely takes free text. */
function fieldOf(fields: Readonly<Record<string, string>>): string {
  const free = Object.keys(fields).filter((name) => !/^(_?csrf|token|next|id)$/i.test(name))
  return free.find((name) => /memo|text|body|title|comment|message|content|bio/i.test(name)) ?? free[0] ?? 'text'
}

function isFine({ status }: Answer): boolean {
  return status >= 200 && status < 400
}
