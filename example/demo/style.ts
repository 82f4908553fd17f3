/** The style sheet of the report. */
export const style: string = `
:root { color-scheme: light dark; --ink: #1d2126; --soft: #5a636e; --paper: #fbfaf8; --card: #fff; --line: #dcd9d2;
  --bad: #a8201a; --good: #17663a; --warn: #7a5400; --pre: #f3f1ec }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e3dd; --soft: #a3a9b1; --paper: #16181b; --card: #1e2125; --line: #363b41;
    --bad: #ff8d84; --good: #7fd6a0; --warn: #e8bf6a; --pre: #14161a }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 1rem }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem }
h2 small { display: block; font-size: .85rem; font-weight: 400; color: var(--soft) }
h3 { font-size: .95rem; margin: 1.2rem 0 .3rem }
p { margin: .3rem 0 }
code, pre, .name, .verdict { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .86em }
.hint, footer { color: var(--soft); font-size: .9rem }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; margin-bottom: 1rem }
.side { background: var(--card); border: 1px solid var(--line); border-top: 4px solid; border-radius: .5rem; padding: 1rem }
.side h2 { margin: 0 }
.side.bad { border-top-color: var(--bad) }
.side.good { border-top-color: var(--good) }
.grade { float: right; margin: -1.6rem 0 0; font-size: 2.6rem; font-weight: 700; line-height: 1 }
.bad .grade { color: var(--bad) }
.good .grade { color: var(--good) }
details { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; margin: .35rem 0 }
summary { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 4fr) minmax(0, 3fr); gap: .2rem 1rem;
  padding: .5rem .8rem; cursor: pointer; list-style: none }
summary::-webkit-details-marker { display: none }
summary:hover { background: var(--pre) }
summary:focus-visible { outline: 3px solid var(--good); outline-offset: 2px }
details[open] > summary { border-bottom: 1px solid var(--line) }
.name { font-weight: 600 }
.severity { display: inline-block; min-width: 4.2rem; font: 400 .8rem system-ui, sans-serif; color: var(--soft) }
.severity.critical, .severity.high { color: var(--bad) }
.severity.medium { color: var(--warn) }
.verdict { color: var(--soft) }
.verdict.proven { color: var(--bad) }
.verdict.held { color: var(--good) }
.inside { padding: .6rem .8rem 1rem }
dl { margin: .4rem 0 }
dt { color: var(--soft); font-size: .85rem; margin-top: .4rem }
dd { margin: 0 }
ul { margin: .3rem 0; padding-left: 1.2rem }
pre { margin: 0; padding: .6rem; background: var(--pre); border-radius: .3rem; white-space: pre-wrap; max-height: 22rem; overflow: auto }
@media (max-width: 40rem) { summary { grid-template-columns: 1fr } .severity { min-width: 0; margin-right: .4rem } }
`
