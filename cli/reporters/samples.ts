import type { ProbeReport, ScanResult } from '../io.ts'

/** A scan with one finding of each severity, as tests of reporters need it. */
export const scanResult: ScanResult = {
  findings: [
    {
      risk: 'open-redirect',
      severity: 'medium',
      foundBy: 'open-redirect/from-request',
      message: 'Whoever writes the link decides where this redirect leads.',
      remedy: 'Redirect to a path of your own, or check the target with safeRedirect().',
      place: { file: 'src/routes/sign-in.ts', line: 41, column: 5, text: 'res.redirect(next)' },
      trace: [
        {
          file: 'src/routes/sign-in.ts',
          line: 37,
          column: 18,
          text: 'const next = req.query.next',
          note: 'req.query.next',
        },
        { file: 'src/routes/sign-in.ts', line: 41, column: 5, text: 'res.redirect(next)', note: 'redirect' },
      ],
    },
    {
      risk: 'code-injection',
      severity: 'critical',
      foundBy: 'code-injection/eval',
      message: 'The client decides what this runs, and it runs with everything that the app may do on this machine.',
      remedy: 'Do not run text; look the operation up in a table of functions.',
      place: { file: 'src/report.js', line: 8, column: 10, text: '\u001b[2Jreturn eval(req.body.formula)\u202e' },
    },
    {
      risk: 'csrf',
      severity: 'high',
      foundBy: 'csrf/state-change-on-get',
      message: 'This GET route changes state, so any link can trigger it.',
      remedy: 'Answer POST instead.',
      place: {
        file: 'src/routes/posts.ts',
        line: 112,
        column: 3,
        text: "app.get('/posts/:id/delete', async (req, res) => { await posts.delete(req.params.id, req.user); res.redirect('/') })",
      },
    },
    {
      risk: 'fingerprint',
      severity: 'low',
      foundBy: 'fingerprint/x-powered-by',
      message: 'Every answer names the framework.',
      remedy: "Call app.disable('x-powered-by').",
      place: { file: 'src/app.ts', line: 3, column: 13, text: 'const app = express()' },
    },
  ],
  files: 34,
  unparsed: [{ file: 'src/old/generated.bundle.js', reason: 'larger than 1 MB' }],
  ignored: [
    { file: 'src/admin.ts', line: 5, rule: 'csrf/state-change-on-get', reason: 'only reachable from the office' },
  ],
  unusedIgnores: [{ file: 'src/tools.ts', line: 9, column: 1, text: '// bulwark-ignore redos -- short input' }],
  ms: 412,
}

const answer = {
  ask: { method: 'POST', path: '/transfer' },
  status: 200,
  headers: { 'set-cookie': 'sid=secret' },
  all: () => ['sid=secret'],
  text: 'done',
  ms: 3,
  isHtml: true,
}

/** A run in which one attack got through in two places, one came to no conclusion and one was not tried. */
export const probeReport: ProbeReport = {
  target: 'http://127.0.0.1:3000',
  started: 1_700_000_000_000,
  ms: 12_345,
  requests: 412,
  routes: [],
  results: [
    {
      probe: 'csrf/cross-site-form',
      risk: 'csrf',
      title: 'A form on another site works',
      severity: 'high',
      kind: 'state',
      verdict: 'proven',
      outcomes: [
        { verdict: 'proven', method: 'POST', path: '/transfer', message: 'It works.', remedy: 'Add csrf.', answer },
      ],
      message: 'It works.',
      remedy: 'Add csrf.',
      ms: 20,
      requests: 4,
    },
    {
      probe: 'xss/reflected',
      risk: 'xss',
      title: 'Input comes back as markup',
      severity: 'high',
      kind: 'active',
      verdict: 'inconclusive',
      outcomes: [],
      message: 'The honest twin of the attack did not work either.',
      remedy: '',
      ms: 9,
      requests: 2,
    },
    {
      probe: 'sign-in-throttle/many-guesses',
      risk: 'brute-force',
      title: 'Passwords can be guessed without end',
      severity: 'high',
      kind: 'last',
      verdict: 'skipped',
      outcomes: [],
      message: 'No account is configured, so there is no sign-in to try.',
      remedy: '',
      ms: 0,
      requests: 0,
    },
  ],
  totals: { proven: 1, disproven: 0, inconclusive: 1, 'not-applicable': 0, skipped: 1 },
  grade: {
    letter: 'C',
    score: 59,
    coverage: '0 disproven, 1 proven, 1 inconclusive, 0 not applicable, 1 skipped',
  },
  findings: [
    {
      risk: 'csrf',
      severity: 'high',
      foundBy: 'csrf/cross-site-form',
      message: 'A form on any website can submit this as the signed-in user.',
      remedy: "Plug Bulwark in: the policy's csrf is on by default.",
      place: { method: 'POST', path: '/transfer' },
      evidence: {
        curl: "curl -s -X POST -H 'Origin: https://evil.example' -H 'Sec-Fetch-Site: cross-site' -H 'Cookie: [redacted]' --data 'amount=1000&to=mallory' 'http://127.0.0.1:3000/transfer'",
        request: 'POST /transfer HTTP/1.1',
        response: 'HTTP/1.1 200 OK',
        repeats: 2,
      },
    },
    {
      risk: 'csrf',
      severity: 'high',
      foundBy: 'csrf/cross-site-form',
      message: 'A form on any website can submit this as the signed-in user.',
      remedy: "Plug Bulwark in: the policy's csrf is on by default.",
      place: { method: 'POST', path: '/profile' },
    },
  ],
  notes: ['The sign-in did not work, so nothing behind it was attacked.'],
}
