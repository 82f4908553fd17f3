import { expect, test } from 'vitest'
import { acceptableOf, type ChoiceOptions, type PasswordProblem } from './check.ts'
import { isCommonPassword } from './list.ts'

const ADA = { words: ['Ada Lovelace', 'ada.lovelace@analytical.example', 'Zürich'] }

const standard: readonly [string, string, PasswordProblem | 'fine'][] = [
  ['a sentence', 'my dog ate fourteen biscuits', 'fine'],
  ['a sentence of 64 characters', 'four score and seven years ago our fathers brought forth on this', 'fine'],
  ['random characters', 'kQ7#vv-2LmdT9xw', 'fine'],
  ['15 characters of one kind', 'tractorzebrajam', 'fine'],
  ['14 characters', 'tractorzebraja', 'too-short'],
  ['nothing', '', 'too-short'],
  ['15 emoji, which are 30 units of UTF-16', '🐙🦑🐡🐠🐟🐬🐳🦈🐊🐅🐆🦓🦍🐘🦏', 'fine'],
  ['8 emoji', '🐙🦑🐡🐠🐟🐬🐳🦈', 'too-short'],
  ['a ligature that NFKC makes longer', 'oﬃce tractor j', 'fine'],
  ['half of an emoji', 'my dog ate \ud83d biscuits', 'no-text'],
  ['257 characters', `${'tractor zebra 42'.repeat(16)}!`, 'too-long'],
  ['one megabyte', 'ab c'.repeat(262_144), 'too-long'],
  ['one character', 'aaaaaaaaaaaaaaaa', 'repetition'],
  ['three characters', 'abcacbabcabbacab', 'repetition'],
  ['a word again and again', 'tractortractortractor', 'repetition'],
  ['a word again and a piece of it', 'tractortractortra', 'repetition'],
  ['the same with signs for digits', 'zebra1jamzebra!jam', 'repetition'],
  ['digits upwards', '123456789012345', 'sequence'],
  ['digits downwards', '987654321098765', 'sequence'],
  ['the keyboard', 'qwertyuiopasdfg', 'sequence'],
  ['the German keyboard', 'QWERTZUIOPasdfghjkl', 'sequence'],
  ['the alphabet and digits', 'abcdefgh12345678', 'sequence'],
  ['a letter in front of digits', 'a12345678901234', 'sequence'],
  ['shifted digits', '!@#$%^&*()!@#$%^', 'sequence'],
  ['a word with digits behind it', 'password1234567', 'common'],
  ['a word in capitals with signs around it', '!!!BUTTERFLY1987!!!', 'common'],
  ['look-alikes inside a word', '***P4$$w0rd***1', 'common'],
  ['several words that everybody puts together', 'CorrectHorseBatteryStaple', 'common'],
  ['the address', 'ada.lovelace@analytical.example', 'personal'],
  ['the name with digits', 'AdaLovelace1815!', 'personal'],
  ['the name with look-alikes', 'ad4l0vel4ce-1815', 'personal'],
  ['the name and a common word', 'lovelacepassword', 'personal'],
  ['a town with an umlaut', 'zürich zürich12', 'personal'],
  ['the town in a sentence', 'zürich in the rain at five', 'fine'],
]
for (const [what, password, expected] of standard) {
  test(`${what}: ${expected}`, () => {
    const checked = acceptableOf({ words: ['journal'] })(password, ADA)
    expect(checked.ok ? 'fine' : checked.reason).toBe(expected)
  })
}

const others: readonly [string, ChoiceOptions, string, PasswordProblem | 'fine'][] = [
  ['with a second factor, 8 characters', { secondFactor: true }, 'zebrajam', 'fine'],
  ['with a second factor, 7 characters', { secondFactor: true }, 'zebraja', 'too-short'],
  ['from 6 to 20, 6 characters', { minLength: 6, maxLength: 20 }, 'zebraj', 'fine'],
  ['from 6 to 20, 21 characters', { minLength: 6, maxLength: 20 }, 'zebra jam and tea and', 'too-long'],
  ['a date', { minLength: 8 }, '19870512', 'common'],
  ['a date with dots', { minLength: 8 }, '12.05.1987', 'common'],
  ['a word of the app', { minLength: 8, words: ['Journal Ltd'] }, 'Journal2026!', 'personal'],
]
for (const [what, options, password, expected] of others) {
  test(`${what}: ${expected}`, () => {
    const checked = acceptableOf(options)(password)
    expect(checked.ok ? 'fine' : checked.reason).toBe(expected)
  })
}

/** From the top of the lists that are published each year. */
const FAMOUS =
  `123456 password 12345678 qwerty 123456789 12345 1234 111111 1234567 dragon 123123 baseball abc123 football monkey letmein 696969
shadow master 666666 qwertyuiop 123321 mustang 1234567890 michael 654321 superman 1qaz2wsx 7777777 121212 000000 qazwsx 123qwe killer trustno1
jordan jennifer zxcvbnm asdfgh hunter buster soccer harley batman andrew tigger sunshine iloveyou 2000 charlie robert thomas hockey ranger daniel
starwars klaster 112233 george computer michelle jessica pepper 1111 zxcvbn 555555 11111111 131313 freedom 777777 pass maggie 159753 aaaaaa ginger
princess joshua cheese amanda summer love ashley 6969 nicole chelsea biteme matthew access yankees 987654321 dallas austin thunder taylor matrix
password1 P@ssw0rd Passw0rd! Password123! Welcome123 admin admin123 Admin@123 root toor qwerty123 1q2w3e4r 1q2w3e4r5t 1qaz!QAZ a123456 123456a
abcd1234 aa123456 letmein1 Summer2024! changeme default guest test123 demo user secret asdf1234 q1w2e3r4 147258369 11112222 00000000 naruto pokemon
minecraft google linkedin iloveyouiloveyou 1234qwer qwer1234 pa55word L3tm31n 5unsh1ne`.split(/\s+/)

test('none of the famous passwords is accepted, however short a password may be', () => {
  const check = acceptableOf({ minLength: 1 })
  expect(FAMOUS.length).toBeGreaterThan(130)
  expect(FAMOUS.filter((password) => check(password).ok)).toEqual([])
})

test('a whole password of the list is refused, and one that only begins like it is not', () => {
  expect(isCommonPassword('correcthorsebatterystaple')).toBe(true)
  expect(isCommonPassword('correcthorsebatterystapler')).toBe(false)
})

test('a list of people can be checked against without care for what is in it', () => {
  const words = ['', '@', 'a@b', 'ann', '....', 'x'.repeat(10_000), null as unknown as string]
  expect(acceptableOf({})('my dog ate fourteen biscuits', { words })).toEqual({ ok: true })
})

test('what is no string is no password', () => {
  for (const password of [undefined, null, 15, ['my dog ate fourteen biscuits'], {}]) {
    expect(acceptableOf({})(password as string)).toMatchObject({ ok: false, reason: 'no-text' })
  }
})

test.each([{ minLength: 0 }, { minLength: 65 }, { minLength: 7.5 }, { maxLength: 14 }, { maxLength: 5000 }])(
  'lengths that make no sense are refused: %j',
  (options) => {
    expect(() => acceptableOf(options)).toThrow(/^BULWARK_POLICY_INVALID[\s\S]*policy\.passwords\.m/)
  },
)
