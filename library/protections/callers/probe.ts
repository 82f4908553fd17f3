import { type Answer, type Probe, type Route, repeatRecorded, type Target, tryOut } from '../../core/probe.ts'
import { IDENTITY_HEADERS } from './headers.ts'

const REMEDY =
  'Set callers in the policy: identity headers then count only from a program that proves who it is, and req.security.caller tells which.'
const MOST_PAGES = 10
const MOST_CALLS = 3
/** Where a call says who sends it. */
const PROOF = /^(?:authorization|signature|x-service-signature|x-api-signature|x-hmac|x-caller-token|dpop)$/i

/** A page for people who are signed in, asked for with nothing but a header. */
const forgedUser: Probe = {
  name: 'callers/forged-user',
  risk: 'forged-identity',
  title: 'A header says who the user is, and anybody can send it',
  kind: 'active',
  async *attack(target) {
    const pages = target.routes.filter(({ method, signIn }) => method === 'GET' && signIn !== true)
    for (const route of pages.slice(0, MOST_PAGES)) {
      if (!isClosed(await target.send({ path: route.path }))) continue
      const knock = async (names: readonly string[]): Promise<Answer> =>
        target.send({ path: route.path, headers: headersOf(names, `bulwark${target.nonce()}`) })
      const outcome = await tryOut(
        {
          control: () => target.alive(),
          attack: async () => {
            const answer = await knock(IDENTITY_HEADERS)
            return { worked: isOpen(answer), answer }
          },
          // Whoever opens for any header at all is not asking who it is.
          alsoHarmless: async () => isOpen(await knock(['x-bulwark', 'x-request-note'])),
        },
        {
          method: 'GET',
          path: route.path,
          message: 'Whoever sends a header such as X-Forwarded-User is that user.',
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** What is for programs only, asked for by somebody who says that he is one. */
const forgedProgram: Probe = {
  name: 'callers/forged-program',
  risk: 'forged-caller',
  title: 'What is for programs of the network does what anybody says who looks like one',
  kind: 'state',
  async *attack(target) {
    for (const route of target.routes) {
      if (route.method === 'GET' || route.readBack === undefined || route.body?.type !== 'json') continue
      if (route.signIn || !(await isFor(target, route))) continue
      const outcome = await tryOut(
        {
          control: () => target.alive(),
          attack: () => write(target, route, IDENTITY_HEADERS),
          alsoHarmless: async () => (await write(target, route, ['x-bulwark'])).worked,
        },
        {
          method: route.method,
          path: route.path,
          message: 'Whoever sends a header such as X-Internal is taken for a program of the network.',
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** A call that somebody has listened to, once more. */
const replayedCall: Probe = {
  name: 'callers/replayed-call',
  risk: 'replayed-call',
  title: 'A call that somebody has recorded works again',
  kind: 'state',
  async *attack(target) {
    for (const route of target.routes.filter(isRecordedCall).slice(0, MOST_CALLS)) {
      const outcome = await tryOut(repeatRecorded(target, route), {
        method: route.method,
        path: route.path,
        message: 'Whoever has read a call in a log or on the way can send it again, and it is done again.',
        remedy:
          'Let callers of the policy check calls of programs (secure({ caller })): the number of each counts once.',
      })
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [forgedUser, forgedProgram, replayedCall]

/** It does something, it can be seen, and its author proved who they are with the call itself. */
function isRecordedCall({ method, readBack, headers = {} }: Route): boolean {
  return method !== 'GET' && readBack !== undefined && Object.keys(headers).some((name) => PROOF.test(name))
}

/** Whether the route turns strangers away. */
async function isFor(target: Target, route: Route): Promise<boolean> {
  return isClosed((await write(target, route, [])).answer)
}

async function write(
  target: Target,
  route: Route,
  names: readonly string[],
): Promise<{ readonly worked: boolean; readonly answer: Answer }> {
  const word = target.nonce()
  const fields = { ...route.body?.fields }
  const free = Object.keys(fields).find((name) => /text|body|title|message|comment|memo|content/i.test(name))
  const name = free ?? Object.keys(fields)[0]
  if (name !== undefined) fields[name] = word
  const headers = { origin: target.origin, 'sec-fetch-site': 'same-origin', ...headersOf(names, '1') }
  const answer = await target.send({ method: route.method, path: route.path, json: fields, headers })
  const page = await target.send({ path: route.readBack ?? '/' })
  return { worked: page.text.includes(word), answer }
}

function headersOf(names: readonly string[], value: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, value]))
}

function isClosed({ status }: Answer): boolean {
  return status === 401 || status === 403
}

function isOpen({ status }: Answer): boolean {
  return status >= 200 && status < 300
}
