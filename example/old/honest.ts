import { type Ask, ask } from '../wire.ts'

/** What people do at the desk, with words and signs that attackers use as well. */
const REQUESTS: readonly Ask[] = [
  get('/'),
  get('/nowhere'),
  ...['ham', 'HAM', 'union of select', 'or 1', 'x OR y; drop', 'a -- b', '100%', 'the "seagull"', 'name', 'price'].map(
    (q) => get('/search', { q }),
  ),
  ...['price', 'title', 'price desc', 'hall, price', 'hall desc, title asc', '1'].map((sort) =>
    get('/shows', { sort }),
  ),
  get('/shows'),
  ...['1', '2', '99'].map((id) => get(`/shows/${id}`)),
  ...['row seven', 'Tom & Ann; left', 'row (7) > 3 | a', "it's", '--help'].map((text) => get('/label', { text })),
  ...['hamlet', 'five acts', 'with', 'nobody|anybody'].map((word) => get('/programme', { word })),
  ...['6', '12'].map((size) => get('/thumbnail', { size })),
  ...['season.txt', 'programme.txt', 'none.txt'].map((name) => get('/download', { name })),
  get('/info', { page: 'house.html' }),
  get('/poster', { url: '/public/poster.txt' }),
  ...['2*24', '(2 + 3) * 24 / 2', '1e3 - 1'].map((sum) => get('/price', { sum })),
  get('/plugin', { name: 'seats' }),
  form('/letter', { text: 'Dear <%= name %>, see you at <%= show %>.' }),
  form('/letter', { text: "Doors open at 7; it's free (for once)." }),
  form('/notes', { file: 'lamp.txt', text: 'Mended. See ../programme.txt; rm -rf /; <%= name %>' }),
  form('/book', { show: '1', name: 'Tom Select', seats: '2' }),
  form('/book', { show: '2', name: 'Ann (row 1) -- or 2', seats: '3' }),
  form('/sign-in', { name: 'ann', password: 'rosebud' }),
  form('/sign-in', { name: 'ann', password: 'rosebuds or 1=1' }),
  {
    method: 'POST',
    path: '/settings',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ language: 'de', more: { deep: ["'; --", '../..', '$(x)'] } }),
  },
  get('/settings'),
]

/** The answer to each request, without what is new each time. */
export async function honestAnswers(origin: string): Promise<ReadonlyMap<string, string>> {
  const answers = new Map<string, string>()
  for (const request of REQUESTS) {
    const { status, headers, text } = await ask(origin, request)
    const words = [status, headers['content-type'] ?? '', headers.location ?? '', text].join(' ')
    answers.set(`${request.method} ${request.path} ${request.body ?? ''}`.trim(), words)
  }
  return answers
}

function get(path: string, query: Readonly<Record<string, string>> = {}): Ask {
  const search = new URLSearchParams(query).toString()
  return { method: 'GET', path: search === '' ? path : `${path}?${search}` }
}

function form(path: string, fields: Readonly<Record<string, string>>): Ask {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  }
}
