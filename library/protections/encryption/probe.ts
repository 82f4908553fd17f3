import { type Answer, type Outcome, type Probe, type Target, tryOut } from '../../core/probe.ts'
import { type FoundLink, linksOf, withParameters } from './found-links.ts'

const SIGNATURE = /^_?(?:x-amz-)?(?:sig|sign|signed|signature|hmac|mac|digest|checksum|hash)$/i
const MOST_TRIED = 4

const alteredLink: Probe = {
  name: 'encryption/altered-link',
  risk: 'altered-link',
  title: 'A signed link leads elsewhere once its other parameters are changed',
  kind: 'active',
  async *attack(target) {
    const signed = (await linksOf(target)).filter(({ parameters }) =>
      parameters.some(({ name, value }) => isSignature(name, value)),
    )
    for (const link of signed.slice(0, MOST_TRIED)) {
      const outcome = await altered(target, link)
      if (outcome !== undefined) yield outcome
    }
  },
}

const alteredCiphertext: Probe = {
  name: 'encryption/altered-ciphertext',
  risk: 'altered-ciphertext',
  title: 'An encrypted value in a link may be changed without being noticed',
  kind: 'active',
  async *attack(target) {
    let tried = 0
    for (const link of await linksOf(target)) {
      for (const { name, value } of link.parameters) {
        const hidden = hiddenIn(value)
        if (hidden === undefined || isSignature(name, value) || tried >= MOST_TRIED) continue
        tried++
        yield await flipped(target, link, { name, value, hidden })
      }
    }
  },
}

export const probes: readonly Probe[] = [alteredLink, alteredCiphertext]

/** Exchanges a number or the page of a signed link, and looks whether something else comes. */
async function altered(target: Target, link: FoundLink): Promise<Outcome | undefined> {
  const changes = changesOf(link)
  if (changes.length === 0) return undefined
  const original = withParameters(link, (_, value) => value)
  const { before, isSteady } = await honest(target, link, original)
  let hit: string | undefined
  return tryOut(
    {
      control: async () => isSteady,
      attack: async () => {
        let last: Answer = before
        for (const path of hit === undefined ? changes : [hit]) {
          last = await send(target, link, path)
          if (isGood(last) && textOf(last) !== textOf(before)) {
            hit = path
            return { worked: true, answer: last }
          }
        }
        return { worked: false, answer: last }
      },
      // A page that shows anything for any number, signed or not, is no secret that a signature was to keep.
      alsoHarmless: async () => {
        const bare = withParameters(link, (_, value) => value).replace(
          /([?&])([^=&]+)=([^&]*)/g,
          (all, mark, name, value) => (isSignature(name, value) ? `${mark}unsigned=1` : all),
        )
        return isGood(await send(target, link, bare))
      },
    },
    {
      method: 'GET',
      path: link.path,
      message: 'The signature of this link does not cover where it leads: with another number it shows something else.',
      remedy:
        "Sign the whole link with encryption.links('...').sign(), and declare secure({ signedLink: '...' }) at its route.",
    },
  )
}

/** Flips a single bit of an encrypted value: with encryption that is not authenticated, one letter of the page changes. */
async function flipped(
  target: Target,
  link: FoundLink,
  { name, value, hidden }: { readonly name: string; readonly value: string; readonly hidden: Hidden },
): Promise<Outcome> {
  const withValue = (other: string): string => withParameters(link, (each, own) => (each === name ? other : own))
  const { before, isSteady } = await honest(target, link, withValue(value))
  const nonsense = garbageLike(hidden)
  const garbage = await send(target, link, withValue(nonsense))
  const baseline = without(textOf(before), value)
  let hit: string | undefined
  return tryOut(
    {
      control: async () => isSteady,
      attack: async () => {
        let last: Answer = before
        for (const other of hit === undefined ? flipsOf(hidden) : [hit]) {
          last = await send(target, link, withValue(other))
          const text = without(textOf(last), other)
          if (isGood(last) && text !== baseline && text !== without(textOf(garbage), nonsense)) {
            hit = other
            return { worked: true, answer: last }
          }
        }
        return { worked: false, answer: last }
      },
      // Whoever takes any value at all has nothing encrypted there: it is a search, or a number.
      alsoHarmless: async () => isGood(garbage),
    },
    {
      method: 'GET',
      path: link.path,
      message: `One bit of the encrypted ${/^[\w-]{1,40}$/.test(name) ? name : 'parameter'} was changed, and the app took what came out of it.`,
      remedy: 'Encrypt with req.security.encryption.box(), which does not open what was changed.',
    },
  )
}

