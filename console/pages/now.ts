import { type Html, html, type ProtectedApp } from 'bulwark'
import type { Entry } from '../entry.ts'
import { type Hour, type Memory, type RiskCount, totalOf } from '../memory.ts'
import { routesOf } from '../routes.ts'
import { toVisible } from '../visible.ts'
import { entryItem } from './entry.ts'
import { count, layout, type Place, processNote, time, toIso } from './layout.ts'

/** Something that somebody should look at. */
interface Worry {
  readonly level: 'bad' | 'warn'
  readonly text: Html | string
}

const HOUR = 3_600_000
const MOST_RISKS = 8
const MOST_WORRIES = 20

export function nowPage(place: Place, memory: Memory, apps: readonly ProtectedApp[]): Html {
  const { base, now } = place
  const hours = memory.hours(now)
  const risks = memory.risks()
  const failing = risks.filter(({ outcome, last }) => outcome === 'failed' && now - last.at < HOUR)
  // The app that was started last is the one that somebody has just changed.
  const ofApps = apps.length === 0 ? [NO_APP] : [...apps].reverse().flatMap(worriesOf)
  const worries = onceEach([...failing.map(toFailure), ...ofApps])
  const isBad = worries.some(({ level }) => level === 'bad')
  const stopped = hours.at(-1)?.denied ?? 0
  return layout(
    place,
    'now',
    'Now',
    html`
<h1>${isBad ? html`<span class="bad">Something needs you</span>` : worries.length > 0 ? 'Protected, with gaps' : html`<span class="good">All is well</span>`}</h1>
<p class="lead">${stopped === 0 ? 'Nothing was stopped' : `${count(stopped, 'request')} ${stopped === 1 ? 'was' : 'were'} stopped`} since ${toIso(hours.at(-1)?.from ?? now).slice(11, 16)} UTC.</p>
${worries.length === 0 ? '' : html`<ul class="list">${worries.slice(0, MOST_WORRIES).map(({ level, text }) => html`<li class="${level}">${text}</li>`)}${andMore(worries, base)}</ul>`}
${totals(hours)}
${chart(hours)}
${processNote(place)}
<form class="filter" action="${base}/live" role="search"><div><label for="incident">Reported incident</label><input id="incident" name="incident" maxlength="64" placeholder="its id"></div><button>Look it up</button></form>
${riskPart('Stopped most often', risks, 'denied', base)}
${riskPart('Would have been stopped', risks, 'observed', base)}
${riskPart('Worth knowing', risks, 'reported', base)}
${newest(memory, base)}`,
  )
}

const NO_APP: Worry = { level: 'bad', text: 'No app in this process is protected by a policy.' }

/** Apps that are started again and again in one process say the same of themselves. */
function onceEach(worries: readonly Worry[]): readonly Worry[] {
  return [...new Map(worries.map((each) => [`${each.level} ${each.text}`, each])).values()]
}

function andMore(worries: readonly Worry[], base: string): Html | '' {
  const more = worries.length - MOST_WORRIES
  if (more <= 0) return ''
  const level = worries.slice(MOST_WORRIES).some((each) => each.level === 'bad') ? 'bad' : 'warn'
  return html`<li class="${level}">And ${more} more: see the <a href="${base}/policy">policy</a> and the <a href="${base}/routes">routes</a>.</li>`
}

function toFailure({ guard, count: many, last }: RiskCount): Worry {
  return {
    level: 'bad',
    text: html`<strong>${guard}</strong> failed ${count(many, 'time')}, last at ${time(last.at)}: ${last.reason}.`,
  }
}

function worriesOf(app: ProtectedApp): Worry[] {
  const name = toVisible(app.name)
  const routes = routesOf(app)
  const open = Array.isArray(routes) ? routes.filter(({ isUndeclared }) => isUndeclared).length : 0
  const off = app.protections.filter(({ state }) => state === 'off')
  const observing = app.protections.filter(({ state }) => state === 'observe')
  return [
    ...(open > 0 ? [worry('bad', html`<strong>${name}</strong>: ${count(open, 'route')} declare no permission.`)] : []),
    ...off.map((each) =>
      worry('warn', html`<strong>${each.name}</strong> is off in ${name}: ${toVisible(each.reason ?? '')}`),
    ),
    ...(observing.length > 0
      ? [worry('warn', html`${name} only observes: ${observing.map((each) => each.name).join(', ')}.`)]
      : []),
    ...(app.onFailure === 'allow' ? [worry('warn', html`${name} lets requests pass when a guard breaks.`)] : []),
  ]
}

