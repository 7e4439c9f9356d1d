/** What a person sees of a rollout in the Web UI: one screen. Pure. */
import { countText, durationText, timeText } from '../format.ts';
import { codeCell, codeSpan, detailsPage, escapeMarkdown, markdownTable, shorten } from '../markdown.ts';
import type { AdmittedRollout, RolloutOutcome, TargetState } from './rollout.ts';
import { type Entry, type RolloutPhase, type RolloutState, type RolloutWord, counts, possibleWords } from './state.ts';

/** What the query `view` answers, and what details are written from. */
export interface RolloutView {
  readonly rolloutId: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly phase: RolloutPhase;
  /** From 0. */
  readonly wave: number;
  readonly waves: number;
  readonly targets: readonly Pick<Entry, 'name' | 'wave' | 'state' | 'why'>[];
  readonly pausedBy: string | null;
  /** Why no further target is changed; null: it is not halted. */
  readonly halt: string | null;
  /** Unix ms at which the phase ends by itself; null: it does not. */
  readonly until: number | null;
  readonly budget: readonly string[];
  /** One sentence: what comes next. */
  readonly next: string;
  readonly possible: readonly RolloutWord[];
  readonly outcome: RolloutOutcome | null;
}

export function rolloutView(
  state: RolloutState,
  plan: AdmittedRollout,
  of: Pick<RolloutView, 'rolloutId' | 'outcome'>,
): RolloutView {
  const counted = counts(state);
  return {
    ...of,
    requestedBy: plan.requestedBy,
    reason: plan.reason,
    phase: state.phase,
    wave: state.wave,
    waves: plan.waves.length,
    targets: state.targets.map(({ name, wave, state: at, why }) => ({ name, wave, state: at, why })),
    pausedBy: state.pausedBy,
    halt: state.halt?.why ?? null,
    until: state.until,
    budget: (['reverts', 'failures', 'redDependents'] as const).map((what) => {
      const words = { reverts: 'reverts', failures: 'failures', redDependents: 'red dependents' }[what];
      return `${words} ${counted[what]} of ${plan.budget[what] + state.forgiven[what]}`;
    }),
    next: nextText(state, plan),
    possible: possibleWords(state),
    outcome: of.outcome,
  };
}

function nextText({ phase, wave, pausedBy, until, targets }: RolloutState, plan: AdmittedRollout): string {
  const open = targets.filter(({ state }) => state === 'running' || state === 'lost').length;
  const then = wave + 1 < plan.waves.length ? `wave ${wave + 2} of ${plan.waves.length}` : 'the end';
  switch (phase) {
    case 'admit':
      return 'every target is planned; nothing is touched before all of them can be';
    case 'wave':
      if (pausedBy !== null) return `paused by ${pausedBy}: no further target until somebody says resume`;
      return `when all of this wave are kept: ${then}${restText(plan)}`;
    case 'pause':
      if (pausedBy !== null) return `paused by ${pausedBy}: ${then} only after resume or continue`;
      return until === null ? `${then}, as soon as somebody says continue` : `${then} at ${timeText(until)}`;
    case 'ask':
      return `somebody decides: undo, keep or continue; silence until ${until === null ? 'then' : timeText(until)} is undo`;
    case 'drain':
      return `it ends when ${countText(open, 'open change has', 'open changes have')} ended; nothing is undone`;
    case 'undo':
      return 'those that kept the change go back to their snapshot, the last one first';
    case 'closed':
      return 'nothing: it is over';
    default:
      return phase satisfies never;
  }
}

function restText({ pauseMs }: AdmittedRollout): string {
  if (pauseMs === null) return ', after somebody says continue';
  return pauseMs === 0 ? '' : `, after a pause of ${durationText(pauseMs)}`;
}

/** One screen: of many targets the ones that matter, the others as numbers. */
const mostNames = 12;

const meanings: Readonly<Record<RolloutPhase, string>> = {
  admit: 'Everything is checked first; nothing is touched yet.',
  wave: 'A wave is under way: each target has a guarded change of its own.',
  pause: 'A wave is done; the next one waits.',
  ask: 'Halted. Somebody has to decide what becomes of those that kept the change.',
  drain: 'Halted. Those that kept the change keep it.',
  undo: 'Halted. Those that kept the change go back, the last one first.',
  closed: 'It is over.',
};

/** In the order in which people care. */
const order: readonly TargetState[] = [
  'lost',
  'unknown',
  'abandoned',
  'not-undone',
  'reverted',
  'untouched',
  'undoing',
  'running',
  'undone',
  'kept',
  'waiting',
];

