import type { Evidence } from './finding.ts'

/**
 * - `proven`: it worked; the evidence is kept
 * - `disproven`: the same attack ran against a live target and had no effect
 * - `inconclusive`: what must work for the attack to mean anything did not work
 * - `not-applicable`: the target has nothing to attack this way
 * - `skipped`: not tried, for want of a flag or of configuration
 */
export type ProbeVerdict = 'proven' | 'disproven' | 'inconclusive' | 'not-applicable' | 'skipped'

/**
 * What a probe does to its target, which decides when it runs and whether it is on by default.
 * `passive` reads pages; `active` sends hostile input; `state` writes; `hold` keeps connections open for seconds (runs beside the
 * others); `load` sends much at once; `last` may use up limits or disturb the target and so comes at the end.
 */
export type ProbeKind = 'passive' | 'active' | 'state' | 'hold' | 'load' | 'last'

/** An attack on a running app, with the evidence that it worked. It never opens a socket: the target does. */
export interface Probe {
  /** `<protection>/<what happens>`: reads as the title of a finding. */
  readonly name: string
  readonly risk: string
  readonly title: string
  readonly kind: ProbeKind
  /** Sends what careless apps go down on: it runs after all others, so that these are not lost. @default false */
  readonly isRough?: boolean
  /** What there is to say when the target went down while some probe ran; `last` is the answer that it did not finish. */
  onOutage?(last: Answer): Outcome
  /** Yields one outcome for each place it tried. Yielding nothing means that nothing here could be attacked this way. */
  attack(target: Target): AsyncIterable<Outcome>
}

export interface Outcome {
  readonly verdict: ProbeVerdict
  readonly method: string
  readonly path: string
  /** What is wrong; for the other verdicts, why there is no finding. One sentence. */
  readonly message: string
  /** What to do about it. One sentence. */
  readonly remedy: string
  /** The decisive answer, which becomes the evidence. */
  readonly answer?: Answer | RawAnswer
  readonly evidence?: Evidence
  readonly repeats?: number
}

/** One request to send. `path` goes out byte for byte: nothing is normalised on the way. */
export interface Ask {
  /** @default 'GET' */
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** At most one of `body`, `form` and `json`. `form` and `json` set the content type unless `headers` does. */
  readonly body?: string | Uint8Array
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** Sends the cookies of the configured account, signing in first when needed. @default false */
  readonly signedIn?: boolean
  /** Sends the cookies of the second configured account instead, where there is one. @default false */
  readonly other?: boolean
  /** The loopback address to send from, such as `127.0.0.9`. @default the system's choice */
  readonly from?: string
  /** Milliseconds to wait for the whole answer. @default 5000 */
  readonly timeout?: number
  /** Sends to {@link Target.plainOrigin}, where there is one, and without the cookies of any account. @default false */
  readonly plain?: boolean
}

