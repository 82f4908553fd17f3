/** The style sheet of every page. */
export const style: string = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#faf8f4, #16191d);
  --card: light-dark(#ffffff, #1e2329);
  --ink: light-dark(#23272e, #e4e6e9);
  --soft: light-dark(#5a626e, #a4adb8);
  --line: light-dark(#e0dbd1, #343b44);
  --accent: light-dark(#1d5c63, #7cc5c9);
  --on-accent: light-dark(#ffffff, #10262a);
  --bad: light-dark(#a3262a, #ff9d97);
  --warn: light-dark(#7a5400, #e8bf6a);
  --good: light-dark(#2a6435, #93d19c);
  --mono: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  --serif: "Iowan Old Style", Charter, "Palatino Linotype", Palatino, Georgia, "DejaVu Serif", serif;
}
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif; }
.top, main, .bottom { width: min(100% - 2.5rem, 60rem); margin-inline: auto; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem 1.5rem; padding-block: 1rem .7rem; border-bottom: 1px solid var(--line); }
.brand { font: 600 1.25rem/1.2 var(--serif); color: var(--ink); text-decoration: none; }
.top nav { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; }
.top nav a { padding-block: .3rem; text-decoration: none; }
.top nav a:hover { text-decoration: underline; }
.top nav a[aria-current] { color: var(--ink); font-weight: 600; box-shadow: 0 2px var(--accent); }
main { padding-block: .5rem 2.5rem; min-height: 60vh; }
.bottom { border-top: 1px solid var(--line); padding-block: 1rem 2rem; color: var(--soft); font-size: .9rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h1 { font: 600 clamp(1.6rem, 1.3rem + 1.5vw, 2.1rem)/1.25 var(--serif); margin: 1rem 0 .4rem; text-wrap: balance; }
h2 { font: 600 1.25rem/1.3 var(--serif); margin: 2rem 0 .4rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .35rem 0; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: 1px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre, .mono { font-family: var(--mono); font-size: .875em; }
pre { margin: .3rem 0; padding: .6rem; background: var(--paper); border: 1px solid var(--line); border-radius: 7px;
  white-space: pre-wrap; max-height: 18rem; overflow: auto; }
summary { cursor: pointer; color: var(--accent); }
.hint { color: var(--soft); font-size: .9rem; }
.lead { font-size: 1.05rem; }
.bad { color: var(--bad); }
.warn { color: var(--warn); }
.good { color: var(--good); }
.list { list-style: none; margin: .5rem 0; padding: 0; }
.list > li { padding-block: .6rem; border-top: 1px solid var(--line); }
.list > li > p { margin: .1rem 0; }
.mark { display: inline-block; padding: 0 .5em; border: 1px solid; border-radius: 1em; font-size: .8rem; line-height: 1.5; }
.denied > .what .mark, .mark.denied, .mark.critical, .mark.high { color: var(--bad); }
.failed > .what .mark, .mark.failed { color: var(--on-accent); background: var(--bad); border-color: var(--bad); }
.observed > .what .mark, .mark.observed, .mark.observe, .mark.off, .mark.medium { color: var(--warn); }
.reported > .what .mark, .mark.reported, .mark.low { color: var(--soft); }
.mark.enforce { color: var(--good); }
.parts { display: flex; flex-wrap: wrap; gap: .1rem .9rem; color: var(--soft); font-size: .9rem; }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .7rem; padding: 0; margin: 1rem 0; list-style: none; }
.counts li { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .7rem .9rem; }
.counts strong { display: block; font: 600 1.6rem/1.2 var(--serif); }
.chart { margin: 1rem 0 0; padding: .8rem .9rem .5rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.chart svg { display: block; width: 100%; height: 7rem; }
.chart .base { fill: var(--line); }
.chart .denied { fill: var(--bad); }
.chart .observed { fill: var(--warn); }
.chart .failed { fill: var(--ink); }
.scale { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.scale span { white-space: nowrap; }
.legend span::before { content: ""; display: inline-block; width: .7em; height: .7em; margin-right: .35em; background: var(--bad); }
.legend .observed::before { background: var(--warn); }
.legend .failed::before { background: var(--ink); }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .15rem 1rem .15rem 0; }
.filter { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: end; margin-block: .8rem; }
.filter > div { flex: 0 1 11rem; }
label { display: block; font-size: .9rem; font-weight: 600; margin-bottom: .15rem; }
input, select, button, .button { font: inherit; line-height: 1.4; border-radius: 7px; padding: .4rem .65rem; }
input, select { width: 100%; border: 1px solid var(--soft); background: var(--paper); color: inherit; }
button, .button { border: 1px solid var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer; }
.quiet { background: none; color: var(--accent); border-color: var(--soft); font-weight: 400; }
.bar { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; min-height: 2.6rem; }
.fresh { background: var(--card); }
.cards { display: grid; gap: .8rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .9rem 1rem; }
.undeclared { border-left: 3px solid var(--bad); padding-left: .8rem; }
@media (max-width: 34rem) { .filter > div { flex: 1 1 8rem; } .top nav { gap: .1rem .9rem; } }
`.trimStart()
