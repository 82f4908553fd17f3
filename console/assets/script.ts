/** The script of the page Live: puts what comes on top. It writes texts only, so no text can become markup. */
export const script: string = `
'use strict'
const list = document.querySelector('[data-stream]')
const shape = document.querySelector('#shape')
const bar = document.querySelector('.bar')
if (list && shape && bar && 'EventSource' in window) {
  const button = bar.querySelector('button')
  const status = bar.querySelector('[role="status"]')
  const base = list.dataset.base
  const waiting = []
  let isPaused = false
  let came = 0
  let missed = 0

  const tell = (text) => { if (status.textContent !== text) status.textContent = text }
  const many = (count, word) => count + ' ' + word + (count === 1 ? '' : 's')
  const sum = () => {
    const skipped = missed > 0 ? ', ' + missed + ' more came too fast to show' : ''
    tell((isPaused ? 'Paused: ' + many(waiting.length, 'event') + ' waiting' : came === 0 ? 'Waiting for events.' : many(came, 'new event')) + skipped)
  }
  const put = (entry) => {
    const row = shape.content.cloneNode(true).firstElementChild
    row.className = entry.outcome + ' fresh'
    row.dataset.n = entry.n
    const time = new Date(entry.at).toISOString()
    const texts = { ...entry, call: entry.path === undefined ? undefined : (entry.method || '') + ' ' + entry.path,
      when: time.slice(0, 19).replace('T', ' '), error: entry.error && 'threw ' + entry.error, user: entry.user && 'user ' + entry.user }
    for (const part of row.querySelectorAll('[data-of]')) {
      const text = texts[part.dataset.of]
      part.hidden = text === undefined
      part.textContent = text === undefined ? '' : text
    }
    row.querySelector('time').dateTime = time
    if (entry.ip) row.querySelector('[data-of="ip"]').href = base + '?client=' + encodeURIComponent(entry.ip)
    if (entry.incident) row.querySelector('[data-of="incident"]').href = base + '?incident=' + encodeURIComponent(entry.incident)
    list.prepend(row)
    came++
  }
  const show = () => {
    for (const row of list.querySelectorAll('.fresh')) row.classList.remove('fresh')
    while (waiting.length > 0) put(waiting.shift())
    while (list.children.length > 200) list.lastElementChild.remove()
    const nothing = document.querySelector('#nothing')
    if (nothing) nothing.hidden = list.children.length > 0
    sum()
  }

  const source = new EventSource(list.dataset.stream)
  source.onopen = sum
  source.onmessage = ({ data }) => {
    const frame = JSON.parse(data)
    waiting.push(...frame.entries)
    missed += frame.missed
    // While the page is paused, the oldest go: the newest are what is looked for.
    if (waiting.length > 200) missed += waiting.splice(0, waiting.length - 200).length
    if (isPaused) sum()
    else show()
  }
  source.onerror = () => tell(source.readyState === EventSource.CLOSED ? 'Not connected: reload the page.' : 'Connecting again.')
  button.hidden = false
  button.addEventListener('click', () => {
    isPaused = !isPaused
    button.textContent = isPaused ? 'Go on' : 'Pause'
    if (isPaused) sum()
    else show()
  })
}
`.trimStart()
