// biome-ignore-all lint/suspicious/noTemplateCurlyInString: messages show what to write in a template

import { type Answer, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { isFormToken } from '../../toolbox/form-token.ts'
import { MarkupReader, type Place } from './markup.ts'

const REMEDY = 'Write pages with html`...` or another template language that escapes by itself.'
const OUTCOMES = 5
const MOST_FOLDERS = 4

/** Leaves every element that takes text only, so that what follows is read as a tag wherever markup gets through. */
const tagFor = (word: string): string => `${word}</script></style></title></textarea>--><x7q>`
const attributeFor = (word: string): string => `${word}" x7q="1' x7q='1 x7q=1`

/** One way to get a value into a page, and to see the page. */
interface Way {
  readonly method: string
  readonly path: string
  readonly field: string
  /** Puts the value in and answers the page that shows it. */
  put(value: string): Promise<Answer>
}

const reflected: Probe = {
  name: 'xss/reflected',
  risk: 'xss',
  title: 'A link puts markup into a page',
  kind: 'active',
  attack: (target) =>
    attack(
      target,
      [...parameters(target), ...paths(target), ...echoes(target)],
      isMarkup,
      tagFor,
      'Whoever follows a prepared link runs its script in this page',
    ),
}

const stored: Probe = {
  name: 'xss/stored',
  risk: 'xss',
  title: 'What one visitor writes becomes markup for all others',
  kind: 'state',
  attack: (target) =>
    attack(target, fields(target), isMarkup, tagFor, 'Everybody who reads the page runs what was written here'),
}

const breakout: Probe = {
  name: 'xss/attribute-breakout',
  risk: 'xss',
  title: 'A quote ends an attribute and begins another',
  kind: 'state',
  attack: (target) =>
    attack(
      target,
      [...parameters(target), ...fields(target), ...echoes(target)],
      isNewAttribute,
      attributeFor,
      'A quote adds an attribute of its own, such as an event with a script',
    ),
}

/** Escaping does not help here: a link may lead to a script. */
const scriptLink: Probe = {
  name: 'xss/javascript-url',
  risk: 'xss',
  title: 'A link leads to a script',
  kind: 'state',
  async *attack(target) {
    let yielded = 0
    for (const way of [...parameters(target), ...fields(target)]) {
      const link = (word: string): string => `https://${word}.example/`
      const asked = target.nonce()
      if (!isLink(await way.put(link(asked)), link(asked))) continue
      const outcome = await tryOut(
        {
          control: async () => {
            const word = target.nonce()
            return isLink(await way.put(link(word)), link(word))
          },
          attack: async () => {
            const script = `javascript:${target.nonce()}()`
            const answer = await way.put(script)
            return { worked: isLink(answer, script), answer }
          },
        },
        found(
          way,
          'Whoever clicks the link runs a script in this page',
          'Let links through safeUrl() or html`<a href="${link}">`.',
        ),
      )
      yield outcome
      if (outcome.verdict === 'proven' || ++yielded === OUTCOMES) return
    }
  },
}

export const probes: readonly Probe[] = [reflected, stored, breakout, scriptLink]

type Judge = (answer: Answer, word: string) => boolean

async function* attack(
  target: Target,
  ways: readonly Way[],
  judge: Judge,
  valueFor: (word: string) => string,
  what: string,
): AsyncGenerator<Outcome> {
  let yielded = 0
  for (const way of ways) {
    const asked = target.nonce()
    // Most values never come back; only those that do are worth an attack.
    if (!isShown(await way.put(asked), asked)) continue
    const outcome = await tryOut(
      {
        control: async () => {
          const word = target.nonce()
          return isShown(await way.put(word), word)
        },
        attack: async () => {
          const word = target.nonce()
          const answer = await way.put(valueFor(word))
          return { worked: judge(answer, word), answer }
        },
      },
      found(way, what, REMEDY),
    )
    yield outcome
    if (outcome.verdict === 'proven' || ++yielded === OUTCOMES) return
  }
}

function found(way: Way, what: string, remedy: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: way.method, path: way.path, message: `${what} (field ${way.field}).`, remedy }
}

/** Each query parameter of each page. */
function parameters(target: Target): Way[] {
  const ways: Way[] = []
  for (const route of target.routes) {
    if (route.method !== 'GET' || route.html === false || route.query === undefined) continue
    for (const field of Object.keys(route.query).slice(0, 3)) {
      const put = (value: string): Promise<Answer> =>
        target.send({
          path: `${route.path}?${new URLSearchParams({ ...route.query, [field]: value })}`,
          signedIn: route.signedIn === true,
        })
      ways.push({ method: 'GET', path: route.path, field, put })
    }
  }
  return ways.slice(0, 10)
}

