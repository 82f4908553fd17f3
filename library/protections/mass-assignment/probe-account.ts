import type { Answer, Route, RouteBody, Target } from '../../core/probe.ts'

const REGISTERS =
  /regist|sign-?_?up|join|enrol|(?:new|create)-?_?(?:account|user|member)|(?:accounts?|users?|members?)\/?$/i
const PASSWORD = /passw|pwd|passphrase|^pass$|kennwort|contrase/i

/** Whether a form makes an account: by where it leads, and since it asks for a password. */
export function isRegistration(path: string, body: RouteBody | undefined): boolean {
  return body !== undefined && body.type !== 'text' && REGISTERS.test(path) && Object.keys(body.fields).some(isPassword)
}

/** Registers as somebody new, with more fields than asked for, and comes in: by the answer itself, or by the sign-in. */
export async function join(
  target: Target,
  route: Route,
  extra: Readonly<Record<string, unknown>>,
): Promise<{ readonly answer: Answer; readonly cookie: string }> {
  const name = target.nonce()
  const password = `Kw7-${target.nonce()}`
  const answer = await post(target, route, name, password, extra)
  if (answer.status === 0 || answer.status >= 400) return { answer, cookie: '' }
  const own = cookieOf(answer)
  const signIn = target.routes.find((each) => each.signIn === true && each.body?.type === 'form')
  if (signIn === undefined) return { answer, cookie: own }
  // A cookie may be that of a guest still: some accounts begin with a letter, and many with a sign-in.
  await target.openLetter(`${name}@example.org`, password)
  const entered = cookieOf(await post(target, signIn, name, password, {}))
  return { answer, cookie: entered === '' ? own : entered }
}

function post(
  target: Target,
  { method, path, body }: Route,
  name: string,
  password: string,
  extra: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  const fields: Record<string, string> = { ...body?.fields }
  for (const field of Object.keys(fields)) {
    if (isPassword(field)) fields[field] = password
    else if (/mail/i.test(field) || fields[field]?.includes('@')) fields[field] = `${name}@example.org`
    else if (/name|login|user|ident|account|nick|handle/i.test(field)) fields[field] = name
  }
  const ask = { method, path, headers: { origin: target.origin, 'sec-fetch-site': 'same-origin' } }
  if (body?.type === 'json') return target.send({ ...ask, json: { ...fields, ...extra } })
  const texts = Object.entries(extra).map(([key, value]) => [key, `${value}`])
  return target.send({ ...ask, form: { ...fields, ...Object.fromEntries(texts) } })
}

function isPassword(field: string): boolean {
  return PASSWORD.test(field)
}

function cookieOf(answer: Answer): string {
  return answer
    .all('set-cookie')
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((pair) => /=./.test(pair))
    .join('; ')
}
