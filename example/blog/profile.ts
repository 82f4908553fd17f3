import { secure } from 'bulwark/express'
import type { Express } from 'express'
import { hasProblems, problemsOfProfile, text } from '../shared/fields.ts'
import { othersAt, saveProfile, searchesOf, toTheme } from '../shared/people.ts'
import { writtenBy } from '../shared/posts.ts'
import type { Blog } from './app.ts'
import { memberOf } from './readers.ts'
import { texts } from './taken.ts'
import { isWebAddress } from './views/parts.ts'
import { profilePage } from './views/profile.ts'

/** What others see of somebody, and what the blog knows. */
export function profileRoutes(app: Express, { db }: Blog): void {
  app.get('/profile', secure({ allow: 'account:own', query: texts('saved') }), async (req, res) => {
    const reader = memberOf(req)
    const own = { searches: await searchesOf(db, reader.id), others: await othersAt(db, reader) }
    res.send(`${profilePage(reader, own, {}, text(req.query, 'saved') === 'yes')}`)
  })

  app.post(
    '/profile',
    secure({ allow: 'account:own', body: texts('displayName', 'website', 'bio', 'theme') }),
    async (req, res) => {
      const reader = memberOf(req)
      const profile = {
        displayName: text(req.body, 'displayName'),
        website: text(req.body, 'website'),
        bio: text(req.body, 'bio'),
        theme: toTheme(text(req.body, 'theme')),
      }
      const isGoodWebsite = !profile.website || (profile.website.length <= 200 && isWebAddress(profile.website))
      const problems = {
        ...problemsOfProfile(profile),
        ...(isGoodWebsite ? {} : { website: 'Enter a web address that begins with https:// or http://.' }),
      }
      if (hasProblems(problems)) {
        const own = { searches: await searchesOf(db, reader.id), others: [] }
        const page = profilePage({ ...reader, ...profile }, own, problems)
        return void res.status(422).send(`${page}`)
      }
      await saveProfile(db, reader.id, profile)
      res.redirect(303, '/profile?saved=yes')
    },
  )

  app.get('/profile/data', secure({ allow: 'account:own' }), async (req, res) => {
    const reader = memberOf(req)
    res.attachment('your-data.json').json({ ...reader, ...(await writtenBy(db, reader.id)) })
  })
}
