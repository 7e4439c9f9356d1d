/** The page's own style: light and dark by the reader's system, one column on a phone, plain on paper. */

export const style = `
:root { color-scheme: light dark; --bg: #faf9f7; --card: #fff; --ink: #1d1b19; --soft: #6a645d; --line: #e3ded7;
  --pass: #0d7a6f; --fail: #c4281c; --warn: #a8570a; --none: #857e76; --decide: #6d4bc4; --restore: #1c6fb8;
  --armed: var(--soft); --applied: var(--warn); --firstFailure: var(--fail); --reverting: var(--restore); --decided: var(--decide); --restored: var(--restore); --recovered: var(--pass);
  --force: rgb(196 40 28 / 7%); --added: rgb(13 122 111 / 12%); --removed: rgb(196 40 28 / 10%); }
@media (prefers-color-scheme: dark) { :root { --bg: #141312; --card: #1d1b1a; --ink: #ece8e3; --soft: #a49c93; --line: #35312d;
  --pass: #3ecfb9; --fail: #ff7466; --warn: #f0ac4e; --none: #8f877e; --decide: #b59cf5; --restore: #6cb6f5;
  --force: rgb(255 116 102 / 11%); --added: rgb(62 207 185 / 15%); --removed: rgb(255 116 102 / 15%); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%; }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font: 600 clamp(1.7rem, 5vw, 2.6rem)/1.15 ui-serif, "Iowan Old Style", Palatino, Georgia, serif; margin: .4rem 0 0; text-wrap: balance; }
h2 { font: 600 1.45rem/1.2 ui-serif, "Iowan Old Style", Palatino, Georgia, serif; margin: 3.2rem 0 .9rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
p { margin: .5rem 0; max-width: 46rem; }
small, .meta, figcaption, footer { color: var(--soft); font-size: .85rem; }
code, pre { font: .87em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
.over { display: flex; flex-wrap: wrap; gap: .4rem .9rem; align-items: center; color: var(--soft); margin: 0; }
.badge { text-transform: uppercase; letter-spacing: .08em; font: 700 .75rem/1 system-ui, sans-serif; padding: .45em .75em; border-radius: 99px; border: 1.5px solid; color: var(--none); }
.badge.kept { color: var(--pass); } .badge.reverted { color: var(--restore); } .badge.abandoned { color: var(--fail); }
.name { white-space: nowrap; }
.lead { font-size: 1.15rem; }
.figures { list-style: none; margin: 1.4rem 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: 1px; background: var(--line); border: 1px solid var(--line); border-radius: 12px; overflow: hidden; }
.figures li { background: var(--card); padding: .9rem 1rem; display: flex; flex-direction: column; flex: 1; }
.figures span { color: var(--soft); font-size: .85rem; } .figures strong { font-size: 1.5rem; line-height: 1.3; font-weight: 650; white-space: nowrap; }
.figures .outage strong { color: var(--fail); }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 2rem; margin: 1rem 0; }
.facts div { display: flex; gap: 1rem; padding: .45rem 0; border-bottom: 1px solid var(--line); } .facts dt { color: var(--soft); flex: 0 0 7.5rem; } .facts dd { margin: 0; min-width: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; margin-top: 1.2rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem; min-width: 0; }
.card h3 { margin: 0; display: flex; justify-content: space-between; gap: .8rem; align-items: baseline; }
.state { font-size: .8rem; font-weight: 600; white-space: nowrap; color: var(--none); } .unaffected .state { color: var(--pass); } .recovered .state { color: var(--restore); } .still-failing .state, .failed .state { color: var(--fail); }
.meta { margin: .15rem 0 .7rem; }
.stretches { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem; margin: 0 0 .5rem; font-size: .88rem; line-height: 1.35; } .stretches dt { color: var(--soft); font-size: .78rem; } .stretches dd { margin: 0; } .stretches small { display: block; font-size: .78rem; } .stretches .bad .extra { color: var(--fail); }
.said { border-left: 3px solid var(--fail); padding-left: .7rem; font-size: .88rem; margin: .6rem 0 0; } q { quotes: "“" "”"; }
figure { margin: 1rem 0 1.6rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem; }
figcaption { margin-top: .6rem; }
.narrow { display: none; }
.chart { display: block; width: 100%; height: auto; color: var(--ink); overflow: visible; }
.chart text { font-family: system-ui, sans-serif; font-variant-numeric: tabular-nums; white-space: pre; }
.card .chart { max-width: 32rem; }
.moments { list-style: none; margin: .9rem 0 .4rem; padding: 0; display: flex; flex-wrap: wrap; gap: .35rem 1.3rem; font-size: .88rem; } .moments b { display: inline-block; min-width: 1.35em; line-height: 1.35em; border-radius: 99px; text-align: center; color: var(--card); font-size: .8rem; }
.moments time, .moments span, .timeline time { color: var(--soft); }
.legend { list-style: none; margin: .5rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; color: var(--soft); font-size: .85rem; } .icon { vertical-align: -2px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; } th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); } thead th { color: var(--soft); font-weight: 500; font-size: .82rem; } tbody th { font-weight: 500; }
.timeline td:first-child, .comparison td { white-space: nowrap; } .phase, .tag { font-size: .78rem; color: var(--soft); border: 1px solid var(--line); border-radius: 99px; padding: .1em .6em; white-space: nowrap; } .tag.restart { color: var(--fail); border-color: currentColor; } .tag.reconnect { color: var(--warn); border-color: currentColor; }
.entries { list-style: none; padding: 0; margin: .4rem 0 1rem; font-size: .92rem; } .entries li { display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .45rem 0; border-bottom: 1px solid var(--line); } .entries time { color: var(--soft); } .entries div { flex: 1 1 18rem; min-width: 0; }
.items { padding-left: 1.2rem; margin: .4rem 0; } .items li { margin: .25rem 0; } .follow-ups { padding-left: 1.4rem; } .follow-ups li { margin: .5rem 0; max-width: 46rem; }
.diff { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .8rem 0; margin: 1rem 0; min-width: min-content; white-space: pre; overflow-wrap: normal; } .diff span { display: block; padding: 0 1rem; } .diff .added { background: var(--added); } .diff .removed { background: var(--removed); } .diff .head { color: var(--soft); } .log { white-space: pre-wrap; min-width: 0; overflow-wrap: anywhere; } .log .fatal, .log .panic, .log .error { color: var(--fail); } .log .warning { color: var(--warn); }
.comparison { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.1rem; margin-top: 1.5rem; } .comparison h3 { margin: 0; } .bar { display: block; width: 100%; height: 1.7rem; } .bar-name { font-weight: 600; font-size: .88rem; margin: .8rem 0 .25rem; } 
footer { margin-top: 3rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) { main { padding: 1.5rem 1rem 3rem; } .wide { display: none; } .narrow { display: block; } .facts { grid-template-columns: 1fr; } .facts dt { flex-basis: 6.2rem; } figure, .card { padding: .8rem; } .figures { grid-template-columns: 1fr 1fr; } .figures li:last-child:nth-child(odd) { grid-column: 1 / -1; } .timeline :is(th, td):nth-child(2) { display: none; } .comparison small { display: block; } th, td { padding-right: .6rem; } }
@media print { :root { color-scheme: light; --bg: #fff; --card: #fff; --ink: #000; --soft: #555; --line: #ccc; --pass: #0d7a6f; --fail: #c4281c; --warn: #a8570a; --none: #777; --decide: #6d4bc4; --restore: #1c6fb8; --force: #fbeeed; --added: #e3f2f0; --removed: #fbe7e5; }
  body { font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; } main { max-width: none; padding: 0; } .card, figure, .comparison, tr, .figures { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll { overflow: visible; } .diff { white-space: pre-wrap; min-width: 0; } .wide { display: block; } .narrow { display: none; } .cards, .facts { grid-template-columns: 1fr 1fr; } h2 { margin-top: 1.6rem; } }
`;