function worry(level: Worry['level'], text: Html): Worry {
  return { level, text }
}

function totals(hours: readonly Hour[]): Html {
  const sum = (pick: (hour: Hour) => number): number => hours.reduce((all, hour) => all + pick(hour), 0)
  return html`
<ul class="counts" aria-label="In the last 24 hours">
  <li><strong>${sum(({ denied }) => denied)}</strong> stopped in 24 hours</li>
  <li><strong>${sum(({ observed }) => observed)}</strong> only observed</li>
  <li><strong>${sum(({ failed }) => failed)}</strong> failures</li>
  <li><strong>${sum(({ reported }) => reported)}</strong> reported</li>
</ul>`
}

const HEIGHT = 100
const WIDTH = 20
const KINDS = ['denied', 'observed', 'failed'] as const

/** A strip of bars, one for each hour, with the same as a table for whoever sees no bars. */
function chart(hours: readonly Hour[]): Html {
  const most = Math.max(1, ...hours.map((hour) => KINDS.reduce((sum, kind) => sum + hour[kind], 0)))
  return html`
<div class="chart">
<svg viewBox="0 0 ${hours.length * WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img"><title>Events in each of the last 24 hours, at most ${most} in one</title>${hours.map(
    (hour, i) => bar(hour, i, most),
  )}</svg>
<p class="scale hint"><span>${toIso(hours[0]?.from ?? 0).slice(11, 16)}</span><span>now</span></p>
<p class="legend hint"><span class="denied">stopped</span> <span class="observed">observed</span> <span class="failed">failed</span></p>
<details><summary>As a table</summary>${table(hours)}</details>
</div>`
}

function bar(hour: Hour, i: number, most: number): Html {
  const x = i * WIDTH + 2
  let top = HEIGHT - 1
  const parts = KINDS.filter((kind) => hour[kind] > 0).map((kind) => {
    // What happened at all is to be seen, beside any number of other things.
    const height = Math.max(2, (hour[kind] / most) * (HEIGHT - 6))
    top = Math.max(0, top - height)
    return html`<rect class="${kind}" x="${x}" y="${top.toFixed(1)}" width="${WIDTH - 4}" height="${height.toFixed(1)}"></rect>`
  })
  return html`<g><rect class="base" x="${x}" y="${HEIGHT - 1}" width="${WIDTH - 4}" height="1"></rect>${parts}</g>`
}

function table(hours: readonly Hour[]): Html {
  const rows = hours.filter((hour) => totalOf(hour) > 0)
  if (rows.length === 0) return html`<p>Nothing in 24 hours.</p>`
  return html`<table><thead><tr><th scope="col">From</th><th scope="col">Stopped</th><th scope="col">Observed</th><th scope="col">Failed</th><th scope="col">Reported</th></tr></thead><tbody>${rows.map(
    ({ from, denied, observed, failed, reported }) =>
      html`<tr><th scope="row">${toIso(from).slice(11, 16)}</th><td>${denied}</td><td>${observed}</td><td>${failed}</td><td>${reported}</td></tr>`,
  )}</tbody></table>`
}

function riskPart(title: string, risks: readonly RiskCount[], outcome: Entry['outcome'], base: string): Html | '' {
  const some = risks.filter((risk) => risk.outcome === outcome).slice(0, MOST_RISKS)
  if (some.length === 0) return ''
  return html`
<h2>${title}</h2>
<ul class="list">${some.map(
    ({ guard, risk, count: many, last }) => html`
  <li><p><a href="${base}/live?outcome=${outcome}&amp;guard=${guard}"><strong>${risk}</strong></a> ${count(many, 'time')}, by ${guard}: ${last.reason}</p>
  ${last.fix === undefined ? '' : html`<p class="hint">${last.fix}</p>`}</li>`,
  )}</ul>`
}

function newest(memory: Memory, base: string): Html {
  const some: Entry[] = []
  for (const entry of memory.newest()) if (some.push(entry) >= 5) break
  if (some.length === 0) return html`<p>Nothing has happened yet.</p>`
  return html`<h2>Newest</h2><ol class="list">${some.map((entry) => entryItem(entry, base))}</ol><p><a href="${base}/live">All that are kept</a></p>`
}
