import type { VictimApp, VictimRequest } from '../../core/victim.ts'
import { findCookie } from '../../toolbox/cookies.ts'

interface Note {
  readonly id: string
  readonly owner: string
  text: string
}

/** Notes that hide behind links: whoever knows an address may do what is shown to others only. */
export function victim(app: VictimApp): void {
  const notes = new Map<string, Note>([
    ['1', { id: '1', owner: 'keeper', text: 'The spare key lies under the stone.' }],
  ])
  let last = 1
  const add = (req: VictimRequest): Note => {
    const note = { id: String(++last), owner: nameOf(req), text: String(req.body['text'] ?? '') }
    notes.set(note.id, note)
    return note
  }
  // What the contract would load, when somebody asks for it.
  const object = (x: { readonly request: { readonly path: string } }) =>
    notes.get(/\/notes\/(\w+)/.exec(x.request.path)?.[1] ?? '')

  app.get(
    '/',
    (req, res) =>
      res.send(
        `<h1>Notebook</h1>${nameOf(req) ? '<a href="/notes">Your notes</a>' : ''}${nameOf(req) === 'keeper' ? ' <a href="/admin/people">People</a>' : ''}`,
      ),
    { html: true, contract: { allow: 'anyone' } },
  )
  app.post(
    '/sign-in',
    (req, res) => res.set('Set-Cookie', `who=${String(req.body['name'])}; HttpOnly; SameSite=Lax`).send('hello'),
    { body: { type: 'form', fields: { name: 'ada' } }, signIn: true, contract: { allow: 'anyone' } },
  )
  app.get('/admin/people', (_req, res) => res.json([{ name: 'ada', mail: 'ada@notebook.example' }]), {
    signedIn: true,
    contract: { allow: 'people:view' },
  })

  // The check is there for the one method that somebody thought of.
  const log = (res: { send(body: string): void }): void =>
    res.send('<p>Tuesday: grace reset the password of linus, from the harbour office.</p>')
  app.get(
    '/admin/log',
    (req, res) => {
      if (nameOf(req) === 'keeper') log(res)
      else res.status(403).send('<p>For the keeper.</p>')
    },
    { signedIn: true, html: true, contract: { allow: 'people:view' } },
  )
  app.put('/admin/log', (_req, res) => log(res), { contract: { allow: 'people:view' } })

  app.get(
    '/notes',
    (req, res) => {
      const own = [...notes.values()].filter(({ owner }) => owner === nameOf(req))
      const items = own.map(({ id, text }) => `<li><a href="/notes/${id}">${escapeText(text)}</a></li>`)
      res.send(`<ul>${items.join('')}</ul><form method="post" action="/notes"><input name="text"></form>`)
    },
    { signedIn: true, html: true, contract: { allow: 'note:write' } },
  )
  app.post('/notes', (req, res) => res.redirect(`/notes/${add(req).id}`), {
    signedIn: true,
    body: { type: 'form', fields: { text: 'A note.' } },
    readBack: '/notes',
    contract: { allow: 'note:write' },
  })
  app.get(
    '/notes/:id',
    (req, res) => {
      if (nameOf(req) === '') return res.status(401).send('<p>Sign in first.</p>')
      const note = notes.get(req.params['id'] ?? '')
      if (note === undefined) return res.status(404).send('<p>No such note.</p>')
      return res.send(
        `<form method="post" action="/notes/${note.id}"><textarea name="text">${escapeText(note.text)}</textarea></form><form method="post" action="/notes/${note.id}/delete"><button>Delete</button></form>`,
      )
    },
    { signedIn: true, html: true, sample: '/notes/1', contract: { allow: 'note:read', object } },
  )
  app.post(
    '/notes/:id',
    (req, res) => {
      if (nameOf(req) === '') return res.status(401).send('<p>Sign in first.</p>')
      const note = notes.get(req.params['id'] ?? '')
      if (note === undefined) return res.status(404).send('<p>No such note.</p>')
      note.text = String(req.body['text'] ?? '')
      return res.redirect('/notes')
    },
    {
      signedIn: true,
      sample: '/notes/1',
      body: { type: 'form', fields: { text: 'Another note.' } },
      contract: { allow: 'note:edit', object },
    },
  )

  app.post(
    '/notes/:id/delete',
    (req, res) => {
      if (nameOf(req) === '') return res.status(401).send('<p>Sign in first.</p>')
      notes.delete(req.params['id'] ?? '')
      return res.redirect('/notes')
    },
    {
      signedIn: true,
      sample: '/notes/1/delete',
      body: { type: 'form', fields: {} },
      contract: { allow: 'note:delete', object },
    },
  )

  // The same for programs.
  app.post('/api/notes', (req, res) => res.status(201).json(add(req)), {
    signedIn: true,
    own: true,
    body: { type: 'json', fields: { text: 'A note.' } },
    contract: { allow: 'note:write' },
  })
  app.get(
    '/api/notes/:id',
    (req, res) => {
      const note = notes.get(req.params['id'] ?? '')
      return note === undefined ? res.status(404).json({ error: 'no such note' }) : res.json(note)
    },
    { signedIn: true, sample: '/api/notes/2', contract: { allow: 'note:read', object } },
  )
  app.delete(
    '/api/notes/:id',
    (req, res) => {
      notes.delete(req.params['id'] ?? '')
      res.status(204).end()
    },
    { signedIn: true, sample: '/api/notes/2', contract: { allow: 'note:delete', object } },
  )
}

function nameOf(req: VictimRequest): string {
  return findCookie(String(req.headers['cookie'] ?? ''), 'who') ?? ''
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
