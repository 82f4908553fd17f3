import type { Node, Rule, SourceFile } from '../../core/rule.ts'

const VERIFY = /^(?:jsonwebtoken|jose)(?:\.default)?\.(?:verify|jwtVerify)$/
const DECODE =
  /^(?:jsonwebtoken(?:\.default)?\.decode|jose(?:\.default)?\.decodeJwt|jwt-decode(?:\.(?:jwtDecode|default))?)$/
const NODE_OF_TESTS = /(?:^|[\\/])(?:tests?|__tests__|e2e|specs?|__mocks__|mocks?)[\\/]|\.(?:test|spec)\.[cm]?[jt]sx?$/i

const anyAlgorithm: Rule = {
  name: 'access-tokens/any-algorithm',
  risk: 'forged-token',
  title: 'A token says itself how it is to be verified',
  *check(file) {
    for (const { call, name, options } of verifications(file)) {
      const algorithms = file.propertyOf(options, 'algorithms')
      if (algorithms === undefined) {
        // jose holds the algorithm against the type of the key; jsonwebtoken takes whatever a text could be a key for.
        if (name.startsWith('jose') || isOpaque(options)) continue
        yield {
          at: call,
          message: 'No algorithm is demanded, so whoever writes the token chooses one.',
          remedy: "Say which one it is: { algorithms: ['RS256'] }; or name the issuer in accessTokens of the policy.",
        }
        continue
      }
      const named = listOf(file, algorithms)
      const kinds = new Set(named.map((one) => (one.startsWith('HS') ? 'secret' : 'public')))
      if (!named.some((one) => /^none$/i.test(one)) && kinds.size < 2) continue
      yield {
        at: algorithms,
        message:
          kinds.size < 2
            ? 'A token without a signature counts.'
            : 'With both kinds of algorithms the public key can be used as if it were the secret.',
        remedy: "Demand the one that the issuer uses: { algorithms: ['RS256'] }.",
      }
    }
  },
}

const anyAudience: Rule = {
  name: 'access-tokens/any-audience',
  risk: 'foreign-token',
  title: 'A token counts, whoever it is for',
  *check(file) {
    for (const { call, options } of verifications(file)) {
      if (isOpaque(options) || file.propertyOf(options, 'audience') !== undefined) continue
      const scope = file.scopeOf(call)
      // Some look at the claim themselves.
      if (/\baud\b/.test(file.text.slice(scope.start, scope.end))) continue
      yield {
        at: call,
        message: 'A token that the same issuer has made for another app counts here as well.',
        remedy: "Demand the name of this app: { audience: 'https://api.example' }.",
      }
    }
  },
}

const anyAge: Rule = {
  name: 'access-tokens/any-age',
  risk: 'expired-token',
  title: 'A token counts after it has expired',
  *check(file) {
    for (const { options } of verifications(file)) {
      const ignores = file.propertyOf(options, 'ignoreExpiration')
      if (ignores === undefined || file.valueOf(ignores) !== true) continue
      yield {
        at: ignores,
        message: 'A token that was stolen once is good for ever.',
        remedy: 'Take ignoreExpiration away, and give out a new token in time.',
      }
    }
  },
}

const notVerified: Rule = {
  name: 'access-tokens/not-verified',
  risk: 'forged-token',
  title: 'A token of the client is read and not verified',
  *check(file) {
    if (NODE_OF_TESTS.test(file.path)) return
    for (const call of file.nodes('CallExpression')) {
      const name = file.nameOf(call['callee'] as Node)
      const [token] = call['arguments'] as readonly Node[]
      if (name === undefined || !DECODE.test(name) || token === undefined) continue
      // In a browser, or for a token that was verified before, reading is all there is to do.
      if (file.taintOf(token) === undefined) continue
      const scope = file.scopeOf(call)
      if (/\b(?:jwt)?verify\w*\s*\(/i.test(file.text.slice(scope.start, scope.end))) continue
      yield {
        at: call,
        message: 'Whoever sends the token has written it, and what it says is only a claim.',
        remedy: 'Verify it instead, or take req.security.token, which holds only what was verified.',
      }
    }
  },
}

export const rules: readonly Rule[] = [anyAlgorithm, anyAudience, anyAge, notVerified]

interface Verification {
  readonly call: Node
  readonly name: string
  readonly options: Node | undefined
}

function* verifications(file: SourceFile): Iterable<Verification> {
  if (NODE_OF_TESTS.test(file.path)) return
  for (const call of file.nodes('CallExpression')) {
    const name = file.nameOf(call['callee'] as Node)
    if (name === undefined || !VERIFY.test(name)) continue
    const options = (call['arguments'] as readonly Node[])[2]
    yield { call, name, options: options && isFunction(options) ? undefined : options }
  }
}

function isFunction({ type }: Node): boolean {
  return type === 'ArrowFunctionExpression' || type === 'FunctionExpression'
}

/** Options that come from elsewhere may hold anything. */
function isOpaque(options: Node | undefined): boolean {
  if (options === undefined) return false
  if (options.type !== 'ObjectExpression') return true
  return (options['properties'] as readonly Node[]).some(({ type }) => type === 'SpreadElement')
}

function listOf(file: SourceFile, node: Node): readonly string[] {
  if (node.type !== 'ArrayExpression') return []
  return (node['elements'] as readonly (Node | null)[])
    .map((one) => (one === null ? undefined : file.valueOf(one)))
    .filter((one) => typeof one === 'string')
}
