import fs, { mkdirSync, mkdtempSync, readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path, { basename, join, resolve } from 'node:path'
import type { VictimApp } from '../../core/victim.ts'

const SITE = join(import.meta.dirname, 'fixtures/site')

/** A reading room that opens what it is asked for, and keeps what it is sent under the name that it is sent by. */
export function victim(app: VictimApp): void {
  const room = mkdtempSync(join(tmpdir(), 'bulwark-reading-room-'))
  for (const folder of ['letters', 'public']) mkdirSync(join(room, folder))

  app.get(
    '/download',
    (req, res) => {
      const file = path.join(SITE, 'files', req.query.file ?? '')
      const answer = (error: Error | null, text: string): void => {
        if (error) res.status(isStopped(error) ? 403 : 404).send('no such file')
        else res.set('Content-Type', 'text/plain').send(text)
      }
      fs.readFile(file, 'utf8', answer) // spots: path-traversal/tainted-path
    },
    { query: { file: 'tide.txt' } },
  )
  app.get(
    '/pages',
    (req, res) => {
      try {
        const page = readFileSync(`${SITE}/pages/${req.query.page}`, 'utf8') // spots: path-traversal/tainted-path
        res.send(`<!doctype html>${page}`)
      } catch {
        res.status(404).send('no such page')
      }
    },
    { query: { page: 'welcome.html' }, html: true },
  )
  app.post(
    '/letters',
    async (req, res) => {
      const { name, text } = req.body
      await writeFile(resolve(room, 'letters', String(name)), String(text)) // spots: path-traversal/tainted-path
      res.status(201).send('kept')
    },
    { body: { type: 'form', fields: { name: 'dear-ann.txt', text: 'Greetings from the sea.' } } },
  )
  app.get(
    '/public/:name',
    async (req, res) => {
      const text = await readFile(join(room, 'public', basename(req.params.name ?? '')), 'utf8').catch(() => undefined)
      if (text === undefined) res.status(404).send('no such file')
      else res.set('Content-Type', 'text/plain').send(text)
    },
    { sample: '/public/notes.txt' },
  )
}

function isStopped(error: Error): boolean {
  return (error as { status?: number }).status === 403
}
