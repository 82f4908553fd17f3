import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { text } from '../shared/fields.ts'
import { draftOf } from './drafts.ts'
import { formReaderOf, memberOf } from './readers.ts'
import { texts } from './taken.ts'
import { importPage } from './views/import.ts'
import { writePage } from './views/posts.ts'

/** Bringing along what was written elsewhere: it comes into the form for new posts, and is published from there. */
export function importingRoutes(app: Express): void {
  app.get('/import', secure({ allow: 'blog:write' }), (req, res) => {
    res.send(`${importPage(memberOf(req), '')}`)
  })

  // As long as a post may be, and a form takes up to nine bytes for one of its characters.
  const brought = { body: texts('entry'), bodyLimits: { form: '100kb' } } as const
  app.post('/import', secure({ allow: 'blog:write', ...brought }), (req, res) => {
    const entry = text(req.body, 'entry')
    const draft = draftOf(entry)
    if (draft) res.send(`${writePage(formReaderOf(req), draft)}`)
    else res.status(422).send(`${importPage(memberOf(req), entry, { entry: 'No post can be found in this.' })}`)
  })
}
