import { toCamel, toPascal } from '../catalogue/slices.ts'

/** What the page of a new protection asks its author. A page that still asks one of these is not written yet. */
export const QUESTIONS = {
  summary: 'Says in one sentence what this denies or prevents.',
  attack: 'Who sends what, which mistake of the app lets it work, and what do they gain? Name the CWE.',
  defence: 'What is looked at, in which order, and what is refused with which status?',
  options: 'Show the policy key and the route key in one example each.',
  limits: '- What stays possible with this protection on?',
} as const

/** Every face of a new protection, by file name. The probe finds nothing yet, so the first run of the test fails where the work begins. */
export function templatesFor(name: string): ReadonlyMap<string, string> {
  const camel = toCamel(name)
  const pascal = toPascal(name)
  return new Map([
    [
      'README.md',
      `# ${name}

${QUESTIONS.summary}

## Attack

${QUESTIONS.attack}

## Defence

${QUESTIONS.defence}

## Options

${QUESTIONS.options}

\`\`\`ts
bulwark({ ${camel}: {} })
\`\`\`

## What it cannot do

${QUESTIONS.limits}
`,
    ],
    [
      'risks.ts',
      `import type { Risk } from '../../core/risk.ts'

export const risks: readonly Risk[] = [
  {
    id: '${name}',
    title: '${sentence(name)}',
    severity: 'medium',
    cwe: 0,
    asvs: [],
  },
]
`,
    ],
    [
      'victim.ts',
      `import type { VictimApp } from '../../core/victim.ts'

/** The smallest app that falls to the attack. Mark each line that the rule shall spot. */
export function victim(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<p>Nothing here can be attacked yet.</p>'))
}
`,
    ],
    [
      'probe.ts',
      `import { type Probe, tryOut } from '../../core/probe.ts'

const first: Probe = {
  name: '${name}/first-attack',
  risk: '${name}',
  title: 'The first attack works',
  kind: 'active',
  async *attack(target) {
    for (const route of target.routes) {
      yield await tryOut(
        {
          control: async () => (await target.send({ method: route.method, path: route.path })).status < 400,
          attack: async () => {
            const answer = await target.send({ method: route.method, path: route.path })
            return { worked: answer.text.includes(target.nonce()), answer }
          },
        },
        {
          method: route.method,
          path: route.path,
          message: 'What the attacker gains, in one sentence.',
          remedy: 'Protect the app with bulwark(), or add the ${name} protection back to its policy.',
        },
      )
    }
  },
}

export const probes: readonly Probe[] = [first]
`,
    ],
    [
      'guard.ts',
      `import { deny, type Guard } from '../../core/guard.ts'
import type { CommonOptions, Setup } from '../../core/policy.ts'

export interface ${pascal}Options extends CommonOptions {
  /** Methods that are looked at. @default ['GET'] */
  readonly methods?: readonly string[]
}

/** Denies nothing yet. */
export function ${camel}({ methods = ['GET'] }: ${pascal}Options, _setup: Setup): Guard {
  return {
    name: '${name}',
    phase: 'input',
    onRequest({ request }) {
      const isAttack = methods.includes(request.method) && request.target.length > 65_536
      return isAttack ? deny('${name}', 'what gave the attack away', 400) : undefined
    },
  }
}
`,
    ],
    [
      'known.ts',
      `import { type OptionKinds, TEXTS } from '../../toolbox/value-kinds.ts'
import type { ${pascal}Options } from './guard.ts'

export const options: OptionKinds<${pascal}Options> = { methods: TEXTS }
`,
    ],
    [
      'rule.ts',
      `import type { Rule } from '../../core/rule.ts'

const first: Rule = {
  name: '${name}/first-mistake',
  risk: '${name}',
  title: 'The first mistake is made',
  *check(file) {
    for (const call of file.nodes('CallExpression')) {
      if (file.nameOf(call['callee']) !== 'the.dangerous.call') continue
      yield { at: call, message: 'What is wrong, in one sentence.', remedy: 'What to write instead, in one sentence.' }
    }
  },
}

export const rules: readonly Rule[] = [first]
`,
    ],
    [
      `${name}.test.ts`,
      `import { expect, test } from 'vitest'
import { prove } from '../../../laws/prove.ts'
import { exchange, setup } from '../../testing/exchange.ts'
import { ${camel} } from './guard.ts'
import { probes } from './probe.ts'
import { rules } from './rule.ts'
import { victim } from './victim.ts'

prove('${name}', { victim, probes, rules })

test('an honest request passes', () => {
  const x = exchange({ method: 'GET', url: 'https://app.example/' })
  expect(${camel}({}, setup()).onRequest?.(x)).toBeUndefined()
})
`,
    ],
  ])
}

/** `open-redirect` to `Open redirect`. */
function sentence(name: string): string {
  const words = name.replaceAll('-', ' ')
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}
