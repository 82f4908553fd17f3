import type { Schema } from '../../core/schema.ts'
import type { VictimApp } from '../../core/victim.ts'

interface Note {
  readonly title: string
  readonly text: string
}

/** Two texts, as a schema of any library would say it; like many, it lets through whatever else there is. */
const NoteSchema: Schema<Note> = {
  '~standard': {
    version: 1,
    vendor: 'victim',
    validate(value) {
      const { title, text, ...more } = value as Record<string, unknown>
      const issues = Object.entries({ title, text }).flatMap(([key, part]) =>
        typeof part === 'string' && part !== '' ? [] : [{ message: 'must be a text', path: [key] }],
      )
      return issues.length > 0 ? { issues } : { value: { title, text, ...more } as Note }
    },
  },
}

/** A notebook that keeps whatever it is given. */
export function victim(app: VictimApp): void {
  const notes: object[] = []

  app.get('/notes', (_req, res) => res.json(notes))
  app.post(
    '/notes',
    (req, res) => {
      const note = { author: 'ada', ...req.body } // spots: input/whole-body
      notes.push(note)
      res.status(201).json({ done: true })
    },
    {
      body: { type: 'json', fields: { title: 'tea', text: 'at four' } },
      readBack: '/notes',
      contract: { body: NoteSchema },
    },
  )
  app.post(
    '/notes/last',
    (req, res) => {
      const last = notes.at(-1)
      if (last) Object.assign(last, req.body) // spots: input/whole-body
      res.status(200).json({ done: true })
    },
    {
      body: { type: 'json', fields: { title: 'tea', text: 'at five' } },
      readBack: '/notes',
      contract: { body: NoteSchema },
    },
  )
}
