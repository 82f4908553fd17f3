import { type Answer, type Probe, type Target, tryOut } from '../../core/probe.ts'
import { knownSecretIn } from './formats.ts'

/** Files that lie in the folders of many apps, and what nobody but they begins with. */
const FILES: readonly (readonly [string, RegExp])[] = [
  ['/.env', /^\s*(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*\S/m],
  ['/.env.local', /^\s*(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*\S/m],
  ['/.env.production', /^\s*(?:export\s+)?[A-Z][A-Z0-9_]*\s*=\s*\S/m],
  ['/.git/HEAD', /^(?:ref: refs\/heads\/|[0-9a-f]{40}\s*$)/],
  ['/.git/config', /^\[core\]/m],
  ['/.npmrc', /_authToken\s*=|_password\s*=/],
  ['/.aws/credentials', /aws_secret_access_key\s*=/i],
  ['/.htpasswd', /^[\w.-]+:(?:\$|\{)/m],
]
const MOST_PAGES = 6
const MOST_SCRIPTS = 6

const hiddenFile: Probe = {
  name: 'secrets/hidden-file-served',
  risk: 'published-secret',
  title: 'A file with secrets can be downloaded',
  kind: 'active',
  async *attack(target) {
    const get = async (path: string, content: RegExp): Promise<{ worked: boolean; answer: Answer }> => {
      const answer = await target.send({ path })
      return { worked: answer.status === 200 && !answer.isHtml && content.test(answer.text), answer }
    }
    let hit: readonly [string, RegExp] | undefined
    const place = { method: 'GET', path: '/.env' }
    for (const file of FILES) {
      if (!(await get(...file)).worked) continue
      hit = file
      place.path = file[0]
      break
    }
    yield await tryOut(
      {
        control: () => target.alive(),
        attack: () => get(...(hit ?? (FILES[0] as (typeof FILES)[number]))),
        // Some apps answer every path with the same text.
        alsoHarmless: async () => hit !== undefined && (await get(`/.${target.nonce()}`, hit[1])).worked,
      },
      {
        ...place,
        message: 'Whoever asks for this file gets it, and such files hold the secrets of the app or all of its source.',
        remedy: 'Protect the app with bulwark(), and serve a folder that holds nothing but what everybody may read.',
      },
    )
  },
}

const inPage: Probe = {
  name: 'secrets/in-page',
  risk: 'published-secret',
  title: 'A page or a script of it holds a secret',
  kind: 'passive',
  async *attack(target) {
    for (const path of await readable(target)) {
      const look = async (): Promise<{ what: string | undefined; answer: Answer }> => {
        const answer = await target.send({ path })
        return { what: answer.status < 300 ? knownSecretIn(answer.text) : undefined, answer }
      }
      const { what, answer: first } = await look()
      if (first.status >= 300) continue
      const outcome = await tryOut(
        {
          attack: async () => {
            const { what: again, answer } = await look()
            return { worked: again !== undefined, answer }
          },
        },
        {
          method: 'GET',
          path,
          message: `Everybody who opens this gets ${what ?? 'a secret'} along with it.`,
          remedy: 'End this secret, make a new one, and use it on the server only.',
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [hiddenFile, inPage]

/** Pages, and the scripts of this site that they load. */
async function readable(target: Target): Promise<readonly string[]> {
  const gets = target.routes.filter(({ method, signedIn }) => method === 'GET' && signedIn !== true)
  const pages = gets.filter(({ html }) => html === true).map(({ path }) => path)
  const found = new Set([...new Set(pages)].slice(0, MOST_PAGES))
  for (const page of [...found]) {
    const { text } = await target.send({ path: page })
    for (const [, src = ''] of text.matchAll(/<script\b[^>]*\ssrc\s*=\s*["']?(\/(?!\/)[^"'\s>]*)/gi)) {
      if (found.size < MOST_PAGES + MOST_SCRIPTS) found.add(src)
    }
  }
  return [...found]
}