/** The beginning of a TLS connection, as a client of today or of another day would make it. */
export interface TlsAsk {
  /** @default what clients of today offer */
  readonly versions?: readonly [lowest: TlsVersion, highest: TlsVersion]
  /** Suites as OpenSSL names them. @default those of today */
  readonly ciphers?: string
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/** What came of it. */
export interface TlsAnswer {
  readonly ask: TlsAsk
  /** What was agreed on, such as `TLSv1.3`; empty when nothing was, and then `failure` says why. */
  readonly protocol: string
  readonly cipher: string
  /** What the target showed, PEM; empty when it showed none. */
  readonly certificate: string
  /** Why a client would not trust the chain of the certificate, as OpenSSL names it. */
  readonly distrust?: string
  /** `not offered` when this machine's own OpenSSL cannot make such an offer. */
  readonly failure?: string
}

export interface Answer {
  readonly ask: Ask
  /** 0 when there was no answer; `failure` then says why. */
  readonly status: number
  /** By lower-case name; repeats joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  /** Each value of a header that came more than once, such as `set-cookie`. */
  all(name: string): readonly string[]
  readonly text: string
  /** Milliseconds from the first byte sent to the last received. */
  readonly ms: number
  readonly failure?: string
  /** A document that a browser would render as HTML. */
  readonly isHtml: boolean
}

/** Bytes on a bare socket. */
export interface RawAsk {
  /** Sent one after the other. */
  readonly parts: readonly string[]
  /** Milliseconds between parts. @default 0 */
  readonly pause?: number
  /** Milliseconds to keep listening after the last part unless the target closes. @default 1000 */
  readonly hold?: number
  readonly from?: string
}

export interface RawAnswer {
  readonly ask: RawAsk
  readonly text: string
  /** The target ended the connection. */
  readonly closed: boolean
  readonly ms: number
  readonly failure?: string
}

/** A place that an attack may touch, from the app's own inventory, from configuration or from crawling. */
export interface Route {
  readonly method: string
  /** A concrete path that can be requested, without query. */
  readonly path: string
  /** Sample values that make an honest request. */
  readonly query?: Readonly<Record<string, string>>
  readonly body?: RouteBody
  /** What an honest request was recorded with besides, such as its signature. Sent by attacks that repeat what was recorded, and by no other. */
  readonly headers?: Readonly<Record<string, string>>
  /** A page on which what was written here can be read back. */
  readonly readBack?: string
  /** Needs the configured account. */
  readonly signedIn?: boolean
  /** Was found by following links: `signedIn` then says who found it, and not that nobody else may. */
  readonly crawled?: boolean
  /** Answers with a document for people. */
  readonly html?: boolean
  /** The sign-in itself. */
  readonly signIn?: boolean
  /** What it makes is for whoever made it and nobody else. */
  readonly own?: boolean
}

export interface RouteBody {
  readonly type: 'form' | 'json' | 'text'
  readonly fields: Readonly<Record<string, string>>
  /** The JSON document itself where it has depth: `fields` then has the names of what lies inside with dots, such as `guest.name`. */
  readonly nested?: unknown
  /** Files that go along with a form, by their fields: such a form is sent as `multipart/form-data`. */
  readonly files?: Readonly<Record<string, RouteFile>>
}

/** An honest file. */
export interface RouteFile {
  readonly name: string
  readonly type: string
  /** One character for each byte. */
  readonly content: string
}

/** What an attack may touch: one app, reached through the prober's own limits and record. */
export interface Target {
  /** Such as `http://127.0.0.1:3000`. */
  readonly origin: string
  /** Where the same host is asked without encryption, such as `http://127.0.0.1:3080`; `undefined` when nobody listens there. */
  readonly plainOrigin: string | undefined
  readonly routes: readonly Route[]
  /** Whether a second account is configured: somebody else, for attacks of one person on another. */
  readonly hasOther: boolean
  /** How long, in milliseconds, `hold` probes keep a connection open before they call it unlimited. */
  readonly holdFor: number
  /** How many requests `load` and `last` probes may send in one burst. */
  readonly burst: number
  /** A word that occurs nowhere else, to recognise one's own input by. */
  nonce(): string
  send(ask: Ask): Promise<Answer>
  raw(ask: RawAsk): Promise<RawAnswer>
  /** Begins a TLS connection, whatever the certificate is worth, and ends it again. Only for targets at `https:`. */
  handshake(ask?: TlsAsk): Promise<TlsAnswer>
  /** Opens up to `count` idle connections, keeps them for `hold` ms, and answers how many were still open at the end. */
  connect(count: number, options: { readonly hold: number; readonly from?: string }): Promise<number>
  /** An honest GET of the first page is answered as it was at the beginning. */
  alive(): Promise<boolean>
  /**
   * Follows the link in the newest letter to an address and sends the form behind it, as whoever reads that mail would. Answers whether there
   * was such a link: development servers often show the mails that they do not send, and other apps need none.
   */
  openLetter(to: string, password: string): Promise<boolean>
}

/** What must hold for a verdict: control, attack (twice), harmless look-alike. */
export interface Trial {
  /** The legal twin of the attack works; without it a refused attack means nothing. */
  readonly control?: () => Promise<boolean>
  /** Answers whether the attack had its effect, with the answer that shows it. Runs twice. */
  readonly attack: () => Promise<{ readonly worked: boolean; readonly answer: Answer | RawAnswer }>
  /** A harmless look-alike shows the same effect: then the effect means nothing. */
  readonly alsoHarmless?: () => Promise<boolean>
  /** @default 2 */
  readonly times?: number
}

/** Milliseconds after which somebody is asked once more who may have been too busy, and how often. */
const REST = 300
const MOST_BUSY = 3

/** Runs the trial and fills in the verdict: positive control, attack, negative control, repeat; all must agree. */
export async function tryOut(
  trial: Trial,
  found: Pick<Outcome, 'method' | 'path' | 'message' | 'remedy'>,
): Promise<Outcome> {
  const place = { method: found.method, path: found.path, remedy: found.remedy }
  if (trial.control && !(await trial.control()) && !(await afterRest(trial.control))) {
    return { ...place, verdict: 'inconclusive', message: 'The honest twin of the attack did not work either.' }
  }
  const times = trial.times ?? 2
  let last: Answer | RawAnswer | undefined
  let hits = 0
  for (let i = 0; i < times; i++) {
    let { worked, answer } = await trial.attack()
    for (let tries = 0; tries < MOST_BUSY && !worked && isBusy(answer); tries++) {
      ;({ worked, answer } = await afterRest(trial.attack))
    }
    last = answer
    if (isSilent(answer)) return { ...place, verdict: 'inconclusive', message: 'The target gave no answer.', answer }
    if (worked) hits++
    else break
  }
  if (hits === 0) return { ...place, verdict: 'disproven', message: 'The attack had no effect.', answer: last! }
  if (hits < times) {
    return { ...place, verdict: 'inconclusive', message: 'The attack worked once and not again.', answer: last! }
  }
  if (trial.alsoHarmless && (await trial.alsoHarmless())) {
    return { ...place, verdict: 'disproven', message: 'A harmless request shows the same effect.', answer: last! }
  }
  return { ...place, verdict: 'proven', message: found.message, answer: last!, repeats: times }
}

/**
 * The trial of whoever has recorded a request and sends it again, byte for byte: it works when `readBack` shows one more of what it brought.
 * The first one is honest, and has to work.
 */
export function repeatRecorded(target: Target, { method, path, headers, body, readBack = '/' }: Route): Trial {
  const fields = body?.fields ?? {}
  const [trace = ''] = Object.values(fields)
  const traces = async (): Promise<number> => (await target.send({ path: readBack })).text.split(trace).length - 1
  const send = async (): Promise<{ readonly worked: boolean; readonly answer: Answer }> => {
    const before = await traces()
    const content = body?.type === 'form' ? { form: fields } : { json: fields }
    const answer = await target.send({ method, path, ...content, ...(headers && { headers }) })
    return { worked: trace !== '' && (await traces()) > before, answer }
  }
  return { control: async () => (await send()).worked, attack: send }
}

/** An app that has no time for anybody has not refused this request. Limits of one client answer 429. */
function isBusy(answer: Answer | RawAnswer): boolean {
  return 'status' in answer ? answer.status === 503 : /^HTTP\/1\.[01] 503 /.test(answer.text)
}

async function afterRest<T>(again: () => Promise<T>): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, REST))
  return again()
}

function isSilent(answer: Answer | RawAnswer): boolean {
  return 'status' in answer && answer.status === 0 && answer.failure === 'refused'
}
