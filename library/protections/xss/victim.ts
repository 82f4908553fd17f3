// biome-ignore-all lint/style/useTemplate: as hurried people write it

import type { VictimApp } from '../../core/victim.ts'
import { escapeHtml } from '../../toolbox/html.ts'
import { html, insecureHtml } from './index.ts'

/** A guest book that puts words into pages as they come. */
export function victim(app: VictimApp): void {
  const comments: string[] = []
  const sites: string[] = []

  app.get(
    '/search',
    (req, res) => {
      res.send(`<!doctype html><title>Search</title><h1>Results for ${req.query.q}</h1>`) // spots: xss/unescaped-output
    },
    { query: { q: 'tea' }, html: true },
  )
  app.get(
    '/edit',
    (req, res) => {
      const name = String(req.query.name).replace(/</g, '&lt;').replace(/>/g, '&gt;')
      res.send('<!doctype html><title>Edit</title><input name="name" value="' + name + '">') // spots: xss/unescaped-output
    },
    { query: { name: 'Ann' }, html: true },
  )
  app.get(
    '/preview',
    (req, res) => {
      const text = insecureHtml(String(req.query.text), 'only the author sees it') // spots: xss/insecure-markup
      res.send(String(html`<!doctype html><title>Preview</title><article>${text}</article>`))
    },
    { query: { text: 'Dear all' }, html: true },
  )
  app.get(
    '/comments',
    (_req, res) => {
      res.send(`<!doctype html><title>Comments</title><ul><li>${comments.join('<li>')}</ul>`) // spots: xss/unescaped-output
    },
    { html: true },
  )
  app.post(
    '/comments',
    (req, res) => {
      comments.push(String(req.body.text))
      res.redirect('/comments')
    },
    { body: { type: 'form', fields: { text: 'Nice place' } }, readBack: '/comments' },
  )
  app.get(
    '/people',
    (_req, res) => {
      res.send(`<!doctype html><title>People</title>${sites.map(linkTo).join(' ')}`)
    },
    { html: true },
  )
  app.post(
    '/people',
    (req, res) => {
      sites.push(String(req.body.website))
      res.redirect('/people')
    },
    { body: { type: 'form', fields: { website: 'https://ann.example/' } }, readBack: '/people' },
  )
}

/** Escaped, and still a script when somebody clicks. */
function linkTo(site: string): string {
  return `<a href="${escapeHtml(site)}">site</a>`
}

/** The same guest book, written with `html`. */
export function fixedVictim(app: VictimApp): void {
  const comments: string[] = []
  const sites: string[] = []

  app.get(
    '/search',
    (req, res) => {
      res.send(String(html`<!doctype html><title>Search</title><h1>Results for ${req.query.q}</h1>`))
    },
    { query: { q: 'tea' }, html: true },
  )
  app.get(
    '/edit',
    (req, res) => {
      res.send(String(html`<!doctype html><title>Edit</title><input name="name" value="${req.query.name}">`))
    },
    { query: { name: 'Ann' }, html: true },
  )
  app.get(
    '/preview',
    (req, res) => {
      res.send(String(html`<!doctype html><title>Preview</title><article>${req.query.text}</article>`))
    },
    { query: { text: 'Dear all' }, html: true },
  )
  app.get(
    '/comments',
    (_req, res) => {
      res.send(
        String(html`<!doctype html><title>Comments</title><ul>${comments.map((text) => html`<li>${text}</li>`)}</ul>`),
      )
    },
    { html: true },
  )
  app.post(
    '/comments',
    (req, res) => {
      comments.push(String(req.body.text))
      res.redirect('/comments')
    },
    { body: { type: 'form', fields: { text: 'Nice place' } }, readBack: '/comments' },
  )
  app.get(
    '/people',
    (_req, res) => {
      res.send(
        String(html`<!doctype html><title>People</title>${sites.map((site) => html`<a href="${site}">site</a> `)}`),
      )
    },
    { html: true },
  )
  app.post(
    '/people',
    (req, res) => {
      sites.push(String(req.body.website))
      res.redirect('/people')
    },
    { body: { type: 'form', fields: { website: 'https://ann.example/' } }, readBack: '/people' },
  )
}
