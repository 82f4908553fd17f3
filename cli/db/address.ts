import { UsageError } from '../io.ts'

/** Where a database is. The password stays in the URL, which is shown nowhere. */
export interface Address {
  readonly kind: 'postgres' | 'mysql'
  readonly url: string
  /** `user@host:port/database`, for people. */
  readonly shown: string
  /** What must not be shown, in each way of writing it. */
  readonly secrets: readonly string[]
}

const KINDS: Readonly<Record<string, Address['kind']>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
}

/** Reads the URL of a database. **Security**: no message repeats it, since there is a password in it. */
export function parseAddress(text: string): Address {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new UsageError('that is no URL of a database', HINT)
  }
  const kind = Object.hasOwn(KINDS, url.protocol) ? KINDS[url.protocol] : undefined
  if (kind === undefined) throw new UsageError('that is no URL of PostgreSQL, MySQL or MariaDB', HINT)
  if (url.hostname === '' || url.pathname.length < 2) {
    throw new UsageError('the URL names no host, or no database', HINT)
  }
  const plain = decoded(url.password)
  return {
    kind,
    // mysql2 knows its own scheme only.
    url: kind === 'mysql' ? text.replace(/^mariadb:/, 'mysql:') : text,
    shown: `${decoded(url.username)}@${url.host}${decoded(url.pathname)}`,
    secrets: [text, url.password, plain, url.searchParams.get('password') ?? ''].filter((secret) => secret !== ''),
  }
}

/** A text of a driver or server, without any secret of the address. */
export function withoutSecrets(text: string, { secrets }: Address): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}

const HINT = 'such as: bulwark db check postgres://app@127.0.0.1:5432/shop'

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
