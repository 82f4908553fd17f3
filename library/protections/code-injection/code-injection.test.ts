import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { scanText } from '../../../scanner/index.ts'
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

test.each([
  ["new Function('a', 'return a + ' + req.query.a)", 1],
  ["Function('return ' + JSON.stringify(req.query.a))", 0],
  ["eval('(' + JSON.stringify(req.body) + ')')", 0],
  // A quote of another kind than those of JSON closes what stands around it.
  ['eval("\'" + JSON.stringify(req.query.a) + "\'")', 1],
  ['eval(`run("$' + '{JSON.stringify(req.query.a)}")`)', 1],
])('the rule knows that JSON is a literal: %s', (code, count) => {
  const text = `import express from 'express'\nexpress().get('/', (req, res) => { ${code} })\n`
  expect(scanText('app.js', text, rules).findings).toHaveLength(count)
})
