/**
 * What stops an attack on the protected blog besides the protection that is named for it: the blog's own code, Express, or a second
 * guard. Held by a test: with the named protection off, exactly these attacks still have no effect.
 */
export const ALSO_STOPPED: Readonly<Record<string, string>> = {
  'body-limits/huge-json': 'express.json() takes no more than 100 kB by default.',
  'body-limits/huge-form': 'express.urlencoded() takes no more than 100 kB by default.',
  'body-limits/gzip-bomb': 'express.json() counts what it has unpacked against its 100 kB.',
  'body-limits/unknown-type': 'express.json() reads application/json only.',
  'body-limits/deep-json': 'The blog takes each setting by its name, and only text.',
  'body-limits/proto-key': 'The blog takes each setting by its name.',
  'cors/reflects-origin': 'The blog itself lets no other site read anything.',
  'cors/null-origin': 'The blog itself lets no other site read anything.',
  'cors/look-alike-origin': 'The blog itself lets no other site read anything.',
  'csrf/json-as-text': 'body-limits takes JSON as application/json only.',
  'errors/stack-trace': 'Whatever fails, Bulwark answers with a problem document, and the blog with a sentence.',
  'errors/internal-message': 'Whatever fails, Bulwark answers with a problem document, and the blog with a sentence.',
  'errors/repeated-failure': 'Nothing that was tried makes the blog fail.',
  'fingerprint/product-header': "Bulwark's plug for Express turns X-Powered-By off as well.",
  'host-header/poisoned-link': 'The blog writes its own address into its mails.',
  'host-header/forwarded-host': 'The blog writes its own address into its mails.',
  'open-redirect/form-field': 'The blog follows paths of its own only, by safeRedirect().',
  'passwords/weak-accepted': 'The blog calls checkPassword(), which no policy turns off.',
  'path-firewall/traversal': 'express.static() stays in its folder.',
  'path-firewall/trace': 'Express has no route for TRACE.',
  'path-firewall/method-override': 'Express takes the method as it was sent.',
  'rate-limit/forged-address': 'Without any limit there is none to get past.',
  'sessions/replay-after-sign-out':
    'The blog counts sign-outs in its database, and its cookies say which they belong to.',
  'sign-in-throttle/one-address-many-accounts': 'sign-in-throttle counts the wrong passwords of one address as well.',
}
