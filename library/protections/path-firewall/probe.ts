import { type Answer, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Protect the app with bulwark(), or add the path-firewall protection back to its policy.'

/** Ways to write `../` that a router lets through and a second decoding does not. */
const UPWARDS: readonly string[] = ['..%2f', '%2e%2e%2f', '..%252f', '..%5c', '%2e%2e/', '../']
/** A name with an ending that servers answer from a folder, below at least one folder of the address. */
const FILE = /\/[^/]+\/[^/]+\.(?:css|m?js|map|txt|json|svg|png|jpe?g|gif|webp|ico|woff2?|pdf)$/i
const DEPTHS: readonly number[] = [1, 2, 3]

const traversal: Probe = {
  name: 'path-firewall/traversal',
  risk: 'path-traversal',
  title: 'A path in the address reads files outside of its folder',
  kind: 'active',
  isRough: true,
  async *attack(target) {
    for (const { path: file, signedIn } of await filesOf(target)) {
      const folder = file.slice(0, file.lastIndexOf('/') + 1)
      const paths = UPWARDS.flatMap((up) => [
        ...DEPTHS.map((depth) => `${folder}${up.repeat(depth)}package.json`),
        `${folder}${up.repeat(9)}etc${up.slice(up.startsWith('%2e') ? 6 : 2)}passwd`,
      ])
      const found = await first(target, paths, isSecretFile, signedIn)
      const outcome = await tryOut(
        {
          control: async () => (await target.send({ path: file, signedIn })).status === 200,
          attack: async () => {
            const answer = found ?? (await target.send({ path: paths[0] ?? file, signedIn }))
            if (found === undefined) return { worked: false, answer }
            const again = await target.send(found.ask)
            return { worked: isSecretFile(again), answer: again }
          },
        },
        {
          method: 'GET',
          path: file,
          message: 'A path in place of the file name leads out of the folder: other files of the server can be read.',
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** Other ways to write a path that is forbidden as it stands. */
const guardBypass: Probe = {
  name: 'path-firewall/guard-bypass',
  risk: 'path-confusion',
  title: 'A forbidden page opens when its path is written differently',
  kind: 'active',
  isRough: true,
  async *attack(target) {
    let tried = 0
    for (const route of target.routes.filter(({ method, path }) => method === 'GET' && path !== '/').slice(0, 20)) {
      if (tried >= 2) return
      const plain = await target.send({ path: route.path })
      if (plain.status !== 401 && plain.status !== 403) continue
      tried++
      const opened = await first(target, dressings(route.path), ({ status, text }) => status === 200 && text !== '')
      const outcome = await tryOut(
        {
          attack: async () => {
            if (opened === undefined) return { worked: false, answer: plain }
            const answer = await target.send(opened.ask)
            return { worked: answer.status === 200, answer }
          },
          // An app that shows the same page for every path has opened nothing.
          alsoHarmless: async () => {
            const at = dressings(route.path).indexOf(opened?.ask.path ?? '')
            const nowhere = route.path.replace(/[^/]+$/, target.nonce())
            const answer = await target.send({ path: dressings(nowhere)[at] ?? nowhere })
            return answer.status === 200
          },
        },
        {
          method: 'GET',
          path: route.path,
          message: 'The check reads the path as it was sent, and what serves the page reads it decoded.',
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** Scripts cannot read cookies that are HttpOnly; an answer that holds the request can be read. */
const trace: Probe = {
  name: 'path-firewall/trace',
  risk: 'trace-method',
  title: 'TRACE gives the request back',
  kind: 'active',
  isRough: true,
  async *attack(target) {
    yield await tryOut(
      {
        attack: async () => {
          const word = target.nonce()
          const answer = await target.send({ method: 'TRACE', path: '/', headers: { cookie: `c=${word}` } })
          return { worked: answer.text.includes(word), answer }
        },
        alsoHarmless: async () => {
          const word = target.nonce()
          const answer = await target.send({ path: '/', headers: { cookie: `c=${word}` } })
          return answer.text.includes(word)
        },
      },
      { method: 'TRACE', path: '/', message: 'TRACE answers with the request, cookies included.', remedy: REMEDY },
    )
  },
}

/** No CSRF defence looks at a GET: one that is taken for a POST is open to every website. */
const methodOverride: Probe = {
  name: 'path-firewall/method-override',
  risk: 'method-tampering',
  title: 'A header or parameter turns a GET into a POST',
  kind: 'state',
  async *attack(target) {
    for (const route of target.routes.filter(isWrite).slice(0, 3)) {
      const outcome = await tryOut(
        {
          control: async () => {
            const word = target.nonce()
            await target.send(honest(target, route, word))
            return shows(target, route, word)
          },
          attack: async () => {
            let answer: Answer | undefined
            for (const withBody of [false, true]) {
              for (const byHeader of [true, false]) {
                const word = target.nonce()
                answer = await target.send(disguised(route, word, byHeader, withBody))
                if (await shows(target, route, word)) return { worked: true, answer }
              }
            }
            return { worked: false, answer: answer ?? (await target.send({ path: route.path })) }
          },
        },
        {
          method: 'GET',
          path: route.path,
          message: 'A GET is taken for a POST and changes something, so any link on any site can do it.',
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [traversal, guardBypass, trace, methodOverride]

/** The first answer that fits. */
async function first(
  target: Target,
  paths: readonly string[],
  fits: (answer: Answer) => boolean,
  signedIn = false,
): Promise<Answer | undefined> {
  for (const path of paths) {
    const answer = await target.send({ path, signedIn })
    if (fits(answer)) return answer
  }
  return undefined
}

interface File {
  readonly path: string
  readonly signedIn: boolean
}

/** Static files from the inventory and from the first page, one of each folder. */
async function filesOf(target: Target): Promise<readonly File[]> {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  const known = gets.map(({ path, signedIn = false }) => ({ path, signedIn }))
  const home = gets.find(({ html }) => html === true)
  const page = home === undefined ? '' : (await target.send({ path: home.path })).text
  const linked = [...page.matchAll(/(?:href|src)\s*=\s*["']?(\/[^\s"'?#>]+)/gi)].map((match) => ({
    path: match[1] ?? '',
    signedIn: false,
  }))
  const folders = new Map<string, File>()
  for (const file of [...known, ...linked]) {
    const { path } = file
    const folder = path.slice(0, path.lastIndexOf('/') + 1)
    if (FILE.test(path) && !path.startsWith('//') && !folders.has(folder)) folders.set(folder, file)
  }
  return [...folders.values()].slice(0, 2)
}

/** A manifest of npm's, or the list of users of a Unix machine. */
function isSecretFile({ status, text }: Answer): boolean {
  if (status !== 200) return false
  if (/^root:[^:]*:0:0:/m.test(text)) return true
  try {
    const parsed: unknown = JSON.parse(text)
    return (
      typeof parsed === 'object' &&
      parsed !== null &&
      'name' in parsed &&
      ('dependencies' in parsed || 'scripts' in parsed)
    )
  } catch {
    return false
  }
}

function dressings(path: string): readonly string[] {
  const at = path.lastIndexOf('/')
  const [before, name] = [path.slice(0, at), path.slice(at + 1)]
  return [
    `${before}/.%2f${name}`,
    `${before}/x%2f..%2f${name}`,
    `${before}/%2e/${name}`,
    `${before}/x/%2e%2e/${name}`,
    `${before}/./${name}`,
    `${before}/${name}%2f`,
    `${before}/${name}/%2e`,
    `${before}/.%5c${name}`,
    `${before}/%252e%252f${name}`,
    `/${path}`,
  ]
}

function isWrite({ method, body, readBack, signIn }: Route): boolean {
  return method === 'POST' && body !== undefined && body.type !== 'text' && readBack !== undefined && signIn !== true
}

function filled(route: Route, word: string): Record<string, string> {
  const fields = { ...route.body?.fields }
  const free = Object.keys(fields).filter((name) => !/^(?:_?csrf|token|next|id)$/i.test(name))
  const name = free.find((each) => /memo|text|body|title|comment|message|content|bio/i.test(each)) ?? free[0]
  return name === undefined ? fields : { ...fields, [name]: word }
}

function honest(target: Target, route: Route, word: string): Parameters<Target['send']>[0] {
  const fields = filled(route, word)
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
  const body = route.body?.type === 'json' ? { json: fields } : { form: fields }
  return { method: 'POST', path: route.path, headers, signedIn: route.signedIn === true, ...body }
}

function disguised(route: Route, word: string, byHeader: boolean, withBody: boolean): Parameters<Target['send']>[0] {
  const fields = filled(route, word)
  const query = new URLSearchParams(byHeader ? fields : { _method: 'POST', ...fields })
  return {
    method: 'GET',
    path: `${route.path}?${query}`,
    signedIn: route.signedIn === true,
    headers: { 'sec-fetch-site': 'cross-site', ...(byHeader && { 'x-http-method-override': 'POST' }) },
    ...(withBody && (route.body?.type === 'json' ? { json: fields } : { form: fields })),
  }
}

async function shows(target: Target, route: Route, word: string): Promise<boolean> {
  const page = await target.send({ path: route.readBack ?? '/', signedIn: route.signedIn === true })
  return page.text.includes(word)
}