export function rolloutDetails(view: RolloutView): string {
  const rows = [
    ...(view.reason === '' ? [] : [['reason', escapeMarkdown(shorten(view.reason, 300))]]),
    ['asked for by', escapeMarkdown(shorten(view.requestedBy, 300))],
    ['budget', view.budget.join(' · ')],
    ...(view.halt === null ? [] : [['halted', escapeMarkdown(shorten(view.halt, 400))]]),
    ['next', escapeMarkdown(shorten(view.next, 700))],
  ];
  return detailsPage([
    `## ${view.phase} · rollout ${codeSpan(view.rolloutId)}`,
    `**${meanings[view.phase]}**${view.outcome === null ? '' : ` Outcome: **${view.outcome}**.`}`,
    markdownTable({ head: ['', ''], rows }),
    wavesPart(view),
    troublePart(view),
    stepsPart(view),
    '[Children](/namespaces/{namespace}/workflows/{workflowId}/{runId}/relationships) · [event history](/namespaces/{namespace}/workflows/{workflowId}/{runId}/history)',
  ]);
}

/** Waves that are over, but the last ones, are one line. */
const mostWaves = 15;

function wavesPart(view: RolloutView): string {
  if (view.waves === 0) return '';
  const from = Math.max(0, Math.min(view.wave - 3, view.waves - mostWaves));
  const shown = Array.from({ length: Math.min(mostWaves, view.waves) }, (_, at) => from + at);
  const rows = shown.map((wave) => {
    const own = view.targets.filter((target) => target.wave === wave);
    return [
      `${wave === view.wave && view.phase !== 'closed' ? '**▶** ' : ''}${wave + 1}`,
      `${own.length}`,
      summaryOf(own),
    ];
  });
  const hidden = view.waves - shown.length;
  return [
    `### ${countText(view.waves, 'wave')}, ${countText(view.targets.length, 'target')}`,
    markdownTable({ head: ['wave', 'targets', ''], rows }),
    ...(hidden > 0 ? [`… and ${countText(hidden, 'more wave')}`] : []),
  ].join('\n\n');
}

/** `18 kept, 2 running: shop-db-3, shop-db-9`. */
function summaryOf(targets: RolloutView['targets']): string {
  return order
    .flatMap((state) => {
      const own = targets.filter((one) => one.state === state);
      if (own.length === 0) return [];
      const isQuiet = state === 'kept' || state === 'waiting' || state === 'undone';
      const named = own.slice(0, mostNames).map(({ name }) => codeCell(name));
      const more = own.length > mostNames ? ', …' : '';
      return [`${own.length} ${state}${isQuiet && own.length > 3 ? '' : `: ${named.join(', ')}${more}`}`];
    })
    .join(' · ');
}

function troublePart({ targets }: RolloutView): string {
  const own = targets.filter(({ why }) => why !== '');
  if (own.length === 0) return '';
  const lines = own
    .slice(0, mostNames)
    .map(({ name, state, why }) => `- ${codeSpan(name)} ${state}: ${escapeMarkdown(shorten(why, 200))}`);
  if (own.length > mostNames) lines.push(`- … and ${own.length - mostNames} more`);
  return `### What went wrong\n\n${lines.join('\n')}`;
}

const does: Readonly<Record<RolloutWord, readonly [string, string]>> = {
  pause: ['no further target is changed; open changes go on', '"anna: lunch break at the shop"'],
  resume: ['goes on', '"anna: go on"'],
  continue: ['the next wave comes now, or goes on in spite of the halt', '"anna: looked at them, go on"'],
  undo: ['those that kept the change go back to their snapshot, the last one first', '"anna: take it back"'],
  keep: ['nothing more is undone; the rollout ends', '"anna: they are fine as they are"'],
  abort: ['open changes are reverted, and it is halted', '"anna: customers complain"'],
};

function stepsPart({ possible, phase }: RolloutView): string {
  if (phase === 'closed') return '';
  const notes =
    'Anybody who may send an Update may press these; what a child waits for (an approval) is said to the child. *Request Cancellation* is an abort. *Terminate* ends only this workflow: open changes go on by themselves, and end alone.';
  const rows = possible.map((word) => [`**${word}**`, codeCell(does[word][1]), does[word][0]]);
  return [
    '### What you can do',
    '*More Actions → Send an Update*, choose the name, paste the argument (the words are yours to change):',
    markdownTable({ head: ['Update', 'argument', 'what it does'], rows }),
    notes,
  ].join('\n\n');
}
