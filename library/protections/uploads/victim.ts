import { posix } from 'node:path'
import type { UploadedFile } from '../../core/upload.ts'
import type { VictimApp, VictimResponse } from '../../core/victim.ts'

interface Sent {
  readonly name: string
  readonly type: string
  readonly content: string
}

/** A wall of pictures that keeps each under the name, and serves it as the type, that its sender has chosen. */
export function victim(app: VictimApp): void {
  const disk = new Map<string, Sent>()

  app.post(
    '/pictures',
    (req, res) => {
      const { picture } = req.body as { readonly picture?: Sent }
      if (picture === undefined) return res.status(400).json({ done: false })
      const path = posix.join('/pictures', picture.name)
      disk.set(path, picture)
      return res.status(201).json({ at: path })
    },
    PICTURES,
  )
  serve(app, disk)
}

/** The same wall, which takes what it is given by `secure({ files })`. */
export function fixed(app: VictimApp): void {
  const disk = new Map<string, Sent>()

  app.post(
    '/pictures',
    async (req, res) => {
      const files = req.security?.input.files as { readonly picture: readonly UploadedFile[] } | undefined
      const [picture] = files?.picture ?? []
      if (picture === undefined) return res.status(400).json({ done: false })
      const path = `/pictures/${disk.size}.${picture.extension}`
      const content = Buffer.from(await picture.bytes()).toString('latin1')
      disk.set(path, { name: picture.name, type: picture.type, content })
      return res.status(201).json({ at: path })
    },
    { ...PICTURES, contract: { files: { picture: { least: 1, size: '1mb', types: ['image/png'] } } } },
  )
  serve(app, disk)
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=='

const PICTURES = {
  body: {
    type: 'form',
    fields: {},
    files: {
      picture: { name: 'me.png', type: 'image/png', content: Buffer.from(PIXEL, 'base64').toString('latin1') },
    },
  },
} as const

function serve(app: VictimApp, disk: ReadonlyMap<string, Sent>): void {
  const answer = (path: string, res: VictimResponse): void => {
    const file = disk.get(path)
    if (file === undefined) res.status(404).json({ done: false })
    else res.set('Content-Type', file.type).send(file.content)
  }
  app.get('/pictures/:name', (req, res) => answer(`/pictures/${req.params['name']}`, res), {
    sample: '/pictures/none.png',
  })
  app.get('/:name', (req, res) => answer(`/${req.params['name']}`, res), { sample: '/none.png' })
}
