import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { codeInjection } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('code-injection', { victim, probes, rules, sources: ['victim.ts', 'fixtures/kitchen.js'] })

test('an app that wants no code of text does not start where there may be some', () => {
  expect(() => codeInjection({ fromText: 'never' })).toThrow(/BULWARK_POLICY_UNSAFE[\s\S]*fromText/)
  expect(() => codeInjection({ fromText: 'no' as never })).toThrow(/BULWARK_POLICY_INVALID/)
  expect(codeInjection({}).facts).toEqual({ makesCodeOfText: true })
})

test('and starts where there is none', () => {
  const guard = fileURLToPath(new URL('./guard.ts', import.meta.url))
  const script = `const { codeInjection } = await import(${JSON.stringify(guard)}); console.log(JSON.stringify(codeInjection({ fromText: 'never' }).facts))`
  const args = ['--disallow-code-generation-from-strings', '--import', 'tsx', '--input-type=module', '-e', script]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe('{"makesCodeOfText":false}')
}, 20_000)