/** The link as it is, twice: without that nothing can be compared. */
async function honest(
  target: Target,
  link: FoundLink,
  path: string,
): Promise<{ readonly before: Answer; readonly isSteady: boolean }> {
  const before = await send(target, link, path)
  const again = isGood(before) ? await send(target, link, path) : before
  return { before, isSteady: isGood(before) && textOf(again) === textOf(before) }
}

function send(target: Target, { signedIn }: FoundLink, path: string): Promise<Answer> {
  return target.send({ path, signedIn })
}

/** The link with each number in it exchanged for a near one, in the path and in the query; times are left alone. */
function changesOf(link: FoundLink): readonly string[] {
  const near = (number: string): readonly string[] => {
    const n = Number(number)
    return [n + 1, n - 1, n + 2].filter((other) => other >= 0).map(String)
  }
  const changed: string[] = []
  const inPath = /(?<=\/)\d{1,9}(?=\/|$)/.exec(link.path)
  if (inPath) {
    for (const other of near(inPath[0])) {
      const path = link.path.slice(0, inPath.index) + other + link.path.slice(inPath.index + inPath[0].length)
      changed.push(withParameters({ ...link, path }, (_, value) => value))
    }
  }
  for (const { name, value } of link.parameters) {
    if (isSignature(name, value) || !/^\d{1,9}$/.test(value)) continue
    for (const other of near(value)) changed.push(withParameters(link, (each, own) => (each === name ? other : own)))
  }
  return changed.slice(0, 6)
}

function isSignature(name: string, value: string): boolean {
  return SIGNATURE.test(name) && value.length >= 8
}

interface Hidden {
  readonly bytes: Buffer
  /** The value with other bytes in the same place, as a parameter. */
  write(other: Buffer): string
}

/** The longest part of a value, if it may be encrypted: room for a block and its nonce, and nothing that one could read. */
function hiddenIn(value: string): Hidden | undefined {
  let whole: string
  try {
    whole = decodeURIComponent(value)
  } catch {
    return undefined
  }
  if (whole.length > 4096) return undefined
  const text = whole.split(/[.:*~|]/).reduce((longest, part) => (part.length > longest.length ? part : longest), '')
  const form = formOf(text)
  if (form === undefined) return undefined
  const bytes = Buffer.from(text, form)
  if (bytes.length < 24 || new Set(bytes).size < 12 || isReadable(bytes)) return undefined
  const [before, after] = [whole.slice(0, whole.indexOf(text)), whole.slice(whole.indexOf(text) + text.length)]
  return { bytes, write: (other) => encodeURIComponent(before + other.toString(form) + after) }
}

/** Text in some format: letters, or letters of two bytes. Of encrypted bytes little more than a third look like that. */
function isReadable(bytes: Buffer): boolean {
  const letters = bytes.filter((byte) => byte === 0 || (byte >= 0x20 && byte <= 0x7e))
  return letters.length > bytes.length * 0.75
}

function formOf(text: string): 'hex' | 'base64' | 'base64url' | undefined {
  if (/^[0-9a-f]+$/i.test(text)) return 'hex'
  if (/^[\w-]+$/.test(text)) return 'base64url'
  return /^[\w+/]+={0,2}$/.test(text) ? 'base64' : undefined
}

/** One bit, at the beginning (where a nonce of CBC is), a third in, and at the end. */
function flipsOf({ bytes, write }: Hidden): readonly string[] {
  return [0, 6, Math.floor(bytes.length / 3), bytes.length - 1].map((at) => {
    const other = Buffer.from(bytes)
    other[at] = (other[at] ?? 0) ^ 1
    return write(other)
  })
}

/** As long and of the same letters, and certainly not made by the app. */
function garbageLike({ bytes, write }: Hidden): string {
  return write(Buffer.from(bytes.map((byte, i) => byte ^ (0x55 + i))))
}

function isGood({ status }: Answer): boolean {
  return status >= 200 && status < 300
}

function textOf({ text }: Answer): string {
  return text
}

/** A page that repeats the parameter says nothing about what became of it. */
function without(text: string, value: string): string {
  return text.replaceAll(value, '').replaceAll(decodeURIComponent(value), '')
}
