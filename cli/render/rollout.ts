/** A rollout for people: how it stands, how it ended. Pure. */
import { dateTimeText, durationText, timeText } from '../../domain/format.ts';
import { oneLine } from '../../domain/markdown.ts';
import type { FoundRollout } from '../../client/rollout.ts';
import type { RolloutView } from '../../domain/rollout/details.ts';
import { statesText } from '../../domain/rollout/report.ts';
import type { RolloutOutcome, RolloutResult } from '../../domain/rollout/rollout.ts';
import type { Problem } from '../../domain/problem.ts';
import { type ExitCode, exitCodeOfProblems, exitCodes } from '../exit-codes.ts';
import { noColors, type Colors } from './problem.ts';
import type { Links } from './result.ts';
import { columns } from './text.ts';

/** One line a wave, for who follows it. */
export function rolloutLines(view: RolloutView): readonly string[] {
  return Array.from({ length: view.waves }, (_, wave) => {
    const own = view.targets.filter((target) => target.wave === wave);
    return `wave ${wave + 1} of ${view.waves}: ${statesText(own)}`;
  });
}

export function renderRollout(view: RolloutView, links: Links, colors: Colors = noColors): string {
  const rows: (readonly [string, string])[] = [
    ['asked for by', view.requestedBy],
    ...(view.reason === '' ? [] : [['reason', view.reason] as const]),
    ['budget', view.budget.join(', ')],
    ...(view.halt === null ? [] : [['halted', view.halt] as const]),
    ...(view.pausedBy === null ? [] : [['paused by', view.pausedBy] as const]),
    ['next', view.next],
    ...(view.until === null ? [] : [['until', timeText(view.until)] as const]),
    ...(view.possible.length === 0 ? [] : [['possible', view.possible.join(', ')] as const]),
    ['workflow', links.ui ?? links.workflowId],
  ];
  return [
    `${colors.bold(view.rolloutId)} ${view.outcome ?? view.phase}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(14)}${oneLine(text)}`),
    ...rolloutLines(view).map((line) => `  ${line}`),
    ...trouble(view.targets.map(({ name, state, why }) => ({ target: name, state, why }))),
  ].join('\n');
}

export function renderRolloutResult(result: RolloutResult, links: Links, colors: Colors = noColors): string {
  const paint = result.outcome === 'done' ? colors.green : result.outcome === 'undone' ? colors.yellow : colors.red;
  const said = oneLine(result.summary);
  const rest = said.startsWith(result.outcome) ? said.slice(result.outcome.length) : `: ${said}`;
  return [
    colors.bold(paint(result.outcome)) + rest,
    `  ${'rollout'.padEnd(12)}${result.rolloutId}`,
    `  ${'took'.padEnd(12)}${durationText(result.closedAt - result.startedAt)}`,
    ...trouble(result.targets),
    `  ${'report'.padEnd(12)}knowngood rollout report ${result.rolloutId}`,
    `  ${'workflow'.padEnd(12)}${links.ui ?? links.workflowId}`,
  ].join('\n');
}

function trouble(targets: readonly { readonly target: string; readonly state: string; readonly why: string }[]) {
  return targets
    .filter(({ why }) => why !== '')
    .map(({ target, state, why }) => `  ${target} ${state}: ${oneLine(why)}`);
}

export function renderRollouts(rollouts: readonly FoundRollout[]): string {
  if (rollouts.length === 0) return 'no rollouts';
  return columns([
    ['ROLLOUT', 'STATE', 'STARTED'],
    ...rollouts.map(({ rolloutId, open, phase, outcome, startedAt }) => [
      rolloutId,
      open ? (phase ?? 'starting') : (outcome ?? 'closed'),
      dateTimeText(startedAt.getTime()),
    ]),
  ]).join('\n');
}

const byOutcome: Readonly<Record<Exclude<RolloutOutcome, 'refused'>, ExitCode>> = {
  done: exitCodes.kept,
  undone: exitCodes.reverted,
  halted: exitCodes.reverted,
  'undone-in-part': exitCodes.incomplete,
};

export function rolloutExitCode({ outcome, problems }: Pick<RolloutResult, 'outcome' | 'problems'>): ExitCode {
  if (outcome !== 'refused') return byOutcome[outcome];
  const isHeld = problems.some(({ code }: Problem) => code === 'target-in-rollout');
  if (problems.some(({ code }) => code === 'aborted')) return exitCodes.untouched;
  return isHeld ? exitCodes.busy : exitCodeOfProblems(problems, exitCodes.refused);
}
