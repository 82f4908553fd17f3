import type { VictimApp, VictimHandler } from '../../core/victim.ts'

const FOLDER: ReadonlyMap<string, string> = new Map([
  ['/robots.txt', 'User-agent: *\n'],
  ['/pictures/cat.txt', 'A cat.\n'],
  ['/.env', 'DATABASE_URL=postgres://shop@db.internal/shop\nPORT=3000\n'],
  ['/.git/HEAD', 'ref: refs/heads/main\n'],
])

/** A shop that serves its whole folder, with everything that lies in it. */
export function victim(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<!doctype html><title>Shop</title><p>Welcome.'), { html: true })
  const serve: VictimHandler = ({ url }, res) => {
    const file = FOLDER.get(url)
    if (file === undefined) return void res.status(404).send('No such file.')
    return res.set('Content-Type', 'text/plain; charset=utf-8').send(file)
  }
  app.get('/:file', serve, { sample: '/robots.txt' })
  app.get('/:folder/:file', serve, { sample: '/pictures/cat.txt' })
}

/** Whoever has this may do whatever the shop may do. */
const TOKEN = 'glpat-Zq3vR8mX1kTn5wYb7cLd' // spots: secrets/in-source

/** A shop that has its visitors' browsers talk to the warehouse, with the shop's own token. */
export function talkative(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<!doctype html><title>Shop</title><script src="/shop.js"></script>'), {
    html: true,
  })
  app.get('/shop.js', (_req, res) => {
    res.set('Content-Type', 'text/javascript; charset=utf-8').send(`const token = '${TOKEN}'\n`)
  })
}

/** The same shop, which talks to the warehouse itself. */
export function discreet(app: VictimApp): void {
  app.get('/', (_req, res) => res.send('<!doctype html><title>Shop</title><script src="/shop.js"></script>'), {
    html: true,
  })
  app.get('/shop.js', (_req, res) => {
    res.set('Content-Type', 'text/javascript; charset=utf-8').send("const stock = fetch('/stock')\n")
  })
}
