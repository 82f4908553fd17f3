import { Buffer } from 'node:buffer'
import { type Answer, type Ask, type Probe, type Route, type RouteFile, type Target, tryOut } from '../../core/probe.ts'

const MOST = 3
/** More than anybody needs for a picture or a paper, and more than a default should take. */
const HUGE = 12 * 1024 * 1024
const REMEDY =
  'Receive files with secure({ files: { name: { size, types } } }), keep them with file.keep(root), and serve them as file.type.'

interface Attack {
  readonly name: string
  readonly risk: string
  readonly title: string
  readonly kind: Probe['kind']
  readonly message: string
  hostile(word: string, honest: RouteFile): RouteFile
  /** Whether the file did harm, by what is served where it was put, or above that place. */
  worked(found: Found, word: string): boolean
}

interface Found {
  /** Where the file is read back; `undefined` when it is nowhere to be found. */
  readonly there: Answer | undefined
  /** What is served one folder above an honest file. */
  readonly above: Answer | undefined
}

const page = (word: string): string => `<!doctype html><script>/*${word}*/</script>`

const attacks: readonly Attack[] = [
  {
    name: 'uploads/served-as-page',
    risk: 'dangerous-upload',
    title: 'A page that somebody uploads is served as a page of the app',
    kind: 'state',
    message: 'An uploaded HTML file with a script is served as HTML, so its script acts as whoever looks at it.',
    hostile: (word) => ({ name: `${word}.html`, type: 'text/html', content: page(word) }),
    worked: ({ there }, word) => there?.isHtml === true && there.text.includes(page(word)),
  },
  {
    name: 'uploads/believed-type',
    risk: 'dangerous-upload',
    title: 'The type that the sender declares decides how a file is served',
    kind: 'state',
    message: 'A script under the name of a picture is served as the type that its sender declared.',
    hostile: (word) => ({ name: `${word}.png`, type: 'text/html', content: page(word) }),
    worked: ({ there }, word) => there?.isHtml === true && there.text.includes(page(word)),
  },
  {
    name: 'uploads/name-leads-out',
    risk: 'upload-path',
    title: 'The name of a file decides into which folder it is written',
    kind: 'state',
    message: 'A file with ../ in its name was written one folder above the others.',
    hostile: (word, honest) => ({ ...honest, name: `../${word}.png`, content: honest.content + word }),
    worked: ({ above }, word) => above?.status === 200 && above.text.includes(word),
  },
  {
    name: 'uploads/no-limit',
    risk: 'oversized-upload',
    title: 'Files of any size are kept',
    kind: 'load',
    message: 'A file of 12 MB was taken and is served, where a small one was expected.',
    hostile: (word, honest) => ({ ...honest, name: `${word}.png`, content: honest.content + word.padEnd(HUGE, 'a') }),
    worked: ({ there }) => there !== undefined && sizeOf(there) >= 1024 * 1024,
  },
]

