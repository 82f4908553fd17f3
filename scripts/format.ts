import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HOME = fileURLToPath(new URL('..', import.meta.url))

/** Biome decides how a file looks, so that a written one never disagrees with `npm run format`. Only TypeScript is formatted. */
export function format(path: string, text: string): Promise<string> {
  if (!path.endsWith('.ts')) return Promise.resolve(text)
  const biome = join(HOME, 'node_modules/@biomejs/biome/bin/biome')
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [biome, 'check', '--write', `--stdin-file-path=${path}`], { cwd: HOME })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk))
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk))
    child.on('error', fail)
    child.on('close', (code) => {
      if (code === 0 && out !== '') done(out)
      else fail(new Error(`biome could not format ${path}: ${err}`))
    })
    child.stdin.end(text)
  })
}
