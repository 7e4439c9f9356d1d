/** From what was measured to the figures and their goals. Pure. */
import { type Figure, median, percentile, round } from '../figure.ts';
import type { Done } from './batch.ts';

export interface Run {
  readonly done: readonly Done[];
  readonly seconds: number;
  /** Of the worker's process, a change. */
  readonly cpuMs: number;
}

export interface FloorRun {
  /** Of each workflow, the timer in its middle left out. */
  readonly ms: readonly number[];
  readonly seconds: number;
  readonly activities: number;
  /** Of the floor's worker, a workflow. */
  readonly cpuMs: number;
}

/** Resident, MB. */
interface Memory {
  readonly now: number;
  readonly peak: number;
}

export interface Measured {
  readonly quiet: Run;
  /** A quarter, a half, and all of the targets at once. */
  readonly parts: readonly Run[];
  readonly floor: FloorRun;
  readonly memory: { readonly worker: Memory; readonly agents: readonly Memory[] };
  readonly spreadMs: number;
}

const restoredGoal = 2;
const mostEvents = 100;
const growthGoal = 1.25;
const agentGoalMegabytes = 150;

export function figures({ quiet, parts, floor, memory, spreadMs }: Measured): readonly Figure[] {
  const [small, whole] = [parts[0] as Run, parts.at(-1) as Run];
  const count = whole.done.length;
  const kept = whole.done.filter(({ outcome }) => outcome === 'kept').sort((a, b) => a.soakMs - b.soakMs);
  const [briefest, longest] = [kept[0] as Done, kept.at(-1) as Done];
  const most = Math.max(...kept.map(({ events }) => events));
  const beside = kept.flatMap(({ besideSoakMs }) => besideSoakMs ?? []);
  const armed = ({ done }: Run): readonly number[] => done.map(({ armedMs }) => armedMs);
  const agents = memory.agents.map(({ peak }) => peak);
  const nothing = `${floor.activities} activities that do nothing`;
  return [
    ...[false, true].flatMap((hasServer) => restored(whole, quiet, hasServer)),
    figure('start → armed, p95', percentile(armed(whole), 95), 'ms', {
      floor: percentile(armed(quiet), 95),
      note: spread(armed(whole)),
    }),
    figure('a kept change without its soak, p95', percentile(beside, 95), 'ms', {
      floor: percentile(floor.ms, 95),
      note: `${spread(beside)}; floor: ${nothing}, ${spread(floor.ms)}`,
    }),
    figure('completed changes a minute', (count * 60) / whole.seconds, '', {
      floor: (count * 60) / floor.seconds,
      note: `verdicts and the floor's timers spread over ${spreadMs / 1_000} s`,
    }),
    figure('events of a kept change, most', most, '', {
      goal: `≤ ${mostEvents}`,
      met: most <= mostEvents,
      note: `soak of ${seconds(briefest)}: ${briefest.events}, of ${seconds(longest)}: ${longest.events}; reverted: ${Math.max(...whole.done.map(({ events }) => events))}`,
    }),
    figure('history of a kept change, median', median(kept.map(({ bytes }) => bytes)) / 1_024, 'KiB', {
      note: `soak of ${seconds(briefest)}: ${kibibytes(briefest)}, of ${seconds(longest)}: ${kibibytes(longest)}`,
    }),
    figure('worker, processor time a change', whole.cpuMs, 'ms', {
      floor: floor.cpuMs,
      goal: `≤ ${growthGoal} × that of ${small.done.length} at once`,
      met: whole.cpuMs <= growthGoal * small.cpuMs,
      note: parts.map((part) => `${part.done.length} at once: ${round(part.cpuMs)}`).join(', '),
    }),
    figure('worker, resident at most', memory.worker.peak, 'MB', { note: `at the end ${round(memory.worker.now)}` }),
    figure('agent, resident at most', Math.max(...agents), 'MB', {
      goal: `≤ ${agentGoalMegabytes} MB`,
      met: Math.max(...agents) <= agentGoalMegabytes,
      note: `the largest of ${agents.length}; median ${round(median(agents))}, at the end ${round(median(memory.agents.map(({ now }) => now)))}`,
    }),
  ];
}

function restored(whole: Run, quiet: Run, hasServer: boolean): readonly Figure[] {
  const of = ({ done }: Run, since = 0): readonly number[] =>
    done
      .filter((one) => one.hasServer === hasServer && one.decidedAt >= since)
      .flatMap(({ restoredMs }) => restoredMs ?? []);
  // So few targets that none of these was reverted.
  if (of(whole).length === 0) return [];
  const [value, floor] = [percentile(of(whole), 95), percentile(of(quiet), 95)];
  const quieter = of(whole, Math.max(...whole.done.filter(startsWithTheRest).map(({ armedAt }) => armedAt)));
  const which = hasServer ? 'real' : 'simulated';
  return [
    figure(`verdict → restored, ${which}, p95`, value, 'ms', {
      floor,
      goal: `≤ ${restoredGoal} × one at a time`,
      met: value <= restoredGoal * floor,
      note: `${spread(of(whole))}; once all were armed: p95 ${round(percentile(quieter, 95))}, n=${quieter.length}; one at a time ${spread(of(quiet))}`,
    }),
  ];
}

/** Those that a real denial reverts begin later, spread. */
const startsWithTheRest = ({ hasServer, outcome }: Done): boolean => !hasServer || outcome === 'kept';

function figure(name: string, value: number, unit: string, rest: Partial<Figure>): Figure {
  return { name, value, unit, floor: null, goal: '–', met: true, note: '', ...rest };
}

function spread(values: readonly number[]): string {
  return `p50 ${round(median(values))}, p99 ${round(percentile(values, 99))}, n=${values.length}`;
}

const seconds = ({ soakMs }: Done): string => `${soakMs / 1_000} s`;
const kibibytes = ({ bytes }: Done): string => `${round(bytes / 1_024)}`;