export const probes: readonly Probe[] = attacks.map((attack) => ({
  name: attack.name,
  risk: attack.risk,
  title: attack.title,
  kind: attack.kind,
  async *attack(target) {
    const routes = target.routes.filter(({ method, body }) => method !== 'GET' && body?.files !== undefined)
    for (const route of routes.slice(0, MOST)) {
      const outcome = await tryRoute(target, route, attack)
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}))

function tryRoute(target: Target, route: Route, attack: Attack): ReturnType<typeof tryOut> {
  const [[field, honest] = ['', EMPTY]] = Object.entries(route.body?.files ?? {})
  let folder = ''
  return tryOut(
    {
      control: async () => {
        const word = target.nonce()
        const file = { ...honest, name: `${word}.png`, content: honest.content + word }
        const answer = await upload(target, route, field, file)
        const there = await readBack(target, route, answer, word, file.name)
        folder = there?.ask.path.replace(/[^/]*$/, '') ?? ''
        return answer.status >= 200 && answer.status < 400
      },
      attack: async () => {
        const word = target.nonce()
        const file = attack.hostile(word, honest)
        const answer = await upload(target, route, field, file)
        const isTaken = answer.status >= 200 && answer.status < 400
        const there = isTaken ? await readBack(target, route, answer, word, file.name) : undefined
        const outside = `${folder.replace(/[^/]+\/$/, '')}${word}.png`
        const above = isTaken && folder.length > 1 ? await look(target, route, outside) : undefined
        return {
          worked: attack.worked({ there, above }, word),
          answer: above?.status === 200 ? above : (there ?? answer),
        }
      },
    },
    { method: route.method, path: route.path, message: attack.message, remedy: REMEDY },
  )
}

const EMPTY: RouteFile = { name: 'a.txt', type: 'text/plain', content: '' }

function upload(target: Target, route: Route, field: string, file: RouteFile): Promise<Answer> {
  const boundary = `----${target.nonce()}`
  const part = (head: string, content: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`
  const fields = Object.entries(route.body?.fields ?? {}).map(([name, value]) => part(`name="${name}"`, value))
  const files = Object.entries({ ...route.body?.files, [field]: file }).map(([name, each]) =>
    part(`name="${name}"; filename="${each.name}"\r\nContent-Type: ${each.type}`, each.content),
  )
  const ask: Ask = {
    method: route.method,
    path: route.path,
    headers: { origin: target.origin, 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: Buffer.from(`${fields.join('')}${files.join('')}--${boundary}--\r\n`, 'latin1'),
    signedIn: route.signedIn === true,
  }
  return target.send(ask)
}

/** Looks for the file where the answer, the page that shows such files, or custom says that it is. */
async function readBack(
  target: Target,
  route: Route,
  answer: Answer,
  word: string,
  name: string,
): Promise<Answer | undefined> {
  const shown = route.readBack === undefined ? undefined : await look(target, route, route.readBack)
  const told = [answer.headers['location'] ?? '', answer.text, shown?.text ?? ''].flatMap((text) =>
    pathsIn(text, target.origin),
  )
  const usual = [`${route.path}/${name}`, `/uploads/${name}`]
  const named = told.filter((path) => path.includes(word))
  // A page about what was sent, to which the answer leads, links to the file.
  const about = named.length > 0 ? undefined : ownPath(answer.headers['location'], target.origin)
  const page = about === undefined || about === route.readBack ? undefined : await look(target, route, about)
  const linked = page?.isHtml === true ? linksIn(page.text).slice(-3) : []
  for (const path of new Set([...named, ...told.slice(-3), ...linked, ...(named.length > 0 ? [] : usual)])) {
    const there = await look(target, route, path)
    if (there.status === 200 && there.text.includes(word)) return there
  }
  return undefined
}

function look(target: Target, route: Route, path: string): Promise<Answer> {
  return target.send({ path, signedIn: route.signedIn === true })
}

/** Addresses on this site that a page links to or shows, also `/files?name=a.png`. */
function linksIn(html: string): string[] {
  const links = [...html.slice(0, 200_000).matchAll(/\b(?:href|src)\s*=\s*["']?(\/(?!\/)[^"'\s>]{1,300})/gi)]
  return links.map(([, path = '']) => path.replaceAll('&amp;', '&')).filter((path) => /\.\w{1,5}$/.test(path))
}

function ownPath(location: string | undefined, origin: string): string | undefined {
  const path = location?.startsWith(origin) ? location.slice(origin.length) : location
  return path?.startsWith('/') && !path.startsWith('//') ? path : undefined
}

/** Paths of files of the app itself, as they stand in links, in JSON and in headers. */
function pathsIn(text: string, origin: string): string[] {
  const own = text.slice(0, 200_000).replaceAll(origin, '').replaceAll('\\/', '/')
  return [...own.matchAll(/(?:^|["'\s=(])(\/[\w.~%/-]{1,200}\.\w{1,5})(?=$|["'\s)<>?])/g)].map(([, path = '']) => path)
}

function sizeOf({ headers, text }: Answer): number {
  return Math.max(Number(headers['content-length'] ?? 0), text.length)
}
