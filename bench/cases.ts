export const frameworks = ['express', 'fastify', 'node'] as const
export type Framework = (typeof frameworks)[number]

/** `bare`: the framework alone. `usual`: with the packages that people add today. `bulwark`: with the default policy. */
export const stacks = ['bare', 'usual', 'bulwark'] as const
export type Stack = (typeof stacks)[number]

export const scenarios = ['get-json', 'get-html', 'post-json'] as const
export type Scenario = (typeof scenarios)[number]

/** One server program: a framework under one stack. */
export interface Case {
  readonly framework: Framework
  readonly stack: Stack
}

/** What every answer of a scenario must be. Between `prefix` and `suffix` only the nonce may stand. */
export interface Expected {
  readonly status: number
  readonly type: string
  readonly prefix: string
  readonly suffix: string
}

export interface ScenarioFacts {
  readonly title: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string
  readonly expected: Expected
}

/** The cases of a run in their order. Nobody has a usual stack on plain node:http, so there is none. */
export function casesOf(chosen: readonly Framework[], wanted: readonly Stack[]): readonly Case[] {
  return frameworks
    .filter((framework) => chosen.includes(framework))
    .flatMap((framework) => wanted.map((stack) => ({ framework, stack })))
    .filter(({ framework, stack }) => framework !== 'node' || stack !== 'usual')
}

/** The list that the JSON route serialises anew for each request. */
export const posts: readonly { id: number; title: string; author: string; likes: number }[] = [
  { id: 1, title: 'On keeping a garden in the city', author: 'ada', likes: 12 },
  { id: 2, title: 'Notes from a slow train', author: 'grace', likes: 7 },
  { id: 3, title: 'What the compiler taught me', author: 'ada', likes: 31 },
  { id: 4, title: 'Bread, again', author: 'edsger', likes: 4 },
]

/** What the POST route answers once it has read and accepted the body. */
export interface Accepted {
  readonly accepted: string
  readonly words: number
}

export function accept(post: { readonly title: string; readonly text: string }): Accepted {
  return { accepted: post.title, words: post.text.split(' ').length }
}

/** The HTML page, about 2 kB. A policy with a nonce allows its one inline script by it. */
export function page(nonce: string): string {
  return pageBefore + nonce + pageAfter
}

const paragraph =
  '<p>The tomatoes came late this year, and all at once. By the time the first was red the last was already gone.</p>\n'
const pageBefore = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Journal</title><link rel="stylesheet" href="/style.css"></head>
<body>
<h1>Journal</h1>
${paragraph.repeat(14)}<script nonce="`
const pageAfter = `">document.title = 'Journal, read'</script>
</body>
</html>
`

/** Exactly 1,000 bytes of JSON. */
const newPost = (() => {
  const post = { title: 'A day by the sea', text: '', tags: ['sea', 'summer', 'walks'], draft: false }
  const words = 'the tide was out and the boats lay on their sides in the mud '
  post.text = words.repeat(30).slice(0, 1000 - JSON.stringify(post).length)
  return post
})()

export const facts: Readonly<Record<Scenario, ScenarioFacts>> = {
  'get-json': {
    title: 'anonymous GET of JSON',
    method: 'GET',
    path: '/api/posts',
    body: '',
    expected: { status: 200, type: 'application/json', prefix: JSON.stringify(posts), suffix: '' },
  },
  'get-html': {
    title: 'anonymous GET of an HTML page',
    method: 'GET',
    path: '/',
    body: '',
    expected: { status: 200, type: 'text/html', prefix: pageBefore, suffix: pageAfter },
  },
  'post-json': {
    title: 'POST of 1 kB of JSON',
    method: 'POST',
    path: '/api/posts',
    body: JSON.stringify(newPost),
    expected: { status: 201, type: 'application/json', prefix: JSON.stringify(accept(newPost)), suffix: '' },
  },
}
