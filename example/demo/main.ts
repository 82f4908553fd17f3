import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { probes } from '@bulwark/prober'
import { type DemoArguments, HELP, parseArguments, UsageError } from './arguments.ts'
import { readDemoConfig } from './config.ts'
import { duel } from './duel.ts'
import { tryHonestly } from './honest.ts'
import { countLines } from './lines.ts'
import { toHtml } from './page.ts'
import { type DemoResult, failuresOf, LEAST_PROVEN, toJson } from './result.ts'
import { attackLine, closing, invitation, opening, progressLine } from './screen.ts'
import { startTwin, type Twin } from './twins.ts'

const { stdout, env } = process
const page = { colour: stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' }
const isLive = stdout.isTTY === true && env['TERM'] !== 'dumb'

const twins: Twin[] = []
const interrupted = new AbortController()
const end = new Promise((resolve) => interrupted.signal.addEventListener('abort', resolve))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort())

try {
  process.exitCode = await main()
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof Error && error.name === 'ProberError')
  process.stderr.write(
    `${isUsage ? `demo: ${(error as Error).message}\nSee npm run demo -- --help` : String((error as Error).stack)}\n`,
  )
  process.exitCode = isUsage ? 2 : 1
} finally {
  await Promise.all(twins.map((twin) => twin.close()))
}

/** Answers the exit code. */
async function main(): Promise<number> {
  const asked = parseArguments(process.argv.slice(2))
  if (asked.help) {
    stdout.write(HELP)
    return 0
  }
  await checkArguments(asked)
  const leastProven = asked.only.length > 0 ? 1 : LEAST_PROVEN
  const [unsafe, blog] = await startTwins()
  stdout.write(opening({ unsafe: unsafe.origin, protected: blog.origin }, page))
  const result = await attackBoth(unsafe, blog, asked.only)
  if (interrupted.signal.aborted) {
    stdout.write('\nEnded early.\n')
    return 130
  }
  // Nobody should meet it by accident after the show.
  await unsafe.close()
  const file = resolve('bulwark-demo.html')
  await writeFile(file, toHtml(result))
  if (asked.json !== undefined) await writeFile(asked.json, `${JSON.stringify(toJson(result), undefined, 2)}\n`)
  stdout.write(closing(result, leastProven, page))
  if (asked.once) {
    stdout.write(`\nEvidence for every line: ${file}\n`)
    return failuresOf(result, leastProven).length === 0 ? 0 : 1
  }
  stdout.write(invitation(blog, file, (await readDemoConfig()).account.signIn.fields, page))
  await Promise.race([end, blog.died.then((reason) => Promise.reject(new Error(reason)))])
  return 0
}

/** Better now than after a minute of attacks. */
async function checkArguments({ only, json }: DemoArguments): Promise<void> {
  for (const name of only) {
    if (probes.some((probe) => probe.name === name || probe.risk === name || probe.name.startsWith(`${name}/`)))
      continue
    throw new UsageError(`no probe, protection or risk is called ${name}`)
  }
  if (json === undefined) return
  try {
    await access(dirname(resolve(json)), constants.W_OK)
  } catch {
    throw new UsageError(`--json: ${json} cannot be written`)
  }
}

async function startTwins(): Promise<[Twin, Twin]> {
  const start = async (kind: 'unsafe' | 'protected'): Promise<Twin> => {
    const twin = await startTwin(kind)
    twins.push(twin)
    return twin
  }
  // Both are waited for, also when one fails: the other must not be left behind.
  const [unsafe, blog] = await Promise.allSettled([start('unsafe'), start('protected')])
  if (unsafe.status === 'rejected') throw unsafe.reason
  if (blog.status === 'rejected') throw blog.reason
  return [unsafe.value, blog.value]
}

async function attackBoth(unsafe: Twin, blog: Twin, only: readonly string[]): Promise<DemoResult> {
  const start = performance.now()
  const known = await readDemoConfig()
  let progress = ''
  const show = (text: string): void => void stdout.write(isLive ? `\r\u001b[K${text}${progress}` : text)
  const fought = await duel({
    unsafe,
    protected: blog,
    config: known,
    only,
    signal: interrupted.signal,
    // After Ctrl-C all that is left is not tried.
    onAttack: (attack) => interrupted.signal.aborted || show(`${attackLine(attack, page)}\n`),
    onProgress: (done) => {
      progress = progressLine(done, page)
      if (isLive) show('')
    },
  })
  progress = ''
  show('')
  const origins = { unsafe: unsafe.origin, protected: blog.origin }
  const honest = await tryHonestly(fought.attacks, origins, fought.protected.routes, known.account)
  return {
    ...fought,
    attacks: fought.attacks.map((attack) => ({
      ...attack,
      ...(honest.get(attack.id) ?? { honest: 'untried', requests: [] }),
    })),
    lines: await countLines(),
    ms: performance.now() - start,
  }
}
