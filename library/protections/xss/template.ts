// biome-ignore-all lint/suspicious/noTemplateCurlyInString: messages show what to write in a template

import { BulwarkError } from '../../core/errors.ts'
import { isSafeUrl } from '../../toolbox/url.ts'
import { MarkupReader } from './markup.ts'

/** How a value is written at its place in a template. */
export type Hole =
  | { readonly kind: 'text' }
  | { readonly kind: 'attribute' }
  /** The value decides where a link leads. `before` and `after` are what the template itself puts around it. */
  | { readonly kind: 'url'; readonly before: string; readonly after: string; readonly image: boolean }
  /** An attribute that is there or not: `?disabled=${isFull}`. */
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'json' }

export interface Plan {
  /** One more than there are holes. */
  readonly pieces: readonly string[]
  readonly holes: readonly Hole[]
}

const plans = new WeakMap<TemplateStringsArray, Plan>()

const TEXT: Hole = { kind: 'text' }
const ATTRIBUTE: Hole = { kind: 'attribute' }
const JSON_DATA: Hole = { kind: 'json' }

const LINKS: ReadonlySet<string> = new Set(
  'href src action formaction xlink:href poster data cite background manifest ping longdesc codebase classid profile'.split(
    ' ',
  ),
)
const DATA_BLOCK = /^application\/(?:ld\+)?json$/i
/** Stands for a value while the markup around it is read: a character that no rule of HTML mentions. */
const VALUE = '\ufffc'

/**
 * Finds out once how each value of a template is to be written.
 * @throws BulwarkError `BULWARK_MARKUP_UNSAFE` when a value stands where no escaping makes it safe
 */
export function planOf(strings: TemplateStringsArray): Plan {
  const known = plans.get(strings)
  if (known !== undefined) return known
  const plan = makePlan(strings)
  plans.set(strings, plan)
  return plan
}

function makePlan(strings: TemplateStringsArray): Plan {
  if (!Array.isArray(strings) || !Array.isArray(strings.raw)) {
    refuse('html is called like a function', '', 'write it in front of a template: html`<p>${text}</p>`')
  }
  const reader = new MarkupReader()
  const pieces = [...strings]
  const holes: Hole[] = []
  for (let i = 0; i < pieces.length; i++) {
    const piece = strings[i]!
    const last = holes.at(-1)
    if (last?.kind === 'flag' && !/^[\s/>]/.test(piece)) {
      refuse(`the value of ?${last.name} is followed by more text`, piece, 'put a blank behind the value')
    }
    reader.read(piece)
    if (i === pieces.length - 1) break
    const hole = holeAt(reader, piece, strings[i + 1]!)
    holes.push(hole)
    if (hole.kind === 'flag') {
      pieces[i] = piece.replace(/\?[^\s?=]*=$/, '')
      // To the reader it was an attribute with an empty value.
      reader.read('""')
    } else reader.read(VALUE)
  }
  if (reader.place !== 'text') {
    refuse(
      'the template ends inside of a tag, an attribute, a comment or an element that takes text only',
      pieces.at(-1)!,
      'close it in the same template',
    )
  }
  return { pieces, holes }
}

function holeAt(reader: MarkupReader, piece: string, next: string): Hole {
  switch (reader.place) {
    case 'text':
      return TEXT
    case 'quiet':
      if (/<\/?[a-z]*$/i.test(piece))
        return refuse('a value decides where an element ends', piece, 'put the tag into the template')
      return TEXT
    case 'raw':
      if (reader.tag === 'script' && DATA_BLOCK.test(reader.attributes.get('type')?.trim() ?? '')) return JSON_DATA
      return refuse(
        `a value stands inside of <${reader.tag}>`,
        piece,
        'put it into a data- attribute, or with json(value) into <script type="application/json">',
      )
    case 'double':
    case 'single':
      return attributeAt(reader, piece, next)
    case 'before':
      if (reader.attribute.startsWith('?')) return flagAt(reader, piece)
      return refuse(`the value of ${reader.attribute} has no quotes`, piece, `write ${reader.attribute}="\${value}"`)
    case 'bare':
      return refuse(`the value of ${reader.attribute} has no quotes`, piece, 'put quotes around the whole value')
    case 'comment':
    case 'other':
      return refuse('a value stands inside of a comment', piece, 'leave it out')
    default:
      return refuse(
        'a value decides the name of a tag or an attribute',
        piece,
        'write the name out, or use ?name=${condition}',
      )
  }
}

function attributeAt(reader: MarkupReader, piece: string, next: string): Hole {
  const { attribute, tag, value, attributes } = reader
  if (attribute.startsWith('?'))
    return refuse(`${attribute} has a value in quotes`, piece, `write ${attribute}=\${condition}`)
  if (attribute.startsWith('on')) {
    return refuse(
      `a value stands inside of the script of ${attribute}`,
      piece,
      'put it into a data- attribute and read it from a script file',
    )
  }
  if (attribute === 'style' || attribute === 'srcdoc') {
    return refuse(`a value stands inside of ${attribute}`, piece, 'use a class, or a page of its own')
  }
  const isAnimation =
    /^(?:animate|animatetransform|animatemotion|set)$/.test(tag) && /^(?:to|from|by|values)$/.test(attribute)
  const isRefresh = tag === 'meta' && attribute === 'content' && attributes.has('http-equiv')
  if (isAnimation || isRefresh) return refuse(`the value of ${attribute} can become a link`, piece, 'write it out')
  if (!LINKS.has(attribute)) return ATTRIBUTE
  if (/[/?#\\]/.test(value)) {
    // The template itself says where the link leads; the value only says which page.
    if (!value.includes(VALUE) && !isSafeUrl(value))
      return refuse(`${attribute} runs a script`, piece, 'link to a page')
    return ATTRIBUTE
  }
  if (value.includes(VALUE)) {
    return refuse(
      `two values together decide where ${attribute} leads`,
      piece,
      'put the address together first, and check it with safeUrl',
    )
  }
  const quote = next.indexOf(reader.place === 'double' ? '"' : "'")
  const image = attribute === 'poster' || (attribute === 'src' && tag === 'img')
  return { kind: 'url', before: value, after: quote === -1 ? next : next.slice(0, quote), image }
}

function flagAt(reader: MarkupReader, piece: string): Hole {
  const name = reader.attribute.slice(1)
  if (!/^[a-z][a-z0-9:-]*$/.test(name) || name.startsWith('on') || !/\?[^\s?=]*=$/.test(piece)) {
    return refuse('this is no attribute that is there or not', piece, 'write it like ?disabled=${isFull}')
  }
  return { kind: 'flag', name }
}

/** Quotes the end of the developer's own text in front of the place, never a value. */
function refuse(what: string, piece: string, fix: string): never {
  const near = piece.slice(-60).trim()
  throw new BulwarkError('BULWARK_MARKUP_UNSAFE', what, { ...(near !== '' && { at: `html\`…${near}\${…}\`` }), fix })
}
