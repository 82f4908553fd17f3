import type { Express } from 'express'
import { hasProblems, type Problems, problemsOfProfile, text } from '../shared/fields.ts'
import { saveProfile, searchesOf, toTheme } from '../shared/people.ts'
import { writtenBy } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { loginById, saveLogin } from './logins.ts'
import { readerOf } from './readers.ts'
import { toSignIn } from './redirects.ts'
import { glued } from './sql.ts'
import { profilePage } from './views/profile.ts'

/** What others see of somebody, and what the blog knows. */
export function profileRoutes(app: Express, { db }: Blog): void {
  app.get('/profile', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    // What was stored is as little to be trusted as what comes in.
    const others = glued(`SELECT "displayName" AS name FROM people WHERE website = '${reader.website}'`)
    const names = (await db.all<{ name: string }>(others)).map(({ name }) => name)
    const own = {
      searches: await searchesOf(db, reader.id),
      others: names.filter((name) => name !== reader.displayName),
    }
    res.send(profilePage(reader, own, {}, text(req.query, 'saved') === 'yes'))
  })

  app.post('/profile', async (req, res) => {
    const reader = await readerOf(req, db)
    if (!reader) return toSignIn(req, res)
    const profile = {
      displayName: text(req.body, 'displayName'),
      website: text(req.body, 'website'),
      bio: text(req.body, 'bio'),
      theme: toTheme(text(req.body, 'theme')),
    }
    const problems = { ...problemsOfProfile(profile), ...problemsOfWebsite(profile.website) }
    if (hasProblems(problems))
      return void res.status(422).send(profilePage({ ...reader, ...profile }, { searches: [], others: [] }, problems))
    await saveProfile(db, reader.id, profile)
    // Whatever else somebody adds to the form is kept as well: the role, for one.
    const { role } = { ...reader, ...req.body }
    await saveLogin(db, reader.id, 'role', role)
    res.redirect(303, '/profile?saved=yes')
  })

  // Whose data it is stands in the link, and nobody asks who follows it.
  app.get('/profile/data', async (req, res, next) => {
    const person = await loginById(db, String(req.query['person'] ?? '1'))
    if (!person) return next()
    res.attachment('your-data.json').json({ ...person, ...(await writtenBy(db, person.id)) })
  })
}

/** What begins with http looks like this, somebody on the web has said; and takes twice as long for each further letter. */
function problemsOfWebsite(website: string): Problems {
  const isWrong = /^https?:/i.test(website) && !/^https?:\/\/(([a-z0-9-]+)\.?)+(:\d+)?(\/.*)?$/i.test(website)
  return isWrong ? { website: 'Enter a web address that begins with https:// or http://.' } : {}
}
