import type { VictimApp } from '../../core/victim.ts'

/** A blog whose page for the keeper only hides: no link leads to it. */
export function victim(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<h1>Blog</h1>'), { html: true, contract: { allow: 'anyone' } })
  app.post(
    '/sign-in',
    (req, res) => res.set('Set-Cookie', `who=${String(req.body.name)}; HttpOnly; SameSite=Lax`).send('hello'),
    {
      body: { type: 'form', fields: { name: 'keeper' } },
      signIn: true,
      contract: { allow: 'anyone' },
    },
  )
  app.get('/admin/people', (_req, res) => res.json([{ name: 'ada', mail: 'ada@blog.example' }]), {
    signedIn: true,
    contract: { allow: 'people:view' },
  })
}
