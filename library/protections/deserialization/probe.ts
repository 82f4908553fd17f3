import { type Answer, type Outcome, type Probe, type Target, tryOut } from '../../core/probe.ts'
import { type Place, placesOf } from './probe-places.ts'
import { patternInstead } from './probe-v8.ts'

const OUTCOMES = 5
const PASSWD = /(?<!\w)root:[^:]{0,40}:0:0:/

type Ways = readonly ((value: string, word: string) => string | undefined)[]

const functions: Probe = {
  name: 'deserialization/function',
  risk: 'unsafe-deserialization',
  title: 'A function in the data of a client is run',
  kind: 'active',
  attack: (target) =>
    firstOf(target, FUNCTIONS, {
      // The letters come back in an order that only a function can have given them.
      shows: (text, word) => text.includes(reversed(word)),
      message: (place) =>
        `A function inside of ${place.field} is run while the value is read, with all that the app may do.`,
      remedy:
        'Read data of clients with JSON.parse() and check it with a schema; nothing in it needs to be a function.',
    }),
}

const pattern: Probe = {
  name: 'deserialization/pattern',
  risk: 'unsafe-deserialization',
  title: 'Bytes of a client become objects of any kind',
  kind: 'active',
  attack: (target) =>
    firstOf(target, [patternInstead], {
      shows: (text, word) => text.includes(`/${word}/`),
      message: (place) => `The bytes in ${place.field} are read by node:v8, and become a pattern where a text belongs.`,
      remedy:
        'Hand out JSON, and read it with JSON.parse() and a schema; node:v8 is for bytes that only the server has.',
    }),
}

const entities: Probe = {
  name: 'deserialization/entity',
  risk: 'xml-entities',
  title: 'Entities that a client declares in XML grow',
  kind: 'active',
  attack: (target) =>
    firstOf(target, [(value, word) => withEntity(value, `"${word}"`, '&b;&b;&b;')], {
      // Three of them next to each other were never sent.
      shows: (text, word) => text.includes(word.repeat(3)),
      message: (place) =>
        `An entity that the XML in ${place.field} declares is put in, so a few lines can fill the memory.`,
      remedy: 'Refuse documents with a document type, and leave options such as noent out.',
    }),
}

const file: Probe = {
  name: 'deserialization/entity-file',
  risk: 'xml-entities',
  title: 'An entity in XML reads a file of the server',
  kind: 'active',
  attack: (target) =>
    firstOf(target, [(value) => withEntity(value, 'SYSTEM "file:///etc/passwd"', '&b;')], {
      shows: (text) => PASSWD.test(text),
      message: (place) => `An entity in the XML of ${place.field} names a file, and its content is in the answer.`,
      remedy: 'Refuse documents with a document type, and leave options such as noent and dtdload out.',
    }),
}

export const probes: readonly Probe[] = [functions, pattern, entities, file]

interface Effect {
  shows(text: string, word: string): boolean
  message(place: Place): string
  readonly remedy: string
}

/** Tries each way at each place where it fits the honest value. */
async function* firstOf(target: Target, ways: Ways, effect: Effect): AsyncGenerator<Outcome> {
  let yielded = 0
  for (const place of placesOf(target)) {
    const fitting = ways.filter((way) => way(place.value, 'word') !== undefined)
    if (fitting.length === 0) continue
    const run = async (way: Ways[number]): Promise<{ worked: boolean; answer: Answer }> => {
      const word = target.nonce()
      const answer = await place.send(way(place.value, word) ?? place.value)
      return { worked: effect.shows(answer.text, word), answer }
    }
    let chosen = fitting[0] as Ways[number]
    for (const way of fitting) {
      if (!(await run(way)).worked) continue
      chosen = way
      break
    }
    const outcome = await tryOut(
      {
        control: async () => {
          const { status } = await place.send(place.value)
          return status > 0 && status < 400
        },
        attack: () => run(chosen),
        alsoHarmless: async () => effect.shows((await place.send(place.value)).text, target.nonce()),
      },
      { method: place.route.method, path: place.route.path, message: effect.message(place), remedy: effect.remedy },
    )
    yield outcome
    if (outcome.verdict === 'proven' || ++yielded === OUTCOMES) return
  }
}

/** Where functions may hide, by what the honest value is. */
const FUNCTIONS: Ways = [
  (value, word) => inJson(value, `_$$ND_FUNC$$_function(){return ${reversing(word)}}()`),
  (value, word) => inJson(value, `_CRYO_FUNCTION_function(){return ${reversing(word)}}`),
  (value, word) => inJson(value, { toString: `_$$ND_FUNC$$_function(){return ${reversing(word)}}` }),
  (value, word) => inJson(value, { __js_function: `function(){return ${reversing(word)}}()` }),
  (value, word) => inYaml(value, `!!js/function 'function(){return ${reversing(word)}}'`),
  (value, word) => inYaml(value, `{toString: !!js/function 'function(){return ${reversing(word)}}'}`),
]

/** Code without any quotes, so that it can stand inside of all of them. */
function reversing(word: string): string {
  return `/${word}/.source.split(/(?:)/).reverse().join([])`
}

function reversed(word: string): string {
  return [...word].reverse().join('')
}

/** Every text of a JSON object, or of one inside of base64, is replaced. */
function inJson(value: string, by: unknown): string | undefined {
  const plain = value.trimStart().startsWith('{') ? value : Buffer.from(value, 'base64').toString()
  if (!plain.trimStart().startsWith('{')) return undefined
  try {
    const object = JSON.parse(plain) as Record<string, unknown>
    const hostile = Object.fromEntries(
      Object.entries(object).map(([key, each]) => [key, typeof each === 'string' ? by : each]),
    )
    const text = JSON.stringify(hostile)
    return plain === value ? text : Buffer.from(text).toString('base64')
  } catch {
    return undefined
  }
}

/** A value of several lines such as `name: text` is YAML; each of its texts is replaced. */
function inYaml(value: string, by: string): string | undefined {
  if (!/^\s*[\w-]+: \S/.test(value) || value.trimStart().startsWith('{')) return undefined
  return value.replace(/^(\s*[\w-]+:) +\S.*$/gm, (_, key: string) => `${key} ${by}`)
}

/** Declares an entity, and puts it in the place of the first text. */
function withEntity(value: string, is: string, uses: string): string | undefined {
  const root = /<([A-Za-z][\w.:-]*)[^>]*>/.exec(value)
  if (root === null || !/^\s*<(?:\?xml|[A-Za-z])/.test(value) || !value.includes('</')) return undefined
  const body = value.slice(root.index).replace(/>([^<>]*[^<>\s][^<>]*)</, `>${uses}<`)
  return body.includes(uses) ? `<?xml version="1.0"?><!DOCTYPE ${root[1]} [<!ENTITY b ${is}>]>${body}` : undefined
}
