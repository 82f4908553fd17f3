const DEFAULT_NAMES: ReadonlySet<string> = new Set([
  'connect.sid',
  'sid',
  'session',
  'session_id',
  'sessionid',
  'koa.sess',
  'koa:sess',
  'koa.sid',
  'express:sess',
  'sails.sid',
  'phpsessid',
  'jsessionid',
  'asp.net_sessionid',
  'laravel_session',
  '_session_id',
  'token',
  'jwt',
  'access_token',
  'refresh_token',
  'auth',
  'next-auth.session-token',
  'authjs.session-token',
  'better-auth.session_token',
  'keystonejs-session',
])

const READ_BY_SCRIPTS = /csrf|xsrf/i
const SESSION_LIKE = /sess|(?:^|[^a-z])s?id$|auth|token|jwt|login|user|account|remember|identity/i

/** Whether a package gives this name to every app. With `__Host-` in front it is at least bound to its host, and none. */
export function isDefaultName(name: string): boolean {
  return DEFAULT_NAMES.has(name.toLowerCase().replace(/^__secure-/, ''))
}

/** Whether scripts of the page have to read the cookie: those of double-submit CSRF defences. */
export function isReadByScripts(name: string): boolean {
  return READ_BY_SCRIPTS.test(name)
}

/** Whether a cookie of this name is likely to say who somebody is. */
export function isSessionLike(name: string): boolean {
  return (SESSION_LIKE.test(name) || isDefaultName(name)) && !isReadByScripts(name)
}
