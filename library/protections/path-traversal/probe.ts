import { type Answer, type Ask, type Outcome, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Make the path with resolveInside(root, name), and keep the path-traversal protection in the policy.'
const PLACES = 8
/** Fields that name files, by their own name or by what an honest one holds. */
const FILE_FIELD =
  /file|path|page|template|layout|view|theme|include|doc|dir|folder|image|img|photo|avatar|src|name|download|attach|report|lang|log/i
const FILE_VALUE = /^[\w./-]+\.[a-z0-9]{2,5}$/i
const TEXT_FIELD = /text|content|body|data|message|value|note|comment/i

/** Ways to write `../`: plainly, decoded once more by the app, with backslashes, and past somebody who takes it out once. */
const STEPS: readonly string[] = ['../', '%2e%2e%2f', '..\\', '....//']
const DEPTHS: readonly number[] = [1, 2, 3]

/** One value of one route that may become a path. */
interface Place {
  readonly route: Route
  readonly field: string
  readonly value: string
  send(value: string): Promise<Answer>
}

const read: Probe = {
  name: 'path-traversal/read',
  risk: 'path-traversal',
  title: 'A name in a request reads files outside of its folder',
  kind: 'active',
  async *attack(target) {
    for (const place of placesOf(target)) {
      const honest = await place.send(place.value)
      if (honest.status === 0 || honest.status >= 400 || isSecretFile(honest)) continue
      const names = [
        ...STEPS.flatMap((step) => DEPTHS.map((depth) => `${step.repeat(depth)}package.json`)),
        ...STEPS.map((step) => `${step.repeat(12)}etc/passwd`),
        '/etc/passwd',
        'file:///etc/passwd',
      ]
      const name = await firstThat(names, async (each) => isSecretFile(await place.send(each)))
      const outcome = await tryOut(
        {
          control: async () => (await place.send(place.value)).status < 400,
          attack: async () => {
            const answer = await place.send(name)
            return { worked: isSecretFile(answer), answer }
          },
          // What answers with its own manifest whatever it is asked for opens no file by name.
          alsoHarmless: async () => isSecretFile(await place.send(`${target.nonce()}.json`)),
        },
        found(place.route, `A path in ${place.field} leads out of the folder: other files of the server can be read.`),
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** Proven by a file that was to be kept in one folder, and is served from another one. */
const write: Probe = {
  name: 'path-traversal/write',
  risk: 'path-traversal',
  title: 'A name in a request writes files outside of their folder',
  kind: 'state',
  async *attack(target) {
    const folders = servedFolders(target)
    for (const route of target.routes.filter(isUpload).slice(0, 3)) {
      const fields = route.body?.fields ?? {}
      const nameField = Object.keys(fields).find((name) => FILE_VALUE.test(fields[name] ?? ''))
      const textField = Object.keys(fields).find((name) => name !== nameField && TEXT_FIELD.test(name))
      if (nameField === undefined || textField === undefined) continue
      const tryIt = async ({ folder, depth }: Way): Promise<{ worked: boolean; answer: Answer }> => {
        const [file, text] = [`${target.nonce()}.txt`, target.nonce()]
        const name = `${'../'.repeat(depth)}${folder.slice(1)}${file}`
        await target.send(askOf(target, route, { ...fields, [nameField]: name, [textField]: text }))
        const answer = await target.send({ path: folder + file })
        return { worked: answer.status === 200 && answer.text.includes(text), answer }
      }
      const ways = folders.flatMap((folder) => DEPTHS.map((depth) => ({ folder, depth })))
      const way = await firstThat(ways, async (each) => (await tryIt(each)).worked)
      if (way === undefined) continue
      const outcome = await tryOut(
        {
          control: async () => (await target.send(askOf(target, route, fields))).status < 400,
          attack: () => tryIt(way),
          // Where a name without steps is served as well, the file was meant to be there.
          alsoHarmless: async () => (await tryIt({ ...way, depth: 0 })).worked,
        },
        found(
          route,
          `A path in ${nameField} leads out of the folder: files can be put where the app serves them from.`,
        ),
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [read, write]

interface Way {
  readonly folder: string
  readonly depth: number
}

function found(route: Route, message: string): Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'> {
  return { method: route.method, path: route.path, message, remedy: REMEDY }
}

/** The first way that works, or the first of all. */
async function firstThat<T>(ways: readonly T[], works: (way: T) => Promise<boolean>): Promise<T> {
  for (const way of ways) if (await works(way)) return way
  return ways[0] as T
}

/** A manifest of npm's, or the list of users of a Unix machine. */
function isSecretFile({ status, text }: Answer): boolean {
  if (status !== 200) return false
  return (
    /\broot:[^:\s]*:0:0:/.test(text) || /"name"\s*:\s*"[^"]*"[\s\S]*?"(?:dependencies|scripts)"\s*:\s*\{/.test(text)
  )
}

function placesOf(target: Target): Place[] {
  const places: Place[] = []
  for (const route of target.routes) {
    if (route.method === 'UPGRADE') continue
    const query = route.query ?? {}
    for (const [field, value] of Object.entries(query)) {
      if (!namesFile(field, value)) continue
      places.push({
        route,
        field,
        value,
        send: (next) => target.send(askOf(target, route, route.body?.fields, { ...query, [field]: next })),
      })
    }
    // What writes is the other probe's.
    if (route.method !== 'POST' || route.body === undefined || route.body.type === 'text' || isUpload(route)) continue
    const { fields } = route.body
    for (const [field, value] of Object.entries(fields)) {
      if (!namesFile(field, value)) continue
      places.push({
        route,
        field,
        value,
        send: (next) => target.send(askOf(target, route, { ...fields, [field]: next })),
      })
    }
  }
  return places.slice(0, PLACES)
}

function namesFile(field: string, value: string): boolean {
  return FILE_VALUE.test(value) || (FILE_FIELD.test(field) && /^[\w./-]+$/.test(value))
}

function isUpload({ method, body, signIn }: Route): boolean {
  if (method === 'GET' || method === 'UPGRADE' || signIn === true || body === undefined || body.type === 'text')
    return false
  return Object.values(body.fields).some((value) => FILE_VALUE.test(value)) && Object.keys(body.fields).length > 1
}

/** Folders of addresses that end in a file's name. */
function servedFolders(target: Target): string[] {
  const folders = new Set<string>()
  for (const { method, path } of target.routes) {
    if (method === 'GET' && /\/[^/]+\/[^/]+\.[a-z0-9]{2,5}$/i.test(path))
      folders.add(path.slice(0, path.lastIndexOf('/') + 1))
  }
  return [...folders, '/public/', '/static/'].slice(0, 3)
}

type Values = Readonly<Record<string, string>> | undefined

function askOf(target: Target, route: Route, fields: Values, query: Values = route.query): Ask {
  const { method, body, path, signedIn } = route
  const ask: Ask = {
    method,
    path: query !== undefined && Object.keys(query).length > 0 ? `${path}?${new URLSearchParams(query)}` : path,
    signedIn: signedIn === true,
    ...(method !== 'GET' && { headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }),
  }
  if (fields === undefined || method === 'GET') return ask
  return body?.type === 'json' ? { ...ask, json: fields } : { ...ask, form: fields }
}
