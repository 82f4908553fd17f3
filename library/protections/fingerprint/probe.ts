import { type Answer, type Probe, type Target, tryOut } from '../../core/probe.ts'

const REMEDY = 'Protect the app with bulwark(), or add the fingerprint protection back to its policy.'

/** A Server without a version, such as `cloudflare`, tells nothing that could be looked up. */
const VERSIONED = /[a-z][\w.-]*\/\d|\bv?\d+\.\d+/i

/** Says which software, often which version: the first thing that is looked up in a list of known holes. */
const productHeader: Probe = {
  name: 'fingerprint/product-header',
  risk: 'fingerprint',
  title: 'Headers name the software',
  kind: 'passive',
  async *attack(target) {
    for (const path of paths(target)) {
      const first = namedIn(await target.send({ path }))
      const outcome = await tryOut(
        {
          attack: async () => {
            const answer = await target.send({ path })
            return { worked: namedIn(answer) !== undefined, answer }
          },
        },
        {
          method: 'GET',
          path,
          message: `The header ${first ?? 'X-Powered-By'} names the software that made this answer.`,
          remedy: REMEDY,
        },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

/** Error pages that only one framework writes this way. */
const SIGNATURES: readonly (readonly [framework: string, type: RegExp, text: RegExp])[] = [
  ['Express', /html/, /<title>Error<\/title>[\s\S]*<pre>(?:Cannot (?:GET|POST) |[A-Za-z]*Error: |Not Found)/],
  ['Fastify', /json/, /"message":"(?:Route [A-Z]+:|'[^']*' is not a valid url component)/],
  ['NestJS', /json/, /"message":"Cannot [A-Z]+ \/[^"]*","error":"Not Found","statusCode":404/],
  ['hapi', /json/, /^\{"statusCode":404,"error":"Not Found","message":"Not Found"\}$/],
  ['Next.js', /html/, /next-error-h1|__NEXT_DATA__/],
]

const defaultErrorPage: Probe = {
  name: 'fingerprint/default-error-page',
  risk: 'fingerprint',
  title: 'A default error page shows which framework it is',
  kind: 'active',
  isRough: true,
  async *attack(target) {
    for (const path of [`/${target.nonce()}`, `/${target.nonce()}/%E0%A4%A`]) {
      let framework = 'a framework'
      const first = signatureOf(await target.send({ path }))
      if (first !== undefined) framework = first
      const outcome = await tryOut(
        {
          attack: async () => {
            const answer = await target.send({ path })
            return { worked: signatureOf(answer) !== undefined, answer }
          },
        },
        { method: 'GET', path, message: `This is the default error page of ${framework}.`, remedy: REMEDY },
      )
      yield outcome
      if (outcome.verdict === 'proven') return
    }
  },
}

export const probes: readonly Probe[] = [productHeader, defaultErrorPage]

/** A page, some data, and a place where nothing is. */
function paths(target: Target): readonly string[] {
  const gets = target.routes.filter(({ method }) => method === 'GET')
  const page = gets.find(({ html }) => html === true)
  const data = gets.find(({ html }) => html !== true)
  return [page?.path ?? '/', ...(data ? [data.path] : []), `/${target.nonce()}`]
}

function namedIn({ headers }: Answer): string | undefined {
  if (headers['x-powered-by'] !== undefined) return 'X-Powered-By'
  if (headers['x-generator'] !== undefined) return 'X-Generator'
  if (headers['x-aspnet-version'] !== undefined) return 'X-AspNet-Version'
  return VERSIONED.test(headers['server'] ?? '') ? 'Server' : undefined
}

function signatureOf(answer: Answer): string | undefined {
  if (answer.status < 400) return undefined
  const type = answer.headers['content-type'] ?? ''
  return SIGNATURES.find(([, kind, text]) => kind.test(type) && text.test(answer.text))?.[0]
}
