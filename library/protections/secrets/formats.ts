/** Secrets that show by their form what they are and who gave them out. Keys that are meant to be public are none. */
const FORMATS: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?-----\s*(?:\\[nr]\s*)*[\w+/=:,. -]{24}/,
    'a private key',
  ],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/, 'an access key of Amazon Web Services'],
  [/\b(?:sk|rk)_live_[0-9A-Za-z]{16,}\b/, 'a live key of Stripe'],
  [/\bwhsec_[0-9A-Za-z+/]{24,}/, 'a webhook secret of Stripe'],
  [/\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{50,})\b/, 'a token of GitHub'],
  [/\bglpat-[\w-]{20,}/, 'a token of GitLab'],
  [/\bxox[abprs]-[0-9A-Za-z-]{20,}/, 'a token of Slack'],
  [/\bhttps:\/\/hooks\.slack\.com\/services\/T\w+\/B\w+\/\w{16,}/, 'a webhook of Slack'],
  [/\bSG\.[\w-]{16,}\.[\w-]{30,}/, 'a key of SendGrid'],
  [/\bkey-[0-9a-f]{32}\b/, 'a key of Mailgun'],
  [/\bnpm_[0-9A-Za-z]{36}\b/, 'a token of npm'],
  [/\bsk-(?:ant-|proj-|svcacct-)[\w-]{20,}/, 'a key of a language model'],
  [/\bya29\.[\w-]{30,}/, 'a token of Google'],
  [/\bdop_v1_[0-9a-f]{64}\b/, 'a token of DigitalOcean'],
  [/\bEAA[0-9A-Za-z]{80,}/, 'a token of Facebook'],
]
const PLACEHOLDER =
  /example|sample|dummy|placeholder|change[-_ ]?me|your[-_ ]|insert|redacted|xxx|\*\*\*|\.\.\.|<[^>]*>|\$\{|todo|(?:^|[^a-z])(?:test|fake|mock)(?:[^a-z]|$)/i

/** What a secret in this text is, if its form tells; a made-up one of a manual is none. */
export function knownSecretIn(text: string): string | undefined {
  for (const [format, what] of FORMATS) {
    const found = format.exec(text)?.[0]
    if (found !== undefined && (what === 'a private key' || (!isPlaceholder(found) && isVaried(found)))) return what
  }
  return undefined
}

/** Whether somebody who reads the text is meant to put something else there. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text)
}

/** Whether the text looks like chance: bits for each character, after Shannon, and digits among letters. */
export function isRandomLooking(text: string): boolean {
  if (!/^[\w+/=.~!@#$%^&*:-]{16,512}$/.test(text) || isPlaceholder(text)) return false
  const isHex = /^[0-9a-f-]+$/i.test(text)
  // Words, in whatever spelling, have no digits in the middle of them.
  if (!/\d/.test(text) || !/[a-z]/i.test(text)) return false
  if (isHex) return text.length >= 32 && bitsPerCharacter(text) >= 3
  if (/^[a-z]+(?:[-_.:/][a-z]+|[-_.:/]?\d)*$/i.test(text) || /^[\w.-]+@[\w.-]+$/.test(text)) return false
  return bitsPerCharacter(text) >= 3.5 && changes(text) >= text.length / 4
}

/** The letters of a made-up one repeat, or follow the alphabet. */
function isVaried(text: string): boolean {
  return bitsPerCharacter(text) >= 3 && !/(.)\1{5}|abcdef|123456|012345/i.test(text)
}

function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}

/** How often the kind of character changes: words do it seldom, chance does it all the time. */
function changes(text: string): number {
  const kinds = [...text].map((character) =>
    /[a-z]/.test(character) ? 'a' : /[A-Z]/.test(character) ? 'A' : /\d/.test(character) ? '0' : '-',
  )
  return kinds.filter((kind, i) => i > 0 && kind !== kinds[i - 1]).length
}
