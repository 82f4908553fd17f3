import { exec, execFile, execSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { VictimApp, VictimResponse } from '../../core/victim.ts'

const WORDS = join(import.meta.dirname, 'fixtures')

/** A post office that lets the shell write its letters. */
export function victim(app: VictimApp): void {
  app.get(
    '/greeting',
    (req, res) => {
      exec(`echo Dear ${req.query.name},`, (error, out) => answer(res, error, out)) // spots: command-injection/tainted-command
    },
    { query: { name: 'ann' } },
  )
  app.get(
    '/stamp',
    (req, res) => {
      const child = spawn(`echo "Posted in ${req.query.town}"`, { shell: true }) // spots: command-injection/tainted-command
      let out = ''
      child.stdout.on('data', (chunk) => {
        out += String(chunk)
      })
      child.on('error', (error) => answer(res, error, ''))
      child.on('close', (code) => {
        if (code === 0) answer(res, null, out)
      })
    },
    { query: { town: 'Port Ellen' } },
  )
  app.post(
    '/letters',
    (req, res) => {
      res.set('Content-Type', 'text/plain').send(execSync(`echo '${req.body.text}'`, { encoding: 'utf8' })) // spots: command-injection/tainted-command
    },
    { body: { type: 'json', fields: { text: 'Greetings from the sea.' } } },
  )
  app.get(
    '/sorted',
    (req, res) => {
      execFile('sort', [String(req.query.list)], { cwd: WORDS }, (error, out) => answer(res, error, out)) // spots: command-injection/tainted-option
    },
    { query: { list: 'towns.txt' } },
  )
}

function answer(res: VictimResponse, error: Error | null, out: string): void {
  if (error === null) res.set('Content-Type', 'text/plain').send(out)
  else if ((error as { status?: number }).status === 403) res.status(403).send('no')
  else res.status(404).send('there is no such thing')
}
