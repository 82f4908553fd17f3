import { type Answer, type Probe, type Route, repeatRecorded, type Target, tryOut } from '../../core/probe.ts'
import { SIGNATURE_HEADERS } from './names.ts'

const MOST_ROUTES = 4

/** A delivery that nobody has signed, and one with signatures that are made up. */
const unsigned: Probe = {
  name: 'webhooks/forged-delivery',
  risk: 'forged-webhook',
  title: 'Anybody can tell the app that something has happened',
  kind: 'state',
  async *attack(target) {
    const routes = target.routes.filter(
      ({ method, path, readBack, signedIn }) =>
        method === 'POST' && readBack !== undefined && signedIn !== true && /hook|callback|notif/i.test(path),
    )
    for (const route of routes.slice(0, MOST_ROUTES)) {
      let made = false
      let byWord = false
      const outcome = await tryOut(
        {
          control: () => target.alive(),
          attack: async () => {
            const bare = made ? undefined : await deliver(target, route, {})
            made ||= bare?.worked !== true
            const delivered = bare?.worked === true ? bare : await deliver(target, route, madeUp())
            byWord ||= delivered.byWord
            return delivered
          },
          // A page that counts what was refused changes as well.
          alsoHarmless: async () => {
            const nothing: Route = { ...route, body: { type: 'json', fields: {} } }
            return !byWord && (await deliver(target, nothing, {})).worked
          },
        },
        {
          method: 'POST',
          path: route.path,
          message: 'A delivery that the sender has not signed is taken, so anybody can report a payment or a sign-up.',
          remedy: "Name the sender in webhooks of the policy, and declare secure({ webhook: '...' }) at the route.",
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** A genuine delivery that somebody has recorded, once more. */
const replayed: Probe = {
  name: 'webhooks/replayed-delivery',
  risk: 'replayed-webhook',
  title: 'A delivery that somebody has recorded counts again',
  kind: 'state',
  async *attack(target) {
    const isSigned = ({ headers = {} }: Route): boolean =>
      Object.keys(headers).some((name) => SIGNATURE_HEADERS.includes(name.toLowerCase()))
    const routes = target.routes.filter((route) => route.method === 'POST' && route.readBack && isSigned(route))
    for (const route of routes.slice(0, MOST_ROUTES)) {
      const outcome = await tryOut(repeatRecorded(target, route), {
        method: 'POST',
        path: route.path,
        message: 'A genuine delivery can be sent again by whoever has seen it, and what it reports happens again.',
        remedy:
          "Declare secure({ webhook: '...' }) at the route: each delivery then counts once, also in many processes.",
      })
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [unsigned, replayed]

async function deliver(
  target: Target,
  route: Route,
  headers: Record<string, string>,
): Promise<{ readonly worked: boolean; readonly byWord: boolean; readonly answer: Answer }> {
  const word = target.nonce()
  const fields = { ...route.body?.fields }
  const [name] = Object.keys(fields)
  if (name !== undefined) fields[name] = word
  const body = route.body?.type === 'form' ? { form: fields } : { json: fields }
  const look = async (): Promise<string> => (await target.send({ path: route.readBack ?? '/' })).text
  const [first, before] = [await look(), await look()]
  const answer = await target.send({ method: 'POST', path: route.path, headers, ...body })
  const after = await look()
  // A page that is always the same, and another one after the delivery, has taken it.
  const byWord = after.includes(word)
  return { worked: byWord || (first === before && after !== before), byWord, answer }
}

/** Headers of the right form: some only look whether there are any. */
function madeUp(): Record<string, string> {
  const time = String(Math.floor(Date.now() / 1000))
  const hex = 'ab'.repeat(32)
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': time,
    'webhook-signature': `v1,${Buffer.from(hex, 'hex').toString('base64')}`,
    'stripe-signature': `t=${time},v1=${hex}`,
    'x-hub-signature-256': `sha256=${hex}`,
    'x-slack-signature': `v0=${hex}`,
    'x-slack-request-timestamp': time,
  }
}
