/** The picture of both days side by side, as it stands in a terminal. */
import { describe, expect, it } from '@jest/globals';
import pc from 'picocolors';
import { renderEnlarged } from '../../demo/enlarged.ts';
import { renderKept, renderScale, renderTimeline, type Moments } from '../../demo/timeline.ts';

const plain = pc.createColors(false);
const at = Date.UTC(2026, 3, 12, 10);

const outage: Moments = {
  started: at - 3000,
  armed: at,
  applied: at + 900,
  firstFailure: at + 1100,
  decided: at + 1650,
  restored: at + 2100,
  recovered: at + 4000,
  closed: at + 4200,
};

describe('the timeline beside that of April 12', () => {
  it('shows both days stage by stage, and both to one scale', () => {
    expect(renderTimeline(outage, plain).join('\n')).toMatchInlineSnapshot(`
     "  April 12, 2024                       this run
       10:00  ● database server upgrade       0.0 s  ● snapshot kept, change starts
       10:15  ┃ alerts: images do not load    1.1 s  ┃ first failed check
       10:20  ┃ CDN suspected: innocent              ┃
       11:00  ┃ app and database suspected           ┃
       11:30  ┃ configuration error found     1.6 s  ┃ verdict: revert
       12:00  ┃ configuration is back         2.1 s  ┃ old configuration back, proven
       12:30  ┃ images load                   4.0 s  ┃ dependents pass their checks
       13:00  ● all clear                     4.2 s  ● all clear

       April 12  ███████████████████████████████████████████████░░░░░░░░░ 3 h
       this run  ▏                                                        4.2 s
       enlarged  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒███████▓▓▓▓▓▓░░░░░░░░░░░░░░░░░░░░░░░░░░░░
                 ▒ change 1.1 s  █ broken 550 ms  ▓ revert 450 ms  ░ recovery 2.1 s"
    `);
  });

  it('leaves a stage empty that this run did not reach', () => {
    const lines = renderTimeline({ ...outage, firstFailure: null, recovered: null }, plain);
    expect(lines.find((line) => line.includes('10:15'))).not.toContain('failed check');
    expect(lines.find((line) => line.includes('12:30'))).not.toContain('dependents');
  });

  it('keeps its columns when it is coloured', () => {
    const coloured = renderTimeline(outage, pc.createColors(true)).map(withoutColours);
    expect(coloured.map((line) => line.trimEnd())).toEqual(renderTimeline(outage, plain).map((line) => line.trimEnd()));
  });

  it('fits a terminal of 80 columns', () => {
    for (const line of renderTimeline(outage, plain)) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('the bars', () => {
  for (const [what, ms, bar] of [
    ['the thinnest stroke for seconds', 4200, '▏'],
    ['eighths of a cell for minutes', 65_000, '▍'],
    ['whole cells for an hour and a half', 90 * 60_000, '█'.repeat(28)],
    ['no more than the incident took, however long it lasts', 10 * 60 * 60_000, '█'.repeat(56)],
  ] as const) {
    it(`draw ${what}`, () => expect(renderScale(ms, plain)[1]?.slice(12).split(' ')[0]).toBe(bar));
  }
});

describe('the enlarged bar', () => {
  it('leaves out a part that this run did not have', () => {
    const [bar, legend] = renderEnlarged({ ...outage, firstFailure: null, decided: null }, plain);
    expect(legend?.trim()).toBe('▓ revert 2.1 s  ░ recovery 2.1 s');
    expect(bar?.slice(12)).toBe('▓'.repeat(28) + '░'.repeat(28));
  });
});

describe('the timeline of a kept change', () => {
  it('has its own stages only', () => {
    const kept = {
      ...outage,
      firstFailure: null,
      restored: null,
      recovered: null,
      decided: at + 9000,
      closed: at + 9300,
    };
    expect(renderKept(kept, plain).join('\n')).toMatchInlineSnapshot(`
     "    0.0 s  ● snapshot kept, change starts
         0.9 s  ┃ server accepts connections again
         9.0 s  ● dependents healthy through the whole soak
         9.3 s  ● kept: the new known-good

       enlarged  ▒▒▒▒▒░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░
                 ▒ change 900 ms  ░ watched 8.4 s"
    `);
  });
});

const withoutColours = (line: string): string => line.replace(/\u001b\[\d+m/g, '');
