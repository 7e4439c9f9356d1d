/** April 12, 2024 beside this run, as a picture for the terminal. Pure: times come in, lines go out. */
import type { Colors } from 'picocolors/types.js';
import type { ChangeResult } from '../domain/result.ts';
import { durationText } from '../domain/format.ts';
import { renderEnlarged } from './enlarged.ts';

export type Moments = ChangeResult['moments'];

type Mood = 'start' | 'broken' | 'mending' | 'fine';

interface Stage {
  /** Minutes after 10:00 on April 12, and what happened then. */
  readonly then: readonly [minutes: number, text: string];
  /** The same stage of this run; null: there was no such stage. */
  readonly now: keyof Moments | null;
  readonly nowText: string;
  readonly mood: Mood;
}

const stages: readonly Stage[] = [
  { then: [0, 'database server upgrade'], now: 'armed', nowText: 'snapshot kept, change starts', mood: 'start' },
  { then: [15, 'alerts: images do not load'], now: 'firstFailure', nowText: 'first failed check', mood: 'broken' },
  { then: [20, 'CDN suspected: innocent'], now: null, nowText: '', mood: 'broken' },
  { then: [60, 'app and database suspected'], now: null, nowText: '', mood: 'broken' },
  { then: [90, 'configuration error found'], now: 'decided', nowText: 'verdict: revert', mood: 'broken' },
  {
    then: [120, 'configuration is back'],
    now: 'restored',
    nowText: 'old configuration back, proven',
    mood: 'mending',
  },
  { then: [150, 'images load'], now: 'recovered', nowText: 'dependents pass their checks', mood: 'mending' },
  { then: [180, 'all clear'], now: 'closed', nowText: 'all clear', mood: 'fine' },
];

const minuteMs = 60_000;
export const incidentMs = 180 * minuteMs;
const imagesLoadedAfterMs = 150 * minuteMs;
const columnWidth = 37;
const noTime = ' '.repeat(9);
const barWidth = 56;

/** Two rails side by side, stage by stage, then both durations to one scale. Stages this run did not reach stay empty. */
export function renderTimeline(moments: Moments, colors: Colors): string[] {
  const startedAt = moments.armed ?? moments.started;
  const offset = (moment: keyof Moments): number | null => {
    const at = moments[moment];
    return at === null ? null : at - startedAt;
  };
  const rows = stages.map(({ then: [minutes, text], now, nowText, mood }) => {
    const left = `${clock(minutes)}  ${rail(mood, colors)} ${text}`;
    const reached = now === null ? null : offset(now);
    // A stage of its own or not, time went on.
    const right =
      reached === null ? `${noTime}${rail(mood, colors)}` : `${seconds(reached)}  ${rail(mood, colors)} ${nowText}`;
    return `  ${pad(left, columnWidth)}${right}`;
  });
  return [
    `  ${colors.bold(pad('April 12, 2024', columnWidth))}${colors.bold('this run')}`,
    ...rows,
    '',
    ...renderScale(moments.closed - startedAt, colors),
    ...renderEnlarged(moments, colors),
  ];
}

/** Both bars to one scale; what is shorter than an eighth of a cell still gets the thinnest stroke there is. */
export function renderScale(thisRunMs: number, colors: Colors): string[] {
  const mine = bar((thisRunMs / incidentMs) * barWidth);
  const broken = Math.round((imagesLoadedAfterMs / incidentMs) * barWidth);
  const theirs = colors.red('█'.repeat(broken)) + colors.yellow('░'.repeat(barWidth - broken));
  return [
    `  April 12  ${theirs} ${durationText(incidentMs)}`,
    `  this run  ${colors.green(pad(mine, barWidth))} ${durationText(thisRunMs)}`,
  ];
}

/** A kept change has no incident to be compared with: its own stages only. */
/** Nothing was touched: there is nothing beside that day's three hours but the answer. */
export function renderRefused(moments: Moments, colors: Colors): string[] {
  const rows: readonly (readonly [number, string, Mood])[] = [
    [0, 'the configuration of April 12 is declared', 'start'],
    [moments.closed - moments.started, 'refused: nothing was written, no picture was missing', 'fine'],
  ];
  return rows.map(([ms, text, mood]) => `  ${seconds(ms)}  ${rail(mood, colors)} ${text}`);
}

export function renderKept(moments: Moments, colors: Colors): string[] {
  const startedAt = moments.armed ?? moments.started;
  const rows: readonly (readonly [keyof Moments, string, Mood])[] = [
    ['armed', 'snapshot kept, change starts', 'start'],
    ['applied', 'server accepts connections again', 'mending'],
    ['decided', 'dependents healthy through the whole soak', 'fine'],
    ['closed', 'kept: the new known-good', 'fine'],
  ];
  const reached = rows.flatMap(([moment, text, mood]) => {
    const at = moments[moment];
    return at === null ? [] : [`  ${seconds(at - startedAt)}  ${rail(mood, colors)} ${text}`];
  });
  return [...reached, '', ...renderEnlarged(moments, colors)];
}

function bar(cells: number): string {
  const eighths = Math.max(1, Math.round(Math.min(cells, barWidth) * 8));
  const rest = eighths % 8;
  return '█'.repeat(Math.floor(eighths / 8)) + (rest === 0 ? '' : '▏▎▍▌▋▊▉'.charAt(rest - 1));
}

function rail(mood: Mood, { cyan, red, yellow, green }: Colors): string {
  if (mood === 'start') return cyan('●');
  if (mood === 'broken') return red('┃');
  if (mood === 'mending') return yellow('┃');
  return green('●');
}

const clock = (minutes: number): string => `${10 + Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;

/** `  1.4 s`, aligned for the first hundred seconds, rounded down as `durationText` does. */
const seconds = (ms: number): string => `${(Math.floor(ms / 100) / 10).toFixed(1).padStart(5)} s`;

/** Pads by what is seen: colour codes take no room. */
function pad(text: string, width: number): string {
  const seen = text.replace(/\u001b\[\d+m/g, '').length;
  return text + ' '.repeat(Math.max(0, width - seen));
}
