import { tagsOf } from './html.ts'

/** A form as a visitor could send it. */
export interface Form {
  /** `GET` or `POST`. */
  readonly method: string
  /** As it stands in the page; empty for the page itself. */
  readonly action: string
  readonly encoding: string
  /** Every field that would be sent, with the page's value or a sample that fits. */
  readonly fields: Readonly<Record<string, string>>
  /** Names of the password fields. */
  readonly passwords: readonly string[]
  /** What the form says about itself: the buttons' texts, its id and classes. */
  readonly about: string
  readonly hidden: Readonly<Record<string, string>>
  /** Whether people may write words of their own into it, and not just an address or a number. */
  readonly takesText: boolean
  /** The file fields, with what they accept. */
  readonly files?: Readonly<Record<string, string>>
}

/** What stands in a page for a crawler: where it links to and what it lets people send. */
export interface Page {
  /** The `href` of `<base>`, where there is one. */
  readonly base: string | undefined
  readonly links: readonly { readonly to: string; readonly text: string }[]
  readonly forms: readonly Form[]
}

interface OpenForm {
  method: string
  action: string
  encoding: string
  fields: Record<string, string>
  hidden: Record<string, string>
  passwords: string[]
  about: string
  takesText: boolean
  files?: Record<string, string>
  inButton: boolean
}

/** Fields that stand outside their form and name it by id are rare and left out. */
export function readPage(html: string): Page {
  let base: string | undefined
  const links: { to: string; text: string }[] = []
  const forms: OpenForm[] = []
  let form: OpenForm | undefined
  let select: { readonly name: string; filled: boolean } | undefined
  let label: { readonly to: string; text: string } | undefined
  for (const { name, attributes, text } of tagsOf(html)) {
    const get = (attribute: string): string => attributes.get(attribute) ?? ''
    if (name === '/a') label = undefined
    else if (label) label.text += text
    if (name === 'base') base ??= attributes.get('href')
    else if ((name === 'a' || name === 'area') && attributes.has('href'))
      links.push((label = { to: get('href'), text }))
    else if (name === 'iframe' && attributes.has('src')) links.push({ to: get('src'), text: '' })
    else if (name === 'form') forms.push((form = openForm(attributes)))
    else if (name === '/form') form = undefined
    if (!form) continue
    // The words of a button tell what the form does, however deep they stand in it.
    if (name === 'button') form.about += ` ${get('name')} ${get('value')}`
    if (name === 'button' || name === '/button') form.inButton = name === 'button'
    if (form.inButton && text.trim() !== '') form.about += ` ${text.trim()}`
    if (name === 'input') readInput(form, attributes)
    else if (name === 'textarea') readTextarea(form, attributes, text)
    else if (name === 'select') select = get('name') === '' ? undefined : { name: get('name'), filled: false }
    else if (name === '/select') select = undefined
    else if (name === 'option' && select && (!select.filled || attributes.has('selected'))) {
      form.fields[select.name] = attributes.get('value') ?? text.trim()
      // An empty first option says "please choose": the next one is the honest choice.
      select.filled = form.fields[select.name] !== ''
    }
  }
  return { base, links, forms }
}

function openForm(attributes: ReadonlyMap<string, string>): OpenForm {
  const get = (attribute: string): string => attributes.get(attribute) ?? ''
  return {
    method: get('method').toUpperCase() === 'POST' ? 'POST' : 'GET',
    action: get('action'),
    encoding: get('enctype').toLowerCase(),
    fields: {},
    hidden: {},
    passwords: [],
    about: `${get('id')} ${get('class')} ${get('name')}`,
    takesText: false,
    inButton: false,
  }
}

function readTextarea(form: OpenForm, attributes: ReadonlyMap<string, string>, text: string): void {
  const name = attributes.get('name') ?? ''
  if (name === '' || attributes.has('disabled')) return
  form.fields[name] = text.trim() || 'some words'
  form.takesText = true
}

function readInput(form: OpenForm, attributes: ReadonlyMap<string, string>): void {
  const type = (attributes.get('type') ?? 'text').toLowerCase()
  const name = attributes.get('name') ?? ''
  const value = attributes.get('value') ?? ''
  if (type === 'file' && name !== '' && !attributes.has('disabled')) {
    form.files = { ...form.files, [name]: attributes.get('accept') ?? '' }
  }
  if (type === 'submit' || type === 'image' || type === 'button') form.about += ` ${name} ${value}`
  if (name === '' || ['submit', 'image', 'button', 'reset', 'file'].includes(type) || attributes.has('disabled')) return
  if (type === 'hidden') {
    form.fields[name] = value
    form.hidden[name] = value
  } else if (type === 'checkbox') form.fields[name] = value || 'on'
  else if (type === 'radio') {
    if (form.fields[name] === undefined || attributes.has('checked')) form.fields[name] = value || 'on'
  } else {
    if (type === 'password') form.passwords.push(name)
    form.fields[name] = value || sampleFor(type, name, attributes)
    if (type === 'text' && !form.fields[name].includes('@')) form.takesText = true
  }
}

/** A value that an honest person could have typed. */
function sampleFor(type: string, name: string, attributes: ReadonlyMap<string, string>): string {
  const word = name.toLowerCase()
  if (type === 'email' || word.includes('mail')) return 'probe@example.com'
  if (type === 'password' || word.includes('passw')) return 'Correct-horse-7'
  if (type === 'url' || /^(url|website|link|homepage)$/.test(word)) return 'https://example.com/'
  if (type === 'number' || type === 'range') return attributes.get('min') || '1'
  if (type === 'tel' || word.includes('phone')) return '+431234567'
  if (type === 'date') return '2026-01-02'
  if (type === 'time') return '12:00'
  if (type === 'datetime-local') return '2026-01-02T12:00'
  if (type === 'month') return '2026-01'
  if (type === 'week') return '2026-W01'
  if (type === 'color') return '#336699'
  if (/(^|_)(id|age|count|amount|quantity|page|year)$/.test(word)) return '1'
  const most = Number(attributes.get('maxlength') ?? 0)
  return most > 0 ? 'sample'.slice(0, most) : 'sample'
}
