import { type Answer, type Probe, type Route, type Target, tryOut } from '../../core/probe.ts'
import { isRegistration, join } from './probe-account.ts'
import { doorsOf, type Fact, factsOf, hostileTo, newWordOf, viewsOf, type Who } from './probe-facts.ts'

const ROUTES = 5
const FACTS = 4
const REMEDY = 'Declare what the route takes with secure({ body: schema }), or take fields by name with pick().'
/** What apps call it. Sent together: those that an app does not know change nothing. */
const GRANTS: Readonly<Record<string, unknown>> = {
  role: 'admin',
  isAdmin: true,
  is_admin: true,
  admin: true,
  roles: 'admin',
}

/** Changes a field of one's own record that no form has, sees it changed, and changes it back. */
const privilegedField: Probe = {
  name: 'mass-assignment/privileged-field',
  risk: 'mass-assignment',
  title: 'A field of the own record that no form has is set',
  kind: 'last',
  async *attack(target) {
    for (const route of writesOf(target)) {
      const who: Who = { signedIn: route.signedIn === true }
      const views = viewsOf(target, route, who)
      const facts = await factsOf(target, views, who)
      for (const fact of facts.slice(0, FACTS)) {
        const outcome = await tryOut(changing(target, route, fact, who), {
          method: route.method,
          path: route.path,
          message: `A client sets ${fact.name} along with the fields of the form, and it is kept.`,
          remedy: REMEDY,
        })
        yield outcome
        if (outcome.verdict === 'proven') return
      }
      if (facts.length > 0) continue
      const outcome = await tryOut(granting(target, route, who), {
        method: route.method,
        path: route.path,
        message: 'A client makes itself an admin by fields that the form does not have.',
        remedy: REMEDY,
      })
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** Registers twice: honestly, and with a field that says what the new account may do. */
const registration: Probe = {
  name: 'mass-assignment/registration',
  risk: 'mass-assignment',
  title: 'Whoever registers chooses their own role',
  kind: 'state',
  async *attack(target) {
    const routes = target.routes.filter(
      ({ method, path, body, signIn, signedIn }) =>
        method === 'POST' && !signIn && !signedIn && isRegistration(path, body),
    )
    for (const route of routes.slice(0, 2)) {
      const look = async (extra: Readonly<Record<string, unknown>>) => {
        const { cookie, answer } = await join(target, route, extra)
        const who: Who = { cookie }
        const views = viewsOf(target, route, who)
        return { answer, cookie, facts: await factsOf(target, views, who), doors: await doorsOf(target, who) }
      }
      let honest: Awaited<ReturnType<typeof look>> | undefined
      yield await tryOut(
        {
          control: async () => {
            honest = await look({})
            return honest.cookie !== '' && (honest.facts.length > 0 || honest.doors.closed.length > 0)
          },
          attack: async () => {
            const mine = await look(GRANTS)
            const before = honest
            const isRaised = mine.facts.some(({ path, name, value }) => {
              const was = before?.facts.find((fact) => fact.path === path && fact.name === name)
              return was !== undefined && was.value !== value && isGranted(value)
            })
            const isLetIn = mine.doors.open.some((path) => before?.doors.closed.includes(path) === true)
            return { worked: isRaised || isLetIn, answer: mine.answer }
          },
        },
        {
          method: route.method,
          path: route.path,
          message: 'Whoever registers adds a field such as role, and the new account has it.',
          remedy: REMEDY,
        },
      )
    }
  },
}

export const probes: readonly Probe[] = [privilegedField, registration]

function writesOf(target: Target): Route[] {
  return target.routes
    .filter(
      ({ method, body, readBack, signIn, path }) =>
        (method === 'POST' || method === 'PUT' || method === 'PATCH') &&
        body !== undefined &&
        body.type !== 'text' &&
        body.files === undefined &&
        readBack !== undefined &&
        signIn !== true &&
        !isRegistration(path, body),
    )
    .slice(0, ROUTES)
}

type Trial = Parameters<typeof tryOut>[0]

/** One field whose value is shown: set to another one, read, and set back. */
function changing(target: Target, route: Route, fact: Fact, who: Who): Trial {
  const hostile = hostileTo(fact.value)
  const now = async (): Promise<unknown> =>
    (await factsOf(target, [fact.path], who)).find(({ name }) => name === fact.name)?.value
  return {
    control: async () => isTaken(await write(target, route, {})) && (await now()) === fact.value,
    attack: async () => {
      const answer = await write(target, route, { [fact.name]: hostile })
      const worked = `${await now()}` === `${hostile}`
      if (worked) await write(target, route, { [fact.name]: fact.value })
      return { worked, answer }
    },
    alsoHarmless: async () => {
      await write(target, route, { [`x${target.nonce()}`]: hostile })
      return (await now()) !== fact.value
    },
  }
}

/** Fields whose values are only to be seen in a page, or by which doors open. */
function granting(target: Target, route: Route, who: Who): Trial {
  const pages = async (): Promise<string> => {
    const texts: string[] = []
    for (const path of viewsOf(target, route, who)) {
      const { isHtml, text } = await target.send({ path, signedIn: who.signedIn === true })
      texts.push(isHtml ? text : '')
    }
    return texts.join('\n')
  }
  return {
    control: async () => isTaken(await write(target, route, {})),
    attack: async () => {
      const before = await pages()
      const { closed } = await doorsOf(target, who)
      const answer = await write(target, route, GRANTS)
      const was = newWordOf(before, await pages(), 'admin')
      const { open } = await doorsOf(target, who)
      const worked = was !== undefined || open.some((path) => closed.includes(path))
      if (worked)
        await write(target, route, {
          isAdmin: false,
          is_admin: false,
          admin: false,
          role: was ?? 'user',
          roles: was ?? 'user',
        })
      return { worked, answer }
    },
    // What shows all that comes in shows this, too, and nobody is an admin for it.
    alsoHarmless: async () => {
      const before = await pages()
      await write(target, route, { [`x${target.nonce()}`]: 'admin' })
      return newWordOf(before, await pages(), 'admin') !== undefined
    },
  }
}

function isGranted(value: unknown): boolean {
  return value === true || value === 'true' || value === 'admin'
}

function isTaken(answer: Answer): boolean {
  return answer.status > 0 && answer.status < 400
}

/** The honest fields, and more. Forms have texts only; those that write `user[name]` get `user[role]`. */
function write(target: Target, route: Route, extra: Readonly<Record<string, unknown>>): Promise<Answer> {
  const fields = route.body?.fields ?? {}
  const ask = {
    method: route.method,
    path: route.path,
    signedIn: route.signedIn === true,
    headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' },
  }
  if (route.body?.type === 'json') return target.send({ ...ask, json: { ...fields, ...extra } })
  const around = Object.keys(fields)
    .map((name) => /^([\w-]+)\[[\w-]+\]$/.exec(name)?.[1])
    .find((name) => name !== undefined)
  const more = Object.entries(extra).map(([name, value]) => [
    around === undefined ? name : `${around}[${name}]`,
    `${value}`,
  ])
  return target.send({ ...ask, form: { ...fields, ...Object.fromEntries(more) } })
}
