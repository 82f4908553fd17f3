import type { BulwarkError } from 'bulwark'

export type ErrorCode = BulwarkError['code']

/** One page of `bulwark explain CODE`. */
export interface ErrorPage {
  /** What happened, in one sentence. */
  readonly what: string
  /** Why Bulwark does not just go on. */
  readonly why: string
  readonly fix: string
  /** Code that is right. */
  readonly example: string
}

/** The compiler holds this list complete: a new code without a page does not build. */
export const errors: Readonly<Record<ErrorCode, ErrorPage>> = {
  BULWARK_POLICY_INVALID: {
    what: 'A policy, a contract of a route or other options have a key or a value that means nothing.',
    why: 'A misspelt key would leave a protection at its default while everybody believes that it was set.',
    fix: 'The error names the key, and the nearest one that exists. Protections are turned off with off() and a reason of at least a few words.',
    example: "bulwark({\n  app: 'journal',\n  cors: off('no browser client on another origin'),\n})",
  },
  BULWARK_POLICY_UNSAFE: {
    what: 'The policy is well formed, but would leave the app open in production.',
    why: 'A warning in a log is read after the attack. An unsafe state is refused at start-up, where it costs a minute.',
    fix: 'Change what the error names. Where the danger is really not yours, the option that says so begins with "insecure", and its documentation tells what you give up.',
    example: "bulwark({\n  origins: ['https://journal.example'],\n  keys: process.env.BULWARK_KEYS,\n})",
  },
  BULWARK_ORIGIN_INVALID: {
    what: 'An entry of a list of origins is not an origin.',
    why: 'Browsers send an origin as scheme, host and perhaps port. An entry with a path, a slash at the end or without a scheme would never match, so the site you meant to trust would be refused.',
    fix: 'Write scheme://host or scheme://host:port, in lower case and nothing after it.',
    example: "bulwark({ origins: ['https://journal.example', 'http://localhost:3000'] })",
  },
  BULWARK_PROXY_INVALID: {
    what: 'The policy\'s "proxies" is neither a preset nor a list of address blocks.',
    why: 'Whoever is trusted as a proxy decides which address a client seems to have. "Trust all" or a number of hops lets every client choose its own address, and with it escape every limit.',
    fix: "Name the machines in front of the app: 'none', a preset ('loopback', 'private', 'cloudflare'), or CIDR blocks.",
    example: "bulwark({ proxies: ['10.0.0.0/8', 'fd00::/8'] })",
  },
  BULWARK_DURATION_INVALID: {
    what: 'A duration could not be read.',
    why: 'A bare number in text means seconds to one reader and milliseconds to the next.',
    fix: 'Write a number and a unit: ms, s, m, h or d. A number (not in quotes) is milliseconds.',
    example: "'250ms'   '30s'   '15m'   '12h'   '14d'",
  },
  BULWARK_SIZE_INVALID: {
    what: 'A size in bytes could not be read.',
    why: 'A limit that was misread would be no limit, or would refuse every request.',
    fix: 'Write a number and b, kb, mb or gb (1 kb is 1024 bytes). A number (not in quotes) is bytes.',
    example: "bulwark({ bodyLimits: { json: '10kb' } })",
  },
  BULWARK_SCHEMA_INVALID: {
    what: 'A route declares a part of its input with something that is no Standard Schema.',
    why: 'A schema that cannot be asked would let everything through.',
    fix: 'Use a schema of zod 4, valibot 1, arktype 2, joi 18 or yup 1.7, or schemaOf(validate) for what ajv or TypeBox compiled.',
    example: 'secure({ body: z.object({ title: z.string().min(1).max(200) }) })',
  },
  BULWARK_LIMIT_INVALID: {
    what: 'A limit could not be read, or can never be met.',
    why: 'A limit of nothing would refuse everybody, and one that is not understood would stop nobody.',
    fix: 'Write how many, a slash, and the time in which they come back: s, min, h, d or a duration.',
    example: "'20/min'   '100/10s'   '5/15m'   '1000/h'",
  },
  BULWARK_KEYS_MISSING: {
    what: 'Something has to be signed or sealed, and the policy has no keys.',
    why: 'Keys made up at start-up would sign everybody out at each restart, and several processes would not accept what the others signed.',
    fix: 'Make a key once, keep it where the other secrets of the app are, and hand it in. Several keys are separated by commas, newest first: that is how a key is changed without signing anybody out.',
    example: 'npx @bulwark/cli keys new\n\nbulwark({ keys: process.env.BULWARK_KEYS })',
  },
  BULWARK_KEYS_WEAK: {
    what: 'A key is short, or not random.',
    why: 'Everything signed with a key can be tried against guesses offline, as fast as the attacker has machines. 256 random bits cannot be guessed; a sentence can.',
    fix: 'Use at least 32 characters from a random generator. To replace a weak key, put the new one in front and take the old one away once what it signed has run out.',
    example: 'npx @bulwark/cli keys new',
  },
  BULWARK_SEALED_FILE_INVALID: {
    what: 'A sealed file of keys or secrets could not be opened or changed.',
    why: 'It was sealed with another key, somebody changed it, it is older than the one that the app has read before, or two people are changing it at once. Guessing what was meant could bring a revoked key back.',
    fix: 'The error says which. Keep the master key apart from the file, and take the last good version of the file from your history.',
    example: 'BULWARK_MASTER_KEY=... npx @bulwark/cli keys status --file keys.sealed',
  },
  BULWARK_SEAL_INVALID: {
    what: 'Something was to be sealed or signed in a way that could not be opened again, or would not be safe.',
    why: 'A purpose is a word of the program that keeps one kind of sealed data from passing for another; text that is not Unicode has no bytes of its own; a time to live of nothing opens never.',
    fix: 'The error says what. Purposes are written in the source, never taken from a request.',
    example:
      "const notes = req.security.encryption.box('notes')\nconst sealed = notes.seal(text, { context: String(person.id) })",
  },
  BULWARK_COOKIE_INVALID: {
    what: 'A cookie could not be written: its name, its value or its attributes are not allowed.',
    why: 'Browsers drop such cookies without a word, or read them differently than they were meant; a line break in a value would write headers of its own.',
    fix: 'Names are letters, digits and a few signs; values hold no spaces, quotes, commas, semicolons, backslashes or control characters. A name that begins with __Host- needs Secure, Path=/ and no Domain.',
    example: "res.cookie('theme', 'dark', { maxAge: 86_400_000 })",
  },
  BULWARK_HEADER_INVALID: {
    what: 'A response header could not be written as the policy or the app asked for it.',
    why: 'A line break in a header lets whoever wrote it begin a header, or a whole response, of their own (CWE-113). A security header with a mistake in it is ignored by the browser without a word.',
    fix: 'The error names the header and what is wrong with it. Never put text from a request into a header without checking it against a list.',
    example: 'bulwark({ headers: {} })   // the safe defaults',
  },
  BULWARK_REDIRECT_FOREIGN: {
    what: 'The app was about to send somebody to another site that the policy does not name.',
    why: "A link on your domain that leads to the attacker's is what makes phishing mails believable (CWE-601).",
    fix: "Redirect to a path of the app's own. If the other site is meant, name it in the policy instead of letting the request choose it.",
    example: "res.redirect('/welcome')",
  },
  BULWARK_URL_UNSAFE: {
    what: 'A URL has a scheme that runs code or leaves the web, such as javascript: or data:.',
    why: 'A link with such a scheme runs in your page, with your cookies, when somebody clicks on it (CWE-79).',
    fix: 'Accept http: and https: (and mailto: where you mean it) when the address is saved, and tell the person who typed it.',
    example: "if (!isSafeUrl(website)) return res.status(400).send('not a web address')",
  },
  BULWARK_MARKUP_UNSAFE: {
    what: 'A value was put where escaping cannot make it safe, such as into a script, a style or an event attribute.',
    why: 'Each place in a page has its own rules. What is harmless as text is code inside <script> or onclick, whatever was escaped.',
    fix: 'Carry the value in a data- attribute or in a JSON element and read it from a script file.',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the code that a reader shall write
    example: 'html`<button data-id="${id}">Delete</button>`',
  },
  BULWARK_ROUTE_UNDECLARED: {
    what: 'The policy names roles, and some routes do not say who may call them.',
    why: 'A forgotten check is the most common way to lose data. As soon as there are roles, nothing is public by accident.',
    fix: "Declare each route that the error lists. A route for everybody says allow: 'anyone'.",
    example: "app.get('/health', secure({ allow: 'anyone' }), health)",
  },
  BULWARK_ROUTE_UNPLACED: {
    what: 'Something was declared where it could only take effect too late.',
    why: "Some guards judge a request before any code of the app runs. What makes an exception for a route, such as csrf: off('why'), has to be known by then, together with the requests that it is for; otherwise it would have no effect, or would hold for everything.",
    fix: 'Under node:http, hand the function to the server with route(). Under Express, declare it on the route itself and not with app.use().',
    example: "secure(server, policy, [\n  route('POST /hook', { csrf: off('signed by the sender') }, receive),\n])",
  },
  BULWARK_ADAPTER_MISUSED: {
    what: 'Bulwark was plugged into the framework in a way that would not protect.',
    why: 'What runs before Bulwark is not protected by it: parsers that already read the body, routes registered earlier, a second copy on top of the first.',
    fix: 'Plug it in once, before every parser and every route, and put secure({ ... }) in front of the function of its route.',
    example: 'const app = express()\napp.use(bulwark())\napp.use(express.json())',
  },
  BULWARK_STORE_UNAVAILABLE: {
    what: 'The store could not be reached, or did not answer in time.',
    why: 'Limits and sessions live there. Without it Bulwark cannot know whether a request is one too many.',
    fix: "Look at the cause inside the error, then at the database. What happens to requests in the meantime is the policy's onFailure: 'deny' (the default) or 'allow'. Either way an event is published.",
    example: "bulwark({ store, onFailure: 'deny' })",
  },
  BULWARK_SESSION_INVALID: {
    what: 'A session was asked to hold or to do something that it cannot.',
    why: 'A session holds up to 64 kB of what JSON can hold, belongs to a user with an id, and needs its cookie to leave with the head of the answer.',
    fix: 'The error says which. Sign in and store before the answer begins, and keep what is large in the database.',
    example: "await req.security.session.signIn({ id: String(person.id) })\nres.redirect('/')",
  },
  BULWARK_SESSION_ENDED: {
    what: 'The session was ended while a request that uses it was under way.',
    why: 'The user signed out, or all sessions of the account were ended. What the request wanted to store must not bring the session back. The client gets 401.',
    fix: 'Pass the error on: it carries its own status.',
    example: "await req.security.session.set('cart', cart)",
  },
  BULWARK_PASSWORD_INVALID: {
    what: 'Something was to be hashed that is no password: nothing, no text, text that is not Unicode, or more than 4,096 characters.',
    why: 'A field of a form may hold anything, a list or an object too. Hashing its text would give many people the same password. The client gets 400.',
    fix: 'Ask checkPassword() first and show its message; it also says what is too short, too long or too easy to guess.',
    example:
      'const checked = checkPassword(password, { words: [name, email] })\nif (!checked.ok) return res.status(422).send(checked.message)\nconst stored = await hashPassword(password)',
  },
  BULWARK_HASHING_BUSY: {
    what: 'More passwords are waiting to be hashed than this machine can hash in time.',
    why: 'A password takes a core for some milliseconds by design, so whoever sends many sign-ins at once could take the whole machine. Bulwark hashes a few at a time, lets a few more wait, and refuses the rest with 503 and Retry-After.',
    fix: 'Pass the error on: it carries its own status. Limit sign-ins per client and per account. If they are honest, raise passwords.workers, or add machines.',
    example: "bulwark({ passwords: { workers: 4, waiting: 64, deadline: '5s' } })",
  },
  BULWARK_HASHING_UNAVAILABLE: {
    what: 'A password could not be hashed or compared, because something that this hash needs is not there.',
    why: 'bcrypt hashes need the package bcryptjs, argon2 hashes need @node-rs/argon2 or Node.js 24.7; both need worker threads and enough memory. To answer "wrong password" instead would hide that nobody can sign in.',
    fix: 'The error says what is missing.',
    example: 'npm install bcryptjs',
  },
  BULWARK_SIGN_IN_REFUSED: {
    what: 'A sign-in was not tried, because too many have failed for this account or from this address, or because the name was no text.',
    why: 'Every try is counted before the password is checked. Past the limit the answer is 429 with Retry-After, the same whether the account exists or not.',
    fix: 'Pass the error on: it carries its own status. To show a page of your own, catch it and read headers["Retry-After"], in seconds. Never check the password yourself after it.',
    example:
      'const person = await req.security.trySignIn(name, async () => {\n  const found = await db.find(name)\n  return (await verifyPassword(found?.password, password)).ok && found\n})',
  },
  BULWARK_ACCOUNT_INVALID: {
    what: 'An account cannot be stored as it is, or what is stored is no account.',
    why: "A record that is cut short, mixed up or read half would give somebody another person's roles, or lose a second factor.",
    fix: 'An id has 1 to 256 characters, an account holds only what JSON can hold, and no more than 256 kB of it. A stored record that cannot be read was written by something else: restore it.',
    example: "await accounts.update(id, ({ attributes }) => ({\n  attributes: { ...attributes, theme: 'dark' },\n}))",
  },
  BULWARK_ACCESS_DENIED: {
    what: 'Somebody may not do what assert() asked for, or may not touch a field that pick() was to refuse.',
    why: 'The person has no role with the permission, or only for other objects, or a denial wins. The client is told nothing but the status.',
    fix: 'Pass the error on: it carries its own status, which is 401 for somebody unknown, 403 for somebody known, and 404 where the policy hides objects. explain() tells which line of which role decided.',
    example: "const post = posts.find(req.params.id)\nreq.security.assert('post:edit', post)",
  },
  BULWARK_PERMISSION_UNKNOWN: {
    what: 'can(), assert(), scope() or fields() was asked about a permission that no role names.',
    why: 'A permission that was misspelt would be denied to everybody, or allowed to whoever may do everything, and nobody would notice.',
    fix: 'Name the permission in a role. With the policy registered for the types, such a mistake does not compile.',
    example:
      "export const policy = definePolicy({\n  accessControl: { roles: { author: ['post:edit'] }, identify },\n})\ndeclare module 'bulwark' {\n  interface Register { policy: typeof policy }\n}",
  },
  BULWARK_SCOPE_OPAQUE: {
    what: 'scope() was asked for a filter, and a rule that counts is a function.',
    why: 'A function can look at one object, but not become a condition of a query. A list without it would show too much or too little.',
    fix: 'Write the rule as a condition.',
    example: 'resources: {\n  post: { rules: { own: { where: (person) => ({ author: person.id }) } } },\n}',
  },
  BULWARK_GRANT_INVALID: {
    what: 'A grant for one object could not be stored.',
    why: 'The holder or the object has no usable id, the policy does not know the permission, or one holder would have more than 1000 grants, which are read with each of their requests.',
    fix: 'Grant a permission that a role names, to a person or a role, with the id of the object. For what very many have in common, write a rule.',
    example: "await req.security.grants.allow({ person: 'grace' }, 'post:edit', post.id)",
  },
  BULWARK_RUNTIME_VULNERABLE: {
    what: 'This version of Node.js has published weaknesses that a request can use, or gets no fixes any more.',
    why: 'No guard inside the process can make up for a hole in the HTTP parser or in TLS below it.',
    fix: 'Move to the newest patch release of a maintained line. Nothing in the app has to change for a patch release.',
    example: 'node --version',
  },
  BULWARK_CERTIFICATE_INVALID: {
    what: 'A certificate, a private key or a signing request cannot be used, or may not be made.',
    why: 'A certificate for the wrong name, for another key, or for longer than clients accept fails at every visitor, with a message that nobody understands.',
    fix: 'The error says which and what to use instead. Local authorities sign for local names only, so that a copied key cannot speak for real sites.',
    example: 'bulwark tls dev app.example.test localhost 127.0.0.1',
  },
  BULWARK_ACME_FAILED: {
    what: 'A public authority gave no certificate, or could not be asked.',
    why: 'It looks at http://NAME/.well-known/acme-challenge/ from outside, at the port of HTTPS itself (tls-alpn-01), or at the TXT record _acme-challenge.NAME (dns-01), to see that the name is yours. Authorities count failed tries and refuse for an hour or a week after too many.',
    fix: "The error has the authority's own words. See that every name leads to this machine and that the port of the challenge (80, or 443 for tls-alpn-01) is reachable from outside; for dns-01, that the record is there when the program for it ends. The certificate that is served stays until there is a better one.",
    example: 'bulwark tls acme journal.example --email ops@journal.example --dir certs',
  },
  BULWARK_PACKAGE_MISSING: {
    what: 'Something was asked for that needs a package which is not installed.',
    why: 'bulwark has no dependencies; what only a few apps use is done with packages that those apps install.',
    fix: 'Install what the error names.',
    example: 'npm install otpauth @simplewebauthn/server',
  },
  BULWARK_CALL_BLOCKED: {
    what: 'A call was stopped, because something that the client sent would have run as code in it or led it out of its folder.',
    why: 'The text of the query was put together from a request, and what the request said began, ended or crossed a part of the statement. The client got 403 with an incident id; the event of that incident tells which route.',
    fix: 'Pass values as parameters, or write the query with the sql template, and choose identifiers from a list of your own. If the request was honest, the query still depends on its text: repair the query. To look before you stop anything, say sqlInjection: { mode: "observe" }.',
    example: 'const title = req.query.title\nawait pool.query("SELECT id FROM posts WHERE title = $1", [title])',
  },
  BULWARK_FETCH_REFUSED: {
    what: 'safeFetch() did not fetch an address, or gave up while it did.',
    why: 'An address that a client chose may stand for an inner machine, whatever it looks like; and whoever answers there may send the call on for ever, or never stop answering.',
    fix: 'The property why says which: url, address, redirects, size or time. Tell the client that the address cannot be used. For inner machines that clients may name, add the host or the block to allow.',
    example: 'const page = await safeFetch(url, { timeout: 5000, maxBytes: 200_000 })',
  },
  BULWARK_QUERY_INVALID: {
    what: 'A value in a sql template is none that a database can take, or an identifier is not on its list.',
    why: 'undefined, plain objects and functions in a query are always a mistake, and an object that came in a JSON body is an attack. An identifier cannot be a parameter, so it must come from a list that you wrote.',
    fix: 'Check the input before the query, or pass null. For JSON columns, pass sql.json(value). For identifiers, use sql.id(name, [allowed names]).',
    example:
      "const by = sql.id(req.query.sort, ['title', 'created'])\nawait pool.query(sql.join([sql`SELECT id FROM posts ORDER BY`, by], sql` `))",
  },
  BULWARK_PATH_REFUSED: {
    what: 'resolveInside() was given a name that leads, or could lead, out of the folder it is meant for.',
    why: 'A name that came in a request may hold steps upwards, begin at the root, or mean a device to Windows. A cleaned name would be a name that nobody sent, so it is refused.',
    fix: 'Answer with 400 or 404; left uncaught, the error does it. If the name was honest, keep the file under another one, and the honest name in the database.',
    example: 'const file = resolveInside(FILES, req.params.name)\nres.sendFile(file)',
  },
  BULWARK_UPLOAD_REFUSED: {
    what: 'file.keep() was given a name that leads elsewhere, is taken, or says another type than the file is; or the file is gone.',
    why: 'A name that came with the file may lead anywhere and end in anything. Files are removed when the answer has ended, and each can be kept once.',
    fix: 'Leave the name out, which gives the file a random one, or make one of your own with file.extension. Keep the file before you answer.',
    example: 'const path = await picture.keep(PICTURES)\nawait people.setPicture(person.id, path)',
  },
  BULWARK_PATTERN_REFUSED: {
    what: 'safePattern() was given a pattern that is none, is too long, or can match one text in several ways.',
    why: 'JavaScript tries all ways before it gives up, and nothing else runs meanwhile. A pattern such as (a+)+$ takes minutes on forty characters.',
    fix: 'Answer with 422 and ask for a simpler pattern. Where the text is meant as it stands, use escapePattern(text).',
    example: "const wanted = new RegExp(escapePattern(req.query.q), 'i')",
  },
}