/** A page that is not there, and the last part of the address of some that are: pages often say what they did not find. */
function paths(target: Target): Way[] {
  const pages = target.routes.filter(({ method, html, path }) => method === 'GET' && html === true && path.length > 1)
  const folders = new Set(['/', ...pages.map(({ path }) => path.replace(/[^/]*$/, ''))])
  return [...folders].slice(0, MOST_FOLDERS).map((folder) => ({
    method: 'GET',
    path: `${folder}...`,
    field: 'the path',
    put: (value) => target.send({ path: folder + encodeURIComponent(value), headers: { accept: 'text/html' } }),
  }))
}

/** Forms whose own answer repeats what was sent: thanks, complaints, and the sign-in that did not know the name. */
function echoes(target: Target): Way[] {
  const ways: Way[] = []
  for (const { method, path, body, readBack, signIn, signedIn } of target.routes) {
    if (method === 'GET' || body?.type !== 'form') continue
    if (readBack !== undefined && signIn !== true) continue
    for (const field of Object.keys(body.fields).filter((name) => !/csrf|token|pass|pwd|^_|^id$/i.test(name))) {
      const put = (value: string): Promise<Answer> =>
        target.send({
          method,
          path,
          form: { ...body.fields, [field]: value },
          headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' },
          ...(signedIn === true && { signedIn }),
        })
      ways.push({ method, path, field, put })
    }
  }
  return ways.slice(0, 8)
}

/** Each field that can be written and read back. */
function fields(target: Target): Way[] {
  const ways: Way[] = []
  for (const route of target.routes) {
    const { readBack, body } = route
    if (route.method === 'GET' || readBack === undefined || body === undefined || body.type === 'text' || route.signIn)
      continue
    const names = Object.entries(body.fields)
      .filter(([name, value]) => !/csrf|token|passw|^_|^id$|mail/i.test(name) && !isFormToken(name, value))
      .map(([name]) => name)
    for (const field of names.slice(0, 4)) {
      ways.push({
        method: route.method,
        path: route.path,
        field,
        put: (value) => write(target, route, readBack, field, value),
      })
    }
  }
  return ways.slice(0, 10)
}

async function write(target: Target, route: Route, readBack: string, field: string, value: string): Promise<Answer> {
  const signedIn = route.signedIn === true
  const sent = { ...route.body?.fields, [field]: value }
  const ask = {
    method: route.method,
    path: route.path,
    signedIn,
    headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' },
  }
  const answer = await target.send(route.body?.type === 'json' ? { ...ask, json: sent } : { ...ask, form: sent })
  const page = await target.send({ path: readBack, signedIn })
  // A form that is shown again with the values in it is a page as well.
  return !isShown(page, value.slice(0, 8)) && isShown(answer, value.slice(0, 8)) ? answer : page
}

function isShown(answer: Answer, word: string): boolean {
  return answer.isHtml && answer.text.includes(word)
}

/** The parser's state at each place where the text occurs, or `offset` characters behind it. Look at it at once: it moves on. */
function* occurrences(text: string, what: string, offset = 0): Iterable<MarkupReader> {
  const reader = new MarkupReader()
  let read = 0
  for (let next = text.indexOf(what); next !== -1; next = text.indexOf(what, next + what.length)) {
    reader.read(text.slice(read, next + offset))
    read = next + offset
    yield reader
  }
}

function isMarkup(answer: Answer, word: string): boolean {
  if (!answer.isHtml) return false
  const whole = tagFor(word)
  for (const { place } of occurrences(answer.text, whole, whole.indexOf('<x7q>'))) if (place === 'text') return true
  return false
}

/** Reads on behind the word: does an attribute of ours begin before the tag ends? */
function isNewAttribute(answer: Answer, word: string): boolean {
  if (!answer.isHtml) return false
  const { text } = answer
  const longest = attributeFor(word).length * 6
  const reader = new MarkupReader()
  let read = 0
  for (let next = text.indexOf(word); next !== -1; next = text.indexOf(word, read)) {
    reader.read(text.slice(read, next))
    read = next + word.length
    reader.read(word)
    if (!isInValue(reader.place)) continue
    for (const end = Math.min(text.length, read + longest); read < end && reader.place !== 'text'; read++) {
      reader.read(text[read]!)
      if (reader.attribute === 'x7q') return true
    }
  }
  return false
}

function isInValue(place: Place): boolean {
  return place === 'double' || place === 'single' || place === 'bare'
}

function isLink(answer: Answer, link: string): boolean {
  if (!answer.isHtml) return false
  for (const reader of occurrences(answer.text, link)) {
    const isInside = reader.place === 'double' || reader.place === 'single' || reader.place === 'before'
    if (isInside && reader.value.trim() === '' && /^(?:href|src|action|formaction|xlink:href)$/.test(reader.attribute))
      return true
  }
  return false
}
