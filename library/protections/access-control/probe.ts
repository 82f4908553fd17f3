import { type Probe, tryOut } from '../../core/probe.ts'

const MOST = 5

/** Asks for what needs an account, without one. */
const forcedBrowsing: Probe = {
  name: 'access-control/forced-browsing',
  risk: 'missing-authorization',
  title: 'A page for signed-in people answers anybody',
  kind: 'active',
  async *attack(target) {
    const routes = target.routes.filter(({ method, signedIn }) => method === 'GET' && signedIn === true)
    for (const { path } of routes.slice(0, MOST)) {
      yield await tryOut(
        {
          attack: async () => {
            const answer = await target.send({ path, headers: { 'sec-fetch-site': 'none' } })
            return {
              worked: answer.status === 200 && answer.text !== '' && !/type=["']?password/i.test(answer.text),
              answer,
            }
          },
          // An app that answers everything with the same page has not shown this one.
          alsoHarmless: async () => {
            const other = await target.send({ path: `/${target.nonce()}`, headers: { 'sec-fetch-site': 'none' } })
            return other.status === 200
          },
        },
        {
          method: 'GET',
          path,
          message: 'Somebody without an account gets the content that is meant for people who signed in.',
          remedy: "Name roles in the policy and declare the route with secure({ allow: 'a:permission' }).",
        },
      )
    }
  },
}

export const probes: readonly Probe[] = [forcedBrowsing]
