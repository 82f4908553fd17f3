/** What is wrong with a form, by the name of the field. Empty when all is well. */
export type Problems = Readonly<Record<string, string>>

/** A field of a form or of a JSON body as text, without blanks around it: anything but a string counts as empty. */
export function text(body: unknown, name: string): string {
  return exactText(body, name).trim()
}

/** The same with its blanks, for passwords. */
export function exactText(body: unknown, name: string): string {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return ''
  const value = (body as Record<string, unknown>)[name]
  return typeof value === 'string' ? value : ''
}

export function problemsOfRegistration(fields: { name: string; email: string; password: string }): Problems {
  return keepProblems({
    name:
      fields.name.length >= 3 && fields.name.length <= 45 && !/\p{C}/u.test(fields.name)
        ? ''
        : 'Choose a name of 3 to 45 characters.',
    email:
      /^[^\s@]+@[^\s@]+$/.test(fields.email) && fields.email.length <= 254
        ? ''
        : 'Enter an e-mail address such as ada@example.org.',
    password: problemOfPassword(fields.password),
  })
}

export function problemOfPassword(password: string): string {
  if (password.length < 8) return 'Choose a password of at least 8 characters.'
  return password.length > 200 ? 'Choose a password of at most 200 characters.' : ''
}

export function problemsOfPost(fields: { title: string; body: string }): Problems {
  return keepProblems({
    title: problemOfLength(fields.title, 'title', 120),
    body: problemOfLength(fields.body, 'text', 10_000),
  })
}

export function problemsOfComment(fields: { body: string }): Problems {
  return keepProblems({ body: problemOfLength(fields.body, 'comment', 2_000) })
}

export function problemsOfProfile(fields: { displayName: string; bio: string }): Problems {
  return keepProblems({
    displayName: problemOfLength(fields.displayName, 'display name', 60),
    bio: fields.bio.length > 500 ? 'Keep the bio within 500 characters.' : '',
  })
}

export function hasProblems(problems: Problems): boolean {
  return Object.keys(problems).length > 0
}

/** Leaves out the fields that are fine. */
export function keepProblems(problems: Problems): Problems {
  return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem))
}

function problemOfLength(value: string, what: string, longest: number): string {
  if (!value) return `The ${what} is missing.`
  return value.length > longest ? `Keep the ${what} within ${longest} characters.` : ''
}
