/**
 * What stops an attack on the protected blog besides the protection that is named for it: the blog's own code, Express, or a second
 * guard. Held by a test: with the named protection off, exactly these attacks still have no effect.
 */
export const ALSO_STOPPED: Readonly<Record<string, string>> = {
  'body-limits/unknown-type': 'express.json() reads application/json only.',
  'body-limits/deep-json': 'The blog takes each setting by its name, and only text.',
  'body-limits/proto-key': 'The blog takes each setting by its name.',
  'cookies/default-name': 'The names of the cookies are the own ones of the blog and of its sessions.',
  'cookies/well-known-secret': 'Sessions carry no signature: their ids are nothing but chance.',
  'cors/reflects-origin': 'The blog itself lets no other site read anything.',
  'cors/null-origin': 'The blog itself lets no other site read anything.',
  'cors/look-alike-origin': 'The blog itself lets no other site read anything.',
  'csrf/json-as-text': 'body-limits takes JSON as application/json only.',
  'errors/stack-trace': 'Whatever fails, Bulwark answers with a problem document, and the blog with a sentence.',
  'errors/internal-message': 'Whatever fails, Bulwark answers with a problem document, and the blog with a sentence.',
  'errors/async-crash': 'Express 5 waits for the promises of routes.',
  'errors/repeated-failure': 'Nothing that was tried makes the blog fail.',
  'fingerprint/default-error-page':
    'The blog has a page of its own for what is not there, and Bulwark one for what fails.',
  'fingerprint/product-header': "Bulwark's plug for Express turns X-Powered-By off as well.",
  'host-header/poisoned-link': 'The blog writes its own address into its mails.',
  'host-header/forwarded-host': 'The blog writes its own address into its mails.',
  'open-redirect/form-field': 'The blog follows paths of its own only, by safeRedirect().',
  'passwords/weak-accepted': 'The blog calls checkPassword(), which no policy turns off.',
  'passwords/truncated': 'The blog calls hashPassword(), which no policy turns off.',
  'path-firewall/guard-bypass': 'Express takes the path as it was sent, for the check and for the file.',
  'path-firewall/traversal': 'express.static() stays in its folder.',
  'path-firewall/trace': 'Express has no route for TRACE.',
  'path-firewall/method-override': 'Express takes the method as it was sent.',
  'rate-limit/forged-address': 'Without any limit there is none to get past.',
  'sign-in-throttle/locked-out-owner': 'Where nothing locks, nobody can be locked out.',
  'sign-in-throttle/user-enumeration': 'The blog has one answer for all, and hashes for names that nobody has as well.',
  'sql-injection/error-based': 'The blog hands every value to its database as a parameter.',
}
