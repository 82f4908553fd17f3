export {
  type CookieKind,
  type CookieSettings,
  type CookieSigner,
  type CookieSignerOptions,
  cookieSigner,
} from './signer.ts'
