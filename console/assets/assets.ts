import { createHash } from 'node:crypto'
import { script } from './script.ts'
import { style } from './style.ts'

export interface Asset {
  readonly type: string
  readonly text: string
  /** Changes with the text, so that a browser may keep it. */
  readonly version: string
}

/** Everything that a page loads besides itself. A name that is not here is none: nothing is looked for on a disk. */
export const assets: ReadonlyMap<string, Asset> = new Map([
  ['console.css', toAsset('text/css; charset=utf-8', style)],
  ['console.js', toAsset('text/javascript; charset=utf-8', script)],
])

/** How a page names it. */
export function assetPath(base: string, name: string): string {
  return `${base}/${name}?v=${assets.get(name)?.version ?? ''}`
}

function toAsset(type: string, text: string): Asset {
  return { type, text, version: createHash('sha256').update(text).digest('base64url').slice(0, 12) }
}
