/**
 * Where a parser of HTML stands.
 *
 * - `text`: between tags; `raw`: inside `<script>`, `<style>` and the like; `quiet`: inside `<title>` or `<textarea>`, where no tag begins
 * - `open`: right behind `<`; `tag`: inside a tag's name; `space`: where an attribute may begin; `name`: inside an attribute's name
 * - `before`: right behind `=`; `double`, `single`, `bare`: inside a value in such quotes or in none
 * - `comment`; `other`: inside `<!doctype …>` and what browsers treat as a comment
 */
export type Place =
  | 'text'
  | 'raw'
  | 'quiet'
  | 'open'
  | 'tag'
  | 'space'
  | 'name'
  | 'before'
  | 'double'
  | 'single'
  | 'bare'
  | 'comment'
  | 'other'

const RAW: ReadonlySet<string> = new Set([
  'script',
  'style',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
  'noscript',
  'plaintext',
])
const QUIET: ReadonlySet<string> = new Set(['title', 'textarea'])
const BLANK = /[\t\n\f\r ]/

/** Reads markup piece by piece, as a browser does, and knows at every point where it stands. Source: HTML, 13.2.5. */
export class MarkupReader {
  place: Place = 'text'
  /** Of the tag being read, or whose content is being read; lower case, closing tags begin with `/`. */
  tag = ''
  /** The attribute being read, lower case. */
  attribute = ''
  /** The value so far of the attribute being read. */
  value = ''
  /** The finished attributes of the tag being read. */
  readonly attributes: Map<string, string> = new Map()
  /** The last characters of content that may still turn out to end it. */
  #tail = ''
  /** A blank stood behind the name of the attribute. */
  #named = false

  /** Reads on. A piece may end anywhere. */
  read(piece: string): void {
    let i = 0
    while (i < piece.length) i = this.#step(piece, i)
  }

  #step(piece: string, i: number): number {
    const character = piece[i]!
    switch (this.place) {
      case 'text': {
        const next = piece.indexOf('<', i)
        if (next === -1) return piece.length
        this.place = 'open'
        this.tag = ''
        this.#tail = ''
        return next + 1
      }
      case 'open':
        return this.#open(character, i)
      case 'tag':
        if (BLANK.test(character) || character === '/') this.place = 'space'
        else if (character === '>') this.#close()
        else this.tag += character.toLowerCase()
        return i + 1
      case 'space':
        if (character === '>') this.#close()
        else if (!BLANK.test(character) && character !== '/') {
          this.#finishAttribute()
          this.attribute = character.toLowerCase()
          this.place = 'name'
        }
        return i + 1
      case 'name':
        return this.#name(character, i)
      case 'before':
        if (BLANK.test(character)) return i + 1
        this.value = ''
        if (character === '>') {
          this.#close()
          return i + 1
        }
        this.place = character === '"' ? 'double' : character === "'" ? 'single' : 'bare'
        if (this.place === 'bare') this.value = character
        return i + 1
      case 'double':
      case 'single': {
        const end = piece.indexOf(this.place === 'double' ? '"' : "'", i)
        this.value += piece.slice(i, end === -1 ? piece.length : end)
        if (end === -1) return piece.length
        this.place = 'space'
        return end + 1
      }
      case 'bare':
        if (BLANK.test(character)) this.place = 'space'
        else if (character === '>') this.#close()
        else this.value += character
        return i + 1
      case 'raw':
      case 'quiet':
      case 'comment':
      case 'other':
        return this.#content(piece, i)
    }
  }

  #open(character: string, i: number): number {
    if (/[a-z]/i.test(character)) {
      this.tag += character.toLowerCase()
      this.attributes.clear()
      this.attribute = ''
      this.place = 'tag'
      return i + 1
    }
    if (character === '/' && this.tag === '') {
      this.tag = '/'
      return i + 1
    }
    if (this.tag === '' && (character === '!' || character === '?')) {
      this.place = 'other'
      this.#tail = `<${character}`
      return i + 1
    }
    if (this.tag === '/') {
      // `</` without a letter is a comment up to the next `>`; `</>` is nothing.
      this.place = character === '>' ? 'text' : 'other'
      this.#tail = '</'
      return i + 1
    }
    // `<` before anything else is text, and this character may be the next `<`.
    this.place = 'text'
    return i
  }

  #name(character: string, i: number): number {
    if (character === '=') {
      this.place = 'before'
      this.value = ''
    } else if (character === '>') this.#close()
    else if (character === '/') this.place = 'space'
    else if (BLANK.test(character)) this.#named = true
    else if (this.#named) {
      // A blank behind a name, and then no `=`: another attribute begins.
      this.#finishAttribute()
      this.attribute = character.toLowerCase()
    } else this.attribute += character.toLowerCase()
    if (!BLANK.test(character)) this.#named = false
    return i + 1
  }

  #finishAttribute(): void {
    if (this.attribute !== '' && !this.attributes.has(this.attribute)) this.attributes.set(this.attribute, this.value)
    this.attribute = ''
    this.value = ''
    this.#named = false
  }

  #close(): void {
    this.#finishAttribute()
    this.#tail = ''
    this.place = RAW.has(this.tag) ? 'raw' : QUIET.has(this.tag) ? 'quiet' : 'text'
  }

  #content(piece: string, i: number): number {
    if ((this.place === 'raw' || this.place === 'quiet') && !this.#tail.includes('<')) {
      // Long scripts are skipped to the next character that may end them.
      const next = piece.indexOf('<', i)
      if (next === -1) return piece.length
      this.#tail = '<'
      return next + 1
    }
    const character = piece[i]!
    this.#tail = (this.#tail + character).slice(-16)
    if (this.place === 'other') {
      if (this.#tail === '<!--') this.place = 'comment'
      else if (character === '>') this.place = 'text'
    } else if (this.place === 'comment') {
      if (character === '>' && /--!?>$/.test(this.#tail)) this.place = 'text'
    } else if (/[\t\n\f\r />]/.test(character) && this.#tail.toLowerCase().endsWith(`</${this.tag}${character}`)) {
      this.tag = `/${this.tag}`
      this.attributes.clear()
      if (character === '>') this.#close()
      else this.place = 'space'
    }
    return i + 1
  }
}
