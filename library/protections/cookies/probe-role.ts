import { type Answer, type Outcome, type Route, type Target, tryOut } from '../../core/probe.ts'
import type { SetCookie } from '../../toolbox/cookies.ts'

const ROLE = /role|admin|group|level|privilege|permission|access|staff|moderator|user_?type|account_?type/i
/** Where apps keep what is for few, besides the pages that are known. */
const FOR_FEW = ['/admin', '/admin/users', '/admin/dashboard', '/dashboard']
const MOST_PAGES = 8

/** A cookie that says what somebody may do, with more in it. */
interface Raised {
  readonly cookie: SetCookie
  readonly value: string
}

/** Signs in, writes another role into the cookie, and looks whether a page that was refused is shown. */
export async function* raiseRole(target: Target, set: readonly SetCookie[]): AsyncGenerator<Outcome> {
  for (const { cookie, value } of set.flatMap(raisedOf)) {
    const see = (path: string, one: string): Promise<Answer> => {
      const pairs = set.map((other) => `${other.name}=${other === cookie ? one : other.value}`)
      return target.send({ path, headers: { cookie: pairs.join('; ') } })
    }
    for (const path of placesFor(target.routes)) {
      if (!isRefused(await see(path, cookie.value)) || isRefused(await see(path, value))) continue
      const outcome = await tryOut(
        {
          control: async () => isRefused(await see(path, cookie.value)),
          attack: async () => {
            const answer = await see(path, value)
            return { worked: !isRefused(answer), answer }
          },
          // What opens for any word is no check of roles.
          alsoHarmless: async () => !isRefused(await see(path, target.nonce())),
        },
        {
          method: 'GET',
          path,
          message: `Whoever writes another role into the cookie ${cookie.name} is shown this page, which was refused before.`,
          remedy: 'Keep what people may do on the server, and say who may call a route: secure({ allow }).',
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  }
}

function raisedOf(cookie: SetCookie): Raised[] {
  const text = decoded(cookie.value)
  if (ROLE.test(cookie.name) && /^[a-z][\w-]{0,20}$|^\d$/i.test(text)) {
    return higher(text).map((value) => ({ cookie, value }))
  }
  const inside = /("(?:role|is_?admin|admin|group|level)"\s*:\s*)("?)([a-z][\w-]{0,20}|\d)\2/i
  const replaced = (whole: string): string[] => {
    const [, before = '', quote = '', old = ''] = inside.exec(whole) ?? []
    return old === '' ? [] : higher(old).map((word) => whole.replace(inside, `${before}${quote}${word}${quote}`))
  }
  const plain = replaced(text).map((value) => ({ cookie, value: encodeURIComponent(value) }))
  const coded = replaced(Buffer.from(text, 'base64').toString('utf8'))
  return [...plain, ...coded.map((value) => ({ cookie, value: Buffer.from(value).toString('base64') }))]
}

function higher(word: string): string[] {
  if (/^(?:false|no)$/i.test(word)) return ['true']
  if (/^\d$/.test(word)) return word === '1' ? ['0', '9'] : ['1']
  return ['admin', 'administrator'].filter((one) => one !== word.toLowerCase())
}

function placesFor(routes: readonly Route[]): readonly string[] {
  const known = routes.filter(({ method, signIn }) => method === 'GET' && signIn !== true).map(({ path }) => path)
  return [...new Set([...known.filter((path) => /admin|manage|staff/i.test(path)), ...FOR_FEW, ...known])].slice(
    0,
    MOST_PAGES,
  )
}

function isRefused({ status }: Answer): boolean {
  return status < 200 || status >= 300
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value // A percent sign of its own.
  }
}
