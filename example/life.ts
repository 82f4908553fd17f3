import { type Browser, openBrowser, register } from './browser.ts'

/** What somebody was told is done. */
export interface Acknowledged {
  readonly name: string
  readonly email: string
  readonly password: string
  /** Signed in, and never signed out. */
  readonly browser: Browser
  readonly posts: string[]
}

/** People who register, write and sign in, again and again, and keep account of what they were told is done. */
export class Crowd {
  readonly people: Acknowledged[] = []
  readonly #origin: string
  readonly #prefix: string
  #stopped = false
  #count = 0
  /** What was interrupted: nobody was told that it is done. */
  interrupted = 0

  constructor(origin: string, prefix: string) {
    this.#origin = origin
    this.#prefix = prefix
  }

  /** Goes on until {@link stop}. Whatever fails is tried anew by somebody else. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#newcomer()
      } catch {
        this.interrupted++
      }
    }
  }

  stop(): void {
    this.#stopped = true
  }

  async #newcomer(): Promise<void> {
    const name = `${this.#prefix}-${++this.#count}`
    const password = `seven slow herons ${name}`
    const browser = openBrowser(this.#origin, `203.0.113.${this.#count % 250}`)
    const fields = { name, email: `${name}@example.org`, password }
    if ((await register(browser, fields)).status !== 303) throw new Error('no account')
    const person: Acknowledged = { name, email: fields.email, password, browser, posts: [] }
    this.people.push(person)
    for (let i = 0; i < 3 && !this.#stopped; i++) {
      const { status, location = '' } = await browser.post('/posts', { title: `${name} ${i}`, body: 'Kept.' })
      if (status !== 303) throw new Error('no post')
      person.posts.push(location)
    }
  }

  /** What is missing of it. */
  async missing(): Promise<string[]> {
    const missing: string[] = []
    for (const { name, browser, posts } of this.people) {
      const me = await browser.call('GET', '/api/me')
      if (me.status !== 200) missing.push(`the session of ${name} (${me.status})`)
      for (const path of posts) {
        if (!(await browser.visit(path)).text.includes(`${name} ${posts.indexOf(path)}`)) missing.push(path)
      }
    }
    return missing
  }
}
