import { type Answer, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'

const MOST = 4
const REMEDY = 'Declare what the route takes with secure({ body: schema }), and use req.security.input.body.'

interface Attack {
  readonly name: string
  readonly risk: string
  readonly title: string
  readonly message: string
  /** The honest fields with the attack in them, and what must be found where they are read back. */
  hostile(fields: Readonly<Record<string, string>>, word: string): { readonly json: unknown; readonly shows: string }
}

/** A field that no form has. What an app keeps of it, it would also keep of `isAdmin`. */
const unknownKey: Attack = {
  name: 'input/unknown-key',
  risk: 'unknown-keys',
  title: 'A field that nobody declared is kept',
  message: 'A field of an invented name is stored along with the others, as any column or property could be.',
  hostile: (fields, word) => ({ json: { ...fields, [`x${word}`]: `y${word}` }, shows: `y${word}` }),
}

/** Another type than the code expects: what was a text gets methods, operators, or a length of its own. */
const otherType: Attack = {
  name: 'input/other-type',
  risk: 'unvalidated-input',
  title: 'An object is taken where a text belongs',
  message: 'A field that holds a text takes an object with keys of the client’s choice.',
  hostile: (fields, word) => {
    const [first] = Object.keys(fields)
    const json = { ...fields, ...(first !== undefined && { [first]: { [`x${word}`]: `y${word}` } }) }
    return { json, shows: `y${word}` }
  },
}

const controls: Attack = {
  name: 'input/control-characters',
  risk: 'control-characters',
  title: 'Text is kept with control characters in it',
  message: 'A text is stored together with a control character, which programs and people downstream read differently.',
  hostile: (fields, word) => {
    const [first] = Object.keys(fields)
    const json = { ...fields, ...(first !== undefined && { [first]: `a${word}\u0001b${word}` }) }
    return { json, shows: `a${word}\u0001b${word}` }
  },
}

export const probes: readonly Probe[] = [unknownKey, otherType, controls].map(toProbe)

function toProbe(attack: Attack): Probe {
  return {
    name: attack.name,
    risk: attack.risk,
    title: attack.title,
    kind: 'state',
    async *attack(target) {
      const routes = target.routes.filter(({ body, readBack }) => body?.type === 'json' && readBack !== undefined)
      for (const route of routes.slice(0, MOST)) {
        const outcome = await tryRoute(target, route, attack)
        yield outcome
        if (outcome.verdict === 'proven') return
      }
    },
  }
}

function tryRoute(target: Target, route: Route, attack: Attack): ReturnType<typeof tryOut> {
  const fields = route.body?.fields ?? {}
  const [first] = Object.keys(fields)
  return tryOut(
    {
      control: async () => {
        const word = target.nonce()
        await write(target, route, { ...fields, ...(first !== undefined && { [first]: word }) })
        return (await read(target, route)).text.includes(word)
      },
      attack: async () => {
        const { json, shows } = attack.hostile(fields, target.nonce())
        const answer = await write(target, route, json)
        const { text } = await read(target, route)
        return { worked: text.includes(shows) || text.includes(JSON.stringify(shows).slice(1, -1)), answer }
      },
    },
    { method: route.method, path: route.path, message: attack.message, remedy: REMEDY },
  )
}

function write(target: Target, { method, path, signedIn }: Route, json: unknown): Promise<Answer> {
  return target.send({ method, path, json, headers: { origin: target.origin }, signedIn: signedIn === true })
}

function read(target: Target, { readBack = '/', signedIn }: Route): Promise<Answer> {
  return target.send({ path: readBack, signedIn: signedIn === true })
}
