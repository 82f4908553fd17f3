import type { Page } from 'playwright-core'

/** What stands in the way of people who use a keyboard, a screen reader, or weak eyes. Empty when all is well. */
export async function hindrancesOf(page: Page): Promise<string[]> {
  const found = (await page.evaluate(LOOK)) as string[]
  return [...found, ...(await focusHindrances(page))]
}

/** Tab by tab: each stop must be seen. */
async function focusHindrances(page: Page): Promise<string[]> {
  const found: string[] = []
  await page.evaluate('document.activeElement?.blur?.(); window.scrollTo(0, 0)')
  for (let stop = 0; stop < STOPS; stop++) {
    await page.keyboard.press('Tab')
    const at = (await page.evaluate(FOCUSED)) as { name: string; isSeen: boolean } | null
    if (at === null) break
    if (!at.isSeen) found.push(`the focus on ${at.name} cannot be seen`)
  }
  return found
}

const STOPS = 12

const FOCUSED = `(() => {
  const it = document.activeElement
  if (!it || it === document.body) return null
  const style = getComputedStyle(it)
  const box = it.getBoundingClientRect()
  const isSeen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.width > 0 && box.height > 0
  return { name: it.outerHTML.slice(0, 80), isSeen }
})()`

const LOOK = `(() => {
  const found = []
  const isShown = (it) => it.checkVisibility({ checkVisibilityCSS: true }) && it.getBoundingClientRect().width > 1
  const nameOf = (it) => (it.getAttribute('aria-label') || it.labels?.[0]?.textContent || it.textContent || it.title || '').trim()
  const say = (text, it) => found.push(text + ': ' + it.outerHTML.slice(0, 100))
  if (!document.documentElement.lang) found.push('the page has no language')
  if (!document.title) found.push('the page has no title')
  if (document.querySelectorAll('h1').length !== 1) found.push('the page has not one first heading')
  if (document.querySelectorAll('main').length !== 1) found.push('the page has no main part')
  const ids = [...document.querySelectorAll('[id]')].map((it) => it.id)
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push('an id stands twice: ' + id)
  for (const it of document.querySelectorAll('input:not([type=hidden], [hidden]), select, textarea')) {
    if (!it.labels?.length && !it.getAttribute('aria-label')) say('a field has no label', it)
    for (const id of (it.getAttribute('aria-describedby') || '').split(' ').filter(Boolean))
      if (!document.getElementById(id)) say('a field is described by what is not there', it)
  }
  for (const it of document.querySelectorAll('a, button')) if (!nameOf(it)) say('something to press has no name', it)
  for (const it of document.querySelectorAll('img, svg')) {
    if (it.tagName === 'IMG' ? !it.hasAttribute('alt') : !it.querySelector('title')) say('a picture has no text', it)
  }
  const rgb = (text) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d')
    canvas.fillStyle = text
    canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const behind = (it) => {
    for (let at = it; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor)
      if (colour[3] === 255) return colour
    }
    return [255, 255, 255, 255]
  }
  for (const it of document.querySelectorAll('body *')) {
    const own = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim())
    if (!own || !isShown(it) || it.closest('svg, noscript, script')) continue
    const style = getComputedStyle(it)
    const [a, b] = [light(rgb(style.color)), light(behind(it))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    const size = parseFloat(style.fontSize)
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    if (ratio < (isLarge ? 3 : 4.5)) say('contrast of ' + ratio.toFixed(2), it)
  }
  return found
})()`
